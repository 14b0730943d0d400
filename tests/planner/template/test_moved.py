"""`flowplan.moved`: which node has which name now."""

from __future__ import annotations

import pytest

from flowplan.planner.template import Moved
from flowplan.planner.template.moved import final_names

NODES = (
    "nodes: [{id: group, type: register_model_group, user_inputs: {name: g}}, "
    "{id: several, flowplan: {for_each: [eu]}, type: register_model_group, "
    "user_inputs: {name: o}}]"
)


def top(moved):
    return f"name: x\nworkflows: {{provision: {{{NODES}}}}}\nflowplan: {{moved: {moved}}}\n"


CASES = {
    "no list": ("{}", [("FP106", 3, 19)], "write a list"),
    "an entry that is no object": ("[a]", [("FP106", 3, 20)], "write an object"),
    "an entry without a new name": ("[{from: x}]", [("FP105", 3, 20)], "add `to`"),
    "an entry without an old name": ("[{to: group}]", [("FP105", 3, 20)], "add `from`"),
    "an empty name": ('[{from: " ", to: group}]', [("FP105", 3, 27)], "write a text for `from`"),
    "an unknown key": (
        "[{from: x, to: group, too: y}]", [("FP102", 3, 41)], 'did you mean "to"?',
    ),
    "an old name that is still there": (
        "[{from: group, to: group}]", [("FP182", 3, 27)], "remove the entry, or rename",
    ),
    "a new name that is not there": (
        "[{from: x, to: groop}]", [("FP183", 3, 34)], 'did you mean "group"?',
    ),
    "a new name like no other": (
        "[{from: x, to: zzz}]", [("FP183", 3, 34)], "add the node, or remove",
    ),
    "a for_each without a key": (
        "[{from: x, to: several}]", [("FP183", 3, 34)], "",
    ),
    "a key of what has none": ("""[{from: x, to: 'group["eu"]'}]""", [("FP183", 3, 34)], ""),
    "a circle of one": ("[{from: x, to: x}]", [("FP184", 3, 27)], "name each node's last name"),
    "a circle of two": (
        "[{from: x, to: y}, {from: y, to: x}]", [("FP184", 3, 27), ("FP184", 3, 45)],
        "name each node's last name once",
    ),
    "two new names": (
        "[{from: x, to: group}, {from: x, to: group}]",
        [("FP184", 3, 49), ("FP184", 3, 56)],
        "remove one of the entries",
    ),
    "two old names": (
        "[{from: x, to: group}, {from: y, to: group}]", [("FP184", 3, 56)], "remove one",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_of_moves_it_is_reported(check, case):
    lines, places, hint = CASES[case]
    found = check(top(lines))
    assert found.places == places
    assert found.found[0].hint.startswith(hint)
    assert found.template is None


def test_a_move_is_an_old_and_a_new_name(check):
    found = check(top("[{from: x, to: y}, {from: y, to: group}]"))
    assert found.codes == []
    assert [(item.source, item.dest) for item in found.template.moved] == [
        ("x", "y"), ("y", "group"),
    ]  # fmt: skip


def test_a_node_may_become_one_of_a_for_each(check):
    found = check(top("""[{from: several, to: 'several["eu"]'}]"""))
    assert found.codes == []


def test_of_chains_the_last_name_counts_and_circles_have_none():
    moved = [Moved(*pair) for pair in (("a", "b"), ("b", "c"), ("x", "y"), ("y", "x"), ("z", "x"))]
    assert final_names(moved) == {"a": "c", "b": "c"}
