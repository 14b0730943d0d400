"""Changes of which the cluster sees nothing."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.planner.diff import compare
from flowplan.planner.spelling import told_apart
from flowplan.planner.values import Sensitive, Unknown, seal
from flowplan.providers.registry import Registry

SALT = "ab" * 16
REGISTRY = Registry()


def changed(before: dict[str, Any], after: dict[str, Any], type_name: str = "create_connector") -> list[Any]:  # fmt: skip
    recorded = seal(before, SALT)
    step = REGISTRY.step(type_name)
    found = told_apart(step, recorded, after, compare(recorded, after, SALT))
    return [item.path for item in found]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"version": 1}, {"version": "1"}),
        ({"parameters": {"stop": ["a", "b"]}}, {"parameters": {"stop": '["a","b"]'}}),
        ({"parameters": {"o": {"b": 1, "a": 2}}}, {"parameters": {"o": '{"a": 2,"b":1}'}}),
        ({"parameters": {"n": 1, "b": True}}, {"parameters": {"n": "1", "b": "true"}}),
        ({"actions": [{"action_type": "predict"}]}, {"actions": [{"action_type": "PREDICT"}]}),
    ],
)
def test_what_a_read_shows_alike_is_no_change(before: Any, after: Any) -> None:
    assert changed(before, after) == []
    assert changed(after, before) == []


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ({"version": 1}, {"version": "1.0"}, ("version",)),
        ({"parameters": {"stop": ["a"]}}, {"parameters": {"stop": '["b"]'}}, ("parameters", "stop")),
        ({"parameters": {"o": '{"b": 1}'}}, {"parameters": {"o": '{"b":1}'}}, ("parameters", "o")),
        ({"parameters": {"o": {"b": 1}}}, {"parameters": {"o": "b"}}, ("parameters", "o")),
        ({"name": "a"}, {"name": "b"}, ("name",)),
        ({"parameters": {"a": "1"}}, {"parameters": {}}, ("parameters", "a")),
    ],
)  # fmt: skip
def test_what_it_shows_otherwise_is_one(before: Any, after: Any, where: Any) -> None:
    assert changed(before, after) == [where]


def test_an_input_that_comes_or_goes_is_a_change() -> None:
    assert changed({}, {"version": "1"}) == [("version",)]
    assert changed({"version": "1"}, {}) == [("version",)]


def test_an_input_with_a_secret_is_compared_as_written() -> None:
    before = {"parameters": {"key": Sensitive("k"), "n": 1}}
    after = {"parameters": {"key": Sensitive("k"), "n": "1"}}
    assert changed(before, after) == [("parameters", "n")]


def test_what_is_not_known_yet_is_a_change() -> None:
    assert changed({"parameters": {"n": "1"}}, {"parameters": {"n": Unknown("a", "b")}}) == [
        ("parameters", "n")
    ]


def test_one_change_of_spelling_beside_a_real_one_is_left_out() -> None:
    before, after = {"version": 1, "name": "a"}, {"version": "1", "name": "b"}
    assert changed(before, after) == [("name",)]


def test_what_can_not_be_read_is_compared_as_written() -> None:
    before = {"index_name": "a", "configurations": "{}"}
    after = {"index_name": "a", "configurations": "{"}
    assert changed(before, after, "create_index") == [("configurations",)]
