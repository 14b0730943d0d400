"""The pages hang together: links lead somewhere, and nothing that one can type is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowplan.cli.app import SANDBOX_VERBS, STATE_VERBS, VERBS
from flowplan.planner.expressions.checks import CHECKS
from flowplan.planner.expressions.filters import FILTERS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
WRITTEN = (
    "project.md",
    "templates.md",
    "plans.md",
    "import.md",
    "state.md",
    "sandbox.md",
    "ci.md",
    "checks.md",
    "serve.md",
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The names that GitHub gives to a page's headings."""
    heads = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def links() -> Iterator[Any]:
    for page in PAGES:
        text = re.sub(r"`[^`\n]*`", "", prose(page))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if not re.match(r"[a-z]+:", target):
                yield pytest.param(page, target, id=f"{name_of(page)}-{target}")


@pytest.mark.parametrize(("page", "target"), list(links()))
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


@pytest.mark.parametrize("name", [*FILTERS, *CHECKS])
def test_every_filter_and_test_of_expressions_is_described(name: str) -> None:
    assert f"`{name}`" in (DOCS / "templates.md").read_text("utf-8")


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_shown_as_yaml_is_yaml(name: str) -> None:
    page = (DOCS / name).read_text("utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert all(isinstance(yaml.safe_load(block), dict) for block in blocks)
