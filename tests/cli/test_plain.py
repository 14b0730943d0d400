"""Command lines that need no parsing mean what click makes of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flowplan.cli import call, plain, verbs
from flowplan.cli.app import run
from flowplan.cli.flags import Flags

TEMPLATE = "name: a\nworkflows:\n  provision:\n    nodes:\n    - {id: n, type: noop}\n"


@pytest.mark.parametrize("words", [["validate"], ["validate", "a.yaml"], ["validate", ""]])
def test_the_flags_are_those_that_click_finds(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Flags] = []

    def keep(_: object, flags: Flags) -> int:
        found.append(flags)
        return 7

    monkeypatch.setattr(call, "carry_out", keep)
    monkeypatch.setattr(verbs, "carry_out", keep)
    assert plain.plain(words) == 7
    assert run(words) == 7
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "words",
    [
        [], ["plan"], ["plan", "a.yaml"], ["validate", "--help"], ["validate", "-q"],
        ["validate", "a.yaml", "--strict"], ["validate", "--", "a.yaml"], ["validate", "a", "b"],
        ["--no-color", "validate"],
    ],
)  # fmt: skip
def test_whatever_else_is_said_is_for_click(words: list[str]) -> None:
    assert plain.plain(words) is None


def test_validate_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    template = tmp_path / "t.yaml"
    template.write_text(TEMPLATE)
    code = (
        "import sys; from flowplan.__main__ import main;"
        f" code = main(['validate', {str(template)!r}]); print(code, 'click' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.endswith("0 False\n"), done.stdout + done.stderr
