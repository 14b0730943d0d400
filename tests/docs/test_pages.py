"""The pages hang together: links lead somewhere, and nothing that one can type is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowplan.cli.app import SANDBOX_VERBS, STATE_VERBS, VERBS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
WRITTEN = ("templates.md", "plans.md", "state.md", "sandbox.md", "ci.md")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The names that GitHub gives to a page's headings."""
    heads = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        text = re.sub(r"`[^`\n]*`", "", prose(page))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if not re.match(r"[a-z]+:", target):
                yield page, target


@pytest.mark.parametrize(("page", "target"), links(), ids=lambda value: str(value)[-40:])
def test_a_link_leads_to_a_file_and_a_heading(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    assert file.exists(), f"{name_of(page)}: {target}"
    assert not anchor or anchor in anchors(file), f"{name_of(page)}: {target}"


@pytest.mark.parametrize("name", WRITTEN)
def test_a_page_is_linked_from_the_readme(name: str) -> None:
    assert f"docs/{name}" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    "words",
    [
        *VERBS,
        *(f"state {verb}" for verb in STATE_VERBS),
        *(f"sandbox {verb}" for verb in SANDBOX_VERBS),
    ],
)
def test_every_verb_is_in_a_page_that_was_written_by_hand(words: str) -> None:
    pages = [ROOT / "README.md", *(DOCS / name for name in WRITTEN)]
    assert any(re.search(rf"flowplan {words}\b", page.read_text("utf-8")) for page in pages)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_line_of_a_page_is_not_too_long(name: str) -> None:
    lines = (DOCS / name).read_text("utf-8").splitlines()
    long = [line for line in lines if len(line) > 110 and not line.startswith(("|", "  ", "    "))]
    assert long == []
