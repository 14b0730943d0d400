"""Time limits, versions and names as OpenSearch reads them."""

from __future__ import annotations

import re

import pytest

from flowplan.planner.template.formats import (
    is_version,
    kind_of,
    kinds_of,
    seconds,
    unwanted_characters,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0), ("0s", 0.0), ("20s", 20.0), ("500ms", 0.5), ("5m", 300.0), ("2h", 7200.0),
        ("1d", 86400.0), ("10S", 10.0), (" 3s ", 3.0), ("2000micros", 0.002), ("5nanos", 5e-9),
    ],
)  # fmt: skip
def test_a_time_value_is_seconds(text, value):
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["", "20", "-1", "-5s", "1.5s", "s", "5 s", "5w", "9" * 30 + "s", "99999999d", "٣s"]
)
def test_anything_else_is_no_time_value(text):
    assert seconds(text) is None


@pytest.mark.parametrize("text", ["1.0.0", "2.12.0", "3.0.0-beta1", "3.1.0-SNAPSHOT"])
def test_three_numbers_are_a_version(text):
    assert is_version(text)


@pytest.mark.parametrize(
    "text", ["", "1", "1.0", "1.0.0.0", "v1.0.0", "1.0.0 ", "1.0.0-x", "a.b.c"]
)
def test_anything_else_is_no_version(text):
    assert not is_version(text)


def test_letters_and_digits_of_any_script_may_stand_in_a_name():
    assert unwanted_characters("Größe 東京 ٣½ (v1.0), a-b_c: 'x' \"y\"/z? @!") == ""


def test_the_characters_that_may_not_are_told_once_each():
    assert unwanted_characters("<a> & <b> 😀") == "<>&😀"


@pytest.mark.parametrize("mark", list("#$%&*+;<=>[\\]^`{|}~"))
def test_no_other_ascii_mark_may_stand_in_a_name(mark):
    assert unwanted_characters(f"a{mark}b") == mark


def test_ascii_agrees_with_the_rule_that_messages_quote():
    rule = re.compile(r"""[A-Za-z0-9\s.,!?():@\-_/'"]""", re.ASCII)
    for code in range(128):
        assert (unwanted_characters(chr(code)) == "") == bool(rule.match(chr(code)))


@pytest.mark.parametrize(
    ("value", "kinds", "words"),
    [
        (None, ("null",), "null"),
        (True, ("boolean",), "a boolean"),
        (1, ("integer", "number"), "an integer"),
        (1.0, ("number",), "a number"),
        ("", ("string",), "a string"),
        ({}, ("object",), "an object"),
        ([], ("array",), "an array"),
    ],
)
def test_every_value_has_a_kind(value, kinds, words):
    assert (kinds_of(value), kind_of(value)) == (kinds, words)
