"""Leaf by leaf differences, type-strict, with secrets compared by their digests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from flowplan.planner.diff import ABSENT, Difference, compare, field_change, needs_replace
from flowplan.planner.values import Sensitive, Unknown, reveal, seal
from flowplan.protocol import InputSpec, StepSchema
from tests.planner.test_values import SALT, TREES, hide


def paths(before: Any, after: Any) -> list[tuple[Any, ...]]:
    return [item.path for item in compare(before, after, SALT)]


@given(TREES)
def test_a_value_does_not_differ_from_itself(tree: Any) -> None:
    hidden = {"x": hide(tree)}
    assert list(compare(seal(hidden, SALT), hidden, SALT)) == []


@given(TREES, TREES)
def test_two_values_differ_somewhere_exactly_when_they_are_not_equal(a: Any, b: Any) -> None:
    equal = repr(a) == repr(b) or seal({"x": a}, SALT) == seal({"x": b}, SALT)
    differs = bool(list(compare({"x": a}, {"x": b}, SALT)))
    if repr(a) == repr(b):
        assert not differs
    elif not equal:
        assert differs


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, "")]
)
def test_types_count(before: Any, after: Any) -> None:
    assert paths({"a": before}, {"a": after}) == [("a",)]


def test_leaves_below_one_key_are_reported_each_with_its_path() -> None:
    before = {"p": {"a": 1, "b": 2, "gone": 3}}
    after = {"p": {"a": 1, "b": 5, "new": {"deep": 1}}}
    assert paths(before, after) == [("p", "b"), ("p", "new", "deep"), ("p", "gone")]


def test_an_input_that_was_taken_away_is_one_difference() -> None:
    assert paths({"p": {"a": 1, "b": 2}}, {}) == [("p",)]


def test_lists_of_equal_length_are_compared_item_by_item() -> None:
    assert paths({"l": [1, {"a": 1}]}, {"l": [1, {"a": 2}]}) == [("l", 1, "a")]


def test_a_list_that_grew_reports_the_new_item() -> None:
    assert paths({"l": ["a", "b"]}, {"l": ["a", "b", "c"]}) == [("l", 2)]


def test_a_list_that_shrank_reports_the_lost_item() -> None:
    (item,) = compare({"l": ["a", "b"]}, {"l": ["a"]}, SALT)
    assert (item.path, item.before, item.after) == (("l", 1), "b", ABSENT)


def test_a_list_that_lost_one_of_two_equal_secrets_differs() -> None:
    before = seal({"l": [Sensitive("x"), Sensitive("y")]}, SALT)
    assert list(compare(before, {"l": [Sensitive("y")]}, SALT))


def test_a_secret_that_stayed_is_no_difference_and_one_that_changed_is() -> None:
    before = seal({"k": Sensitive("old")}, SALT)
    assert paths(before, {"k": Sensitive("old")}) == []
    assert paths(before, {"k": Sensitive("new")}) == [("k",)]


def test_a_value_that_became_sensitive_or_no_longer_is_has_not_changed_by_that() -> None:
    assert paths({"k": "same"}, {"k": Sensitive("same")}) == []
    assert paths(seal({"k": Sensitive("same")}, SALT), {"k": "same"}) == []


def test_what_is_not_known_differs_from_anything() -> None:
    (item,) = compare({"id": "abc"}, {"id": Unknown("node", "id")}, SALT)
    change = field_change(item, forces_replace=False)
    assert (change.before, change.after, change.known, change.origin) == (
        "abc",
        None,
        False,
        "node",
    )


def test_a_change_of_a_secret_shows_neither_side() -> None:
    before = seal({"k": Sensitive("old")}, SALT)
    (item,) = compare(before, {"k": Sensitive("new")}, SALT)
    change = field_change(item, forces_replace=False)
    assert (change.before, change.after, change.sensitive) == ("(sensitive)", "(sensitive)", True)


SCHEMA = StepSchema(
    {
        "merged": InputSpec(merge=True, set="in_place", remove="replace"),
        "plain": InputSpec(set="in_place", remove="replace"),
        "text": InputSpec(set="in_place", remove="keep"),
        "fixed": InputSpec(),
    }
)


@pytest.mark.parametrize(
    ("path", "after", "verdict"),
    [
        (("merged", "key"), "new", False),
        (("merged", "key"), ABSENT, True),
        (("merged", "key", "deep"), ABSENT, False),
        (("merged",), ABSENT, True),
        (("plain", "key"), ABSENT, False),
        (("plain",), ABSENT, True),
        (("text",), ABSENT, None),
        (("text",), "new", False),
        (("fixed",), "new", True),
        (("unheard_of",), "new", True),
    ],
)
def test_what_a_difference_needs_is_a_property_of_its_kind(
    path: tuple[str, ...], after: Any, verdict: bool | None
) -> None:
    assert needs_replace(SCHEMA, Difference(path, "old", after)) is verdict


@given(TREES)
def test_reveal_and_compare_agree_on_what_is_absent(tree: Any) -> None:
    found = list(compare({}, {"x": hide(tree)}, SALT))
    assert all(item.before is ABSENT for item in found)
    assert found
    assert reveal(hide(tree)) == tree
