"""What the pages show is what happens: every command in them is run, and its output compared.

A block of `console` has commands after `$ ` (more lines of one after `> `) and below each what it
prints; one of `sh` has commands only. `…` stands for anything. A comment before a block says more:

    <!-- not run: reason -->     the block is an illustration
    <!-- new directory -->       the commands from here on start over
    <!-- file: NAME -->          the block is written to that file

A page starts in a directory that has the examples. A command ends with 0 unless its output shows an
error or `echo $?` follows.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowplan.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
# Their text comes from the program: tests/docs/test_generated.py holds them.
GENERATED = {"errors.md", "cli.md", "steps.md"}
PAGES = [ROOT / "README.md", *sorted(set((ROOT / "docs").glob("*.md")))]
MARK = "@@flowplan-docs@@"
_FENCE = re.compile(
    r"(?P<notes>(?:<!--[^\n]*-->\n\s*)*)^(?P<fence>```+)(?P<language>\w*)\n(?P<text>.*?)^(?P=fence)\n?",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Command:
    """A command as shown, and what is shown below it."""

    text: str
    shown: str = ""


@dataclass
class Session:
    """Commands and files in their order, for one directory."""

    steps: list[Command | tuple[str, str]] = field(default_factory=list)

    @property
    def commands(self) -> list[Command]:
        return [step for step in self.steps if isinstance(step, Command)]


def sessions(page: str) -> list[Session]:
    found = [Session()]
    for block in _FENCE.finditer(page):
        notes = dict(re.findall(r"<!--\s*([\w ]+?)(?::\s*(.*?))?\s*-->", block["notes"]))
        if "new directory" in notes:
            found.append(Session())
        if "not run" in notes:
            assert notes["not run"], "say why it is not run"
        elif "file" in notes:
            found[-1].steps.append((notes["file"], block["text"]))
        elif block["language"] in {"console", "sh"}:
            found[-1].steps += commands(block["text"], block["language"])
    return [session for session in found if session.commands]


def commands(text: str, language: str) -> Iterator[Command]:
    if language == "sh":
        for line in text.replace("\\\n", " ").splitlines():
            if line.strip() and not line.startswith("#"):
                yield Command(line)
        return
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        first, *rest = part.splitlines()
        more = [line[2:] for line in rest if line.startswith("> ")]
        shown = [line for line in rest if not line.startswith("> ")]
        yield Command("\n".join([first, *more]), "\n".join(shown).strip())


def shows(actual: str, shown: str) -> bool:
    """Whether `actual` is what is shown, from its first word to its last.

    How lines are wrapped does not count: it depends on the length of ids and paths.
    """
    words = (
        ".*?" if word == "…" else re.escape(word).replace("…", ".*?") for word in shown.split()
    )
    # What stands for whole words may stand for none.
    pattern = " ".join(words).replace(" .*? ", " (?:.*? )?")
    pattern = re.sub(r"^\.\*\? ", "(?:.* )?", pattern)
    pattern = re.sub(r" \.\*\?$", "(?: .*)?", pattern)
    return re.fullmatch(pattern, " ".join(actual.split())) is not None


@pytest.mark.parametrize(
    ("actual", "shown", "same"),
    [
        ("a\nb\nc\n", "…\nb\n…", True),
        ("a\nb\nc\n", "…\na\n…\nb\n…\nc\n…", True),
        ("a\nb\nc\n", "b", False),
        ("a\nb\nc\n", "a\n…\nc", True),
        ("id = x1 done", "id = … done", True),
        ("a\nb\nc\n", "a\nc", False),
        ("Plan: 3 to create.", "Plan: 2 to create.", False),
    ],
)
def test_three_dots_stand_for_anything_and_nothing_else_does(
    actual: str, shown: str, same: bool
) -> None:
    assert shows(actual, shown) is same


def environment(home: Path) -> dict[str, str]:
    tools = home / ".bin"
    tools.mkdir()
    for name, call in {"flowplan": "-m flowplan ", "python3": ""}.items():
        script = tools / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {call}"$@"\n')
        script.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if key in {"LANG", "LC_ALL", "TMPDIR"}}
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "HOME": str(home), "PYTHONPATH": str(ROOT), "TERM": "dumb"}


def run(session: Session, directory: Path) -> list[tuple[Command, int, str]]:
    """Run a session in one shell, so that `cd` and `export` last."""
    env = environment(directory)
    shutil.copytree(ROOT / "examples", directory / "examples")
    lines = ["trap 'kill $(jobs -p) 2>/dev/null' EXIT", "rc=0"]
    for step in session.steps:
        if isinstance(step, Command):
            lines += ["(exit $rc)", step.text, "rc=$?", f"printf '\\n{MARK} %s\\n' $rc"]
        else:
            name, text = step
            lines.append(f"cat > {shlex.quote(name)} <<'{MARK}'\n{text}{MARK}")
    log = directory / ".log"
    with log.open("w") as out:
        subprocess.run(
            ["bash", "-c", "\n".join(lines)], cwd=directory, env=env, stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT, timeout=100, check=False,
        )  # fmt: skip
    parts = re.split(rf"\n{MARK} (\d+)\n", log.read_text())
    results = [(int(code), text) for text, code in zip(parts[0::2], parts[1::2], strict=False)]
    assert len(results) == len(session.commands), log.read_text()
    return [(cmd, *result) for cmd, result in zip(session.commands, results, strict=True)]


def runnable(session: Session) -> Session:
    """Without calls of make: its targets are run by CI, and one of them runs this test."""
    made = re.compile(r"make( |$)")
    targets = (ROOT / "Makefile").read_text()
    for command in session.commands:
        if made.match(command.text):
            for target in re.findall(r"[a-z-]+", command.text.partition(" ")[2]):
                assert f"\n{target}:" in targets, f"no such target: {command.text}"
    kept = [s for s in session.steps if not (isinstance(s, Command) and made.match(s.text))]
    return Session(kept)


def told() -> Iterator[Any]:
    for page in PAGES:
        if page.name not in GENERATED:
            for number, session in enumerate(sessions(page.read_text("utf-8")), 1):
                yield pytest.param(session, id=f"{page.name}-{number}")


@pytest.mark.parametrize("session", list(told()))
def test_what_a_page_shows_is_what_happens(session: Session, tmp_path: Path) -> None:
    session = runnable(session)
    if not session.commands:
        pytest.skip("only calls of make")
    done = run(session, tmp_path)
    for (command, code, actual), after in zip(done, [*done[1:], None], strict=True):
        asked = after is not None and after[0].text.startswith("echo $?")
        expected = code == 0 or asked or "error[" in command.shown
        assert expected, f"$ {command.text}\nended with {code}\n{actual}"
        assert not command.shown or shows(actual, command.shown), (
            f"$ {command.text}\n{actual}\n-- shown:\n{command.shown}"
        )


# ---- the examples of the catalogue: in this process, since there are a hundred -----------------


def catalogue() -> Sequence[Mapping[str, Any]]:
    entries: list[Mapping[str, Any]] = yaml.safe_load((ROOT / "docs/errors.yaml").read_text())
    return [entry for entry in entries if isinstance(entry["example"], dict)]


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: str(entry["code"]))
def test_an_example_of_the_catalogue_prints_what_it_says(
    entry: Mapping[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    example = entry["example"]
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith("FLOWPLAN_") or name in {"CI", "COLUMNS", "FORCE_COLOR"}:
            monkeypatch.delenv(name)
    for name, value in example.get("env", {}).items():
        monkeypatch.setenv(name, value)
    template = {"template.yaml": example["template"]} if "template" in example else {}
    for name, text in {**template, **example.get("files", {})}.items():
        (tmp_path / name).write_text(text, "utf-8")
    for command in example["run"]:
        capsys.readouterr()
        main(shlex.split(command)[1:])
    printed = "".join(capsys.readouterr())
    assert entry["code"] in example["output"]
    assert shows(printed, f"… {example['output']} …"), printed
