"""Whether an answer is as expected, and what is said when it isn't."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.planner.expected import miss
from flowplan.planner.template.model import Expected

ANSWER: Any = {
    "text": "hello you", "number": 3, "half": 0.5, "yes": True, "none": None,
    "list": [{"name": "a"}, 2], "deep": {"er": {"x": 1}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("place", "test", "wanted"),
    [
        (("text",), "equals", "hello you"),
        (("number",), "equals", 3.0),
        (("deep",), "equals", {"er": {"x": 1}}),
        (("none",), "equals", None),
        (("text",), "contains", "you"),
        (("list",), "contains", {"name": "a"}),
        (("deep",), "contains", "er"),
        (("text",), "matches", r"^h\w+"),
        (("list", 0, "name"), "exists", True),
        (("list", 2), "exists", False),
        (("text", "more"), "exists", False),
        (("number",), "at_least", 3),
        (("half",), "at_most", 1),
    ],
)
def test_it_is_as_expected(place: Any, test: Expected, wanted: Any) -> None:
    assert miss(place, test, wanted, ANSWER) == ""


@pytest.mark.parametrize(
    ("place", "test", "wanted", "said"),
    [
        (("text",), "equals", "bye", 'text is not "bye": it is "hello you"'),
        (("yes",), "equals", 1, "yes is not 1: it is true"),
        (("text",), "contains", "them", 'text does not contain "them": it is "hello you"'),
        (("number",), "contains", "3", 'number does not contain "3": it is 3'),
        (("list",), "contains", "a", 'list does not contain "a": it is [{"name": "a"}, 2]'),
        (("text",), "matches", "^you", 'text does not match "^you": it is "hello you"'),
        (("number",), "matches", "3", 'number does not match "3": it is 3'),
        (("number",), "at_least", 4, "number is less than 4: it is 3"),
        (("number",), "at_most", 2, "number is more than 2: it is 3"),
        (("text",), "at_least", 4, 'text is no number: "hello you"'),
        (("yes",), "at_least", 0, "yes is no number: true"),
        (("text",), "exists", False, "text is there"),
        (("deep", "er", "y"), "exists", True, "there is no deep.er.y: deep.er has x"),
        (("list", 4), "equals", 1, "there is no list[4]: list is a list of 2"),
        (("none", "x"), "equals", 1, "there is no none.x: none is null"),
        (("error",), "equals", 1,
         f"there is no error: the answer has {', '.join(ANSWER)}"),
    ],
)  # fmt: skip
def test_it_says_what_is_there_instead(place: Any, test: Expected, wanted: Any, said: str) -> None:
    assert miss(place, test, wanted, ANSWER) == said


def test_an_empty_object_and_a_long_one_are_told_in_short() -> None:
    assert miss(("a",), "exists", True, {}) == "there is no a: the answer is empty"
    many = dict.fromkeys("bcdefghijk")
    assert miss(("a",), "exists", True, many).endswith("has b, c, d, e, f, g, h, i, …")
