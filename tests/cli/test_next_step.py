"""Commands in hints, with the flags of the call that they are told in."""

from __future__ import annotations

import pytest

from flowplan.cli.flags import Flags
from flowplan.cli.next_step import repeating
from flowplan.errors import Diagnostic

FLAGS = Flags(verb="apply", state="s.json", env="prod", argument="t.yaml", param=("key=secret",))
AGAIN = "flowplan import -e prod --state s.json -p key=…"


def hint(text: str, flags: Flags = FLAGS) -> str:
    return repeating(Diagnostic("error", "FP999", "wrong", hint=text), flags).hint


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("flowplan import node 3kf", f"{AGAIN} node 3kf t.yaml"),
        ("flowplan import -- node -3kf", f"{AGAIN} -- node -3kf t.yaml"),
        ("take it over:\n  flowplan import n 1\nor not", f"take it over:\n  {AGAIN} n 1 t.yaml\nor not"),
        ("then: flowplan import 'a node' 1", f"then: {AGAIN} 'a node' 1 t.yaml"),
        ("flowplan import --workflow 1 FILE", f"{AGAIN} --workflow 1 FILE"),
        ("make it again", "make it again"),
    ],
)  # fmt: skip
def test_a_command_to_import_repeats_the_flags(said: str, told: str) -> None:
    assert hint(said).replace("'key=…'", "key=…") == told


def test_several_commands_are_told_each_with_them() -> None:
    flags = Flags(verb="plan", state="s.json")
    assert hint("  flowplan import n 1\n  flowplan import n 2", flags).splitlines() == [
        "  flowplan import --state s.json n 1",
        "  flowplan import --state s.json n 2",
    ]


def test_without_flags_the_command_is_as_it_was() -> None:
    said = Diagnostic("error", "FP999", "wrong", hint="flowplan import node 3kf")
    assert repeating(said, Flags(verb="apply")) is said


def test_a_url_with_a_password_is_not_repeated() -> None:
    flags = Flags(verb="apply", endpoint="https://me:secret@example.org")
    assert hint("flowplan import node 3kf", flags) == "flowplan import node 3kf"
