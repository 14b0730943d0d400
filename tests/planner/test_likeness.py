"""How far a value on the cluster is the wanted one."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.planner.likeness import PENDING, likeness
from flowplan.planner.values import Sensitive, Unknown


def like(written: Any, expected: Any, seen: Any, *, filled_in: bool = False) -> Any:
    return likeness(written, expected, seen, filled_in=filled_in)


def test_what_the_server_spells_in_another_way_is_as_it_was_written() -> None:
    found = like({"a": 1, "b": [1]}, {"a": "1", "b": "[1]"}, {"a": "1", "b": "[1]"})
    assert (found.value, found.same, found.derived) == ({"a": 1, "b": [1]}, True, False)


@pytest.mark.parametrize(
    ("written", "expected", "seen", "value"),
    [
        ("a", "a", "b", "b"),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1, "b": 3}),
        ([1, {"a": 2}], [1, {"a": 2}], [1, {"a": 3}], [1, {"a": 3}]),
        ([1], [1], [1, 2], [1, 2]),
        ({"a": 1}, {"a": 1}, {}, {}),
        ({"a": 1}, {"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        ({"a": ""}, {}, {"a": "there"}, {"a": "there"}),
        (True, True, 1, 1),
        ({"a": 1}, "x", {"a": 1}, {"a": 1}),
    ],
)
def test_what_differs_is_as_the_cluster_has_it(
    written: Any, expected: Any, seen: Any, value: Any
) -> None:
    found = like(written, expected, seen)
    assert (found.value, found.same) == (value, False)


def test_what_a_read_never_shows_is_as_it_was_written() -> None:
    found = like({"a": 1, "hidden": 2}, {"a": 1}, {"a": 3})
    assert found.value == {"a": 3, "hidden": 2}


def test_a_text_that_the_server_made_is_looked_into() -> None:
    found = like(
        {"p": {"a": 1, "b": 2}}, {"p": '{"a":1,"b":2}'}, {"p": '{"a":1,"b":3}'}
    )  # fmt: skip
    assert found.value == {"p": {"a": 1, "b": 3}}


@pytest.mark.parametrize("seen", ["no JSON", "[1]", 5])
def test_another_kind_of_text_is_told_as_it_is(seen: Any) -> None:
    assert like({"p": {"a": 1}}, {"p": '{"a":1}'}, {"p": seen}).value == {"p": seen}


def test_a_text_that_was_written_as_one_stays_one() -> None:
    assert like("[1]", "[1]", "[2]").value == "[2]"


def test_a_default_that_differs_is_derived_and_not_recorded() -> None:
    found = like({"a": 1}, {"a": 1, "d": 30}, {"a": 1, "d": 50})
    assert (found.value, found.same, found.derived) == ({"a": 1}, True, True)


def test_a_default_further_down_is_derived_too() -> None:
    found = like({"x": [{"a": 1}]}, {"x": [{"a": 1, "d": 1}]}, {"x": [{"a": 1, "d": 2}]})
    assert found.derived


def test_what_the_server_fills_in_is_no_difference() -> None:
    found = like({"a": 1}, {"a": 1}, {"a": 1, "more": 2}, filled_in=True)
    assert (found.value, found.same) == ({"a": 1}, True)


def test_what_is_not_known_yet_is_as_the_cluster_has_it() -> None:
    written = {"model_id": Unknown("m", "model_id"), "n": 1}
    found = like(written, {"model_id": PENDING, "n": "1"}, {"model_id": "x", "n": "1"})
    assert found.value == {"model_id": "x", "n": 1}


def test_what_is_not_known_and_never_shown_is_left_out() -> None:
    assert like({"a": 1, "u": Unknown("m")}, {"a": 1}, {"a": 2}).value == {"a": 2}


@pytest.mark.parametrize(
    ("written", "expected", "seen"),
    [
        (Sensitive("a"), "a", "b"),
        ({"k": Sensitive("a")}, '{"k":"a"}', "no JSON"),
        ([Sensitive("a")], ["a"], ["a", "b"]),
    ],
)
def test_the_cluster_s_value_is_as_secret_as_the_written_one(
    written: Any, expected: Any, seen: Any
) -> None:
    assert like(written, expected, seen).value == Sensitive(seen)


def test_more_in_a_default_is_no_difference_where_the_server_fills_in() -> None:
    written, expected, seen = {"a.b": 1}, {"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}
    assert not like(written, expected, seen, filled_in=True).derived
    assert like(written, expected, seen).derived
