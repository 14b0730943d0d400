"""Ignored inputs: what is compared, and what a read shows of them."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.planner.ignoring import below, keeping, placed, recorded_paths, ruled, without
from flowplan.planner.values import Sensitive, Unknown, seal
from flowplan.providers.registry import Registry

SALT = "00" * 32
WANTED: dict[str, Any] = {"a": 1, "o": {"x": 1, "y": {"z": 1}}, "l": [{"u": 1}, {"u": 2}]}
RECORDED: dict[str, Any] = {"a": 2, "o": {"x": 2, "y": {"z": 2}}, "l": [{"u": 3}]}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[Any, ...], dict[str, Any]]] = {
    "an input": (WANTED, RECORDED, ("a",), {**WANTED, "a": 2}),
    "a member": (WANTED, RECORDED, ("o", "x"), {**WANTED, "o": {"x": 2, "y": {"z": 1}}}),
    "a member of a member": (
        WANTED, RECORDED, ("o", "y", "z"), {**WANTED, "o": {"x": 1, "y": {"z": 2}}},
    ),
    "an item's member": (WANTED, RECORDED, ("l", 0, "u"), {**WANTED, "l": [{"u": 3}, {"u": 2}]}),
    "an item": (WANTED, RECORDED, ("l", 0), {**WANTED, "l": [{"u": 3}, {"u": 2}]}),
    "an item that is new": (WANTED, RECORDED, ("l", 1, "u"), WANTED),
    "a name where items are": (WANTED, RECORDED, ("l", "u"), WANTED),
    "a member of a text": ({"a": "t"}, {"a": {"b": 1}}, ("a", "b"), {"a": "t"}),
    "everything": (WANTED, RECORDED, (), RECORDED),
    "what was never recorded": ({"a": 1, "b": 2}, {"a": 1}, ("b",), {"a": 1}),
    "a member that was never recorded": ({"o": {"x": 1, "y": 2}}, {"o": {"y": 2}}, ("o", "x"),
                                         {"o": {"y": 2}}),
    "what is no longer wanted": ({}, {"a": 1}, ("a",), {"a": 1}),
    "a member of what is no longer wanted": (
        {}, {"o": {"x": 1, "y": 2}}, ("o", "x"), {"o": {"x": 1}},
    ),
    "a member of what is new": ({"o": {"x": 1, "y": 2}}, {}, ("o", "x"), {"o": {"y": 2}}),
    "the only member of what is new": ({"o": {"x": 1}}, {}, ("o", "x"), {}),
    "what is nowhere": ({"a": 1}, {"a": 1}, ("b", "c"), {"a": 1}),
    "an item of a list that is new": ({"l": [{"u": 1}]}, {}, ("l", 0, "u"), {"l": [{"u": 1}]}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_an_ignored_input_stays_as_recorded(case: str) -> None:
    wanted, recorded, path, expected = CASES[case]
    assert keeping(wanted, recorded, [path], SALT) == expected


def test_without_paths_it_is_the_very_same() -> None:
    assert keeping(WANTED, RECORDED, (), SALT) is WANTED


def test_a_secret_that_is_as_recorded_stays_clear() -> None:
    wanted = {"credential": {"key": Sensitive("s")}}
    assert keeping(wanted, seal(wanted, SALT), [("credential", "key")], SALT) is wanted


def test_another_secret_becomes_the_recorded_digest() -> None:
    recorded = seal({"credential": {"key": Sensitive("old")}}, SALT)
    wanted = {"credential": {"key": Sensitive("new"), "other": Sensitive("x")}}
    kept = keeping(wanted, recorded, [("credential", "key")], SALT)
    assert kept == {"credential": {**recorded["credential"], "other": Sensitive("x")}}


def test_what_is_not_known_yet_becomes_what_is_recorded() -> None:
    assert keeping({"a": Unknown("n")}, {"a": "x"}, [("a",)], SALT) == {"a": "x"}


def test_a_setting_of_an_index_is_found_where_a_read_shows_it() -> None:
    step = Registry().step("create_index")
    inputs = {"index_name": "i", "configurations": {"settings": {"refresh_interval": "5s"}}}
    path = ("configurations", "settings", "refresh_interval")
    found = ruled(step, inputs, [path])
    assert ("configurations", "settings", "index", "refresh_interval") in found
    assert ruled(step, {**inputs, "index_name": Unknown("n")}, [path]) == found


def test_everything_rules_every_place() -> None:
    step = Registry().step("deploy_model")
    assert ruled(step, {"model_id": "x"}, [()]) == ((),)
    assert below(("deployed",), [()])


def test_below_is_at_or_inside() -> None:
    assert below(("a", "b"), [("a",)])
    assert below(("a",), [("a",)])
    assert not below(("a",), [("a", "b")])
    assert not below(("ab",), [("a",)])


def test_a_part_is_taken_out_and_put_in() -> None:
    tree = {"a": [{"b": 1, "c": 2}]}
    assert without(tree, ("a", 0, "b")) == {"a": [{"c": 2}]}
    assert without(tree, ("a", 0)) == tree
    assert without(tree, ("x", "y")) == tree
    assert placed(tree, ("a", 0, "b"), 9) == {"a": [{"b": 9, "c": 2}]}
    assert tree == {"a": [{"b": 1, "c": 2}]}


def test_recorded_paths_are_read_again() -> None:
    assert recorded_paths({"ignore_changes": "all"}) == ((),)
    assert recorded_paths({"ignore_changes": ["a.b", "c[0]"]}) == (("a", "b"), ("c", 0))
    assert recorded_paths({}) == ()
