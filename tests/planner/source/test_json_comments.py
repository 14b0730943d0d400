"""Comments in JSON are passed over, as OpenSearch's own parser does, and places stay right."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowplan.planner.source import parse_text
from flowplan.planner.source.json_comments import without_comments


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, // one\n "b": 2}', {"a": 1, "b": 2}),
        ('// first\n{"a": 1}\n// last', {"a": 1}),
        ('{/* "a": 0,\n */ "b": 2}', {"b": 2}),
        ('{"a": "https://x/*y*/"} // z', {"a": "https://x/*y*/"}),
        ('{"a": "\\"// no"}', {"a": '"// no'}),
        ('{"a": [1, // one, 2\r\n 3]}', {"a": [1, 3]}),
    ],
)
def test_a_comment_is_passed_over(text, value):
    assert parse_text(text, "t.json", "json").value == value


def test_places_after_a_comment_are_those_of_the_file():
    text = '{ // {"a": [\n  "x": /* "y" */ {"b": 2}}'
    place = parse_text(text, "t.json", "json").position(("x", "b"))
    assert (place.line, place.column) == (2, 24)


@given(st.text())
def test_every_character_keeps_its_place(text):
    blanked = without_comments(text)
    assert len(blanked) == len(text)
    assert [at for at, mark in enumerate(blanked) if mark in "\r\n"] == [
        at for at, mark in enumerate(text) if mark in "\r\n"
    ]


@given(st.recursive(st.text() | st.integers(), st.lists))
def test_what_is_in_a_text_is_no_comment(value):
    text = json.dumps(value)
    assert without_comments(text) == text
