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


MODEL = Unknown("model", "model_id")


def told(before: Any, after: Any) -> list[tuple[Any, ...]]:
    """Each difference between two lists: its path in them, before, and after or who gives it."""
    found = [
        field_change(item, forces_replace=False)
        for item in compare({"l": before}, {"l": after}, SALT)
    ]
    return [
        (
            ".".join(map(str, item.path[1:])),
            "-" if item.added else item.before,
            "-" if item.removed else item.after if item.known else f"from {item.origin}",
        )
        for item in found
    ]


def test_of_a_list_that_grew_around_an_unknown_value_only_that_is_unknown() -> None:
    tool = {"type": "MLModelTool", "parameters": {"model_id": "m1", "size": 5}}
    more = {"type": "MLModelTool", "parameters": {"model_id": MODEL, "size": 7}}
    assert told([tool], [tool, more]) == [
        ("1.parameters.model_id", "-", "from model"),
        ("1.parameters.size", "-", 7),
        ("1.type", "-", "MLModelTool"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "differences"),
    [
        (["a", "b"], ["a", "b", MODEL], [("2", "-", "from model")]),
        (["a", "b"], [MODEL, "a", "b"], [("0", "-", "from model")]),
        (["a", "b", "c"], [MODEL, "c"], [("0", "a", "from model"), ("1", "b", "-")]),
        ([], [MODEL, "x"], [("0", "-", "from model"), ("1", "-", "x")]),
        ([None, "b"], [MODEL, None, "b"], [("0", "-", "from model")]),
        (["a"], [Unknown("", "key", sensitive=True), "a"], [("0", "-", None)]),
    ],
)
def test_an_unknown_item_is_one_of_its_own(before: Any, after: Any, differences: Any) -> None:
    if differences[0][2] is None:
        assert [path for path, _, _ in told(before, after)] == ["0"]
    else:
        assert told(before, after) == differences


@pytest.mark.parametrize(
    ("before", "after", "differences"),
    [
        (["a", "b"], ["c", "a", "b"], [("0", "-", "c")]),
        (["a", "b", "c"], ["c"], [("0", "a", "-"), ("1", "b", "-")]),
        (["a", "b", "c", "d"], ["b", "c", "d2"], [("0", "a", "-"), ("2", "d", "d2")]),
    ],
)
def test_an_item_that_came_or_went_does_not_make_its_neighbours_others(
    before: Any, after: Any, differences: Any
) -> None:
    assert told(before, after) == differences


def test_where_two_differences_would_be_at_one_place_the_items_are_compared_one_by_one() -> None:
    assert told(["b", "a", "d", "b"], ["d", "d"]) == [
        ("0", "b", "d"), ("1", "a", "d"), ("2", "d", "-"), ("3", "b", "-"),
    ]  # fmt: skip
    assert told(["a", "a", "d", "a"], ["d", "b", "a", "b", "d"]) == [
        ("0", "a", "d"), ("1", "a", "b"), ("2", "d", "a"), ("3", "a", "b"), ("4", "-", "d"),
    ]  # fmt: skip


def test_items_are_told_in_the_order_of_the_list() -> None:
    after = [f"i{number}" for number in range(12)]
    assert [path for path, _, _ in told([], [*after, MODEL])] == [str(n) for n in range(13)]
