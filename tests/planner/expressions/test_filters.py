"""The filters, each on what it is for and on what it refuses."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("-3 | abs", 3),
        ("'hELLO' | capitalize", "Hello"),
        ("regions | count", 2),
        ("settings | length", 3),
        ("'abc' | length", 3),
        ("regions | first", "eu"),
        ("regions | last", "us"),
        ("'1.5' | float", 1.5),
        ("2 | float", 2.0),
        ("' -42 ' | int", -42),
        ("'42.9' | int", 42),
        ("true | int", 1),
        ("'x' | int(7)", 7),
        ("'x' | float(default=0.5)", 0.5),
        ("'12345678901234567890' | int", 12345678901234567890),
        ("regions | join", "euus"),
        ("regions | join(', ')", "eu, us"),
        ("[1, true, none, [2]] | join('|')", "1|true|null|[2]"),
        ("'ab' | list", ["a", "b"]),
        ("settings | list", ["model", "tags", "empty"]),
        ("'AB' | lower", "ab"),
        ("[3, 1.5] | max", 3),
        ("['b', 'a'] | min", "a"),
        ("'a.b.c' | replace('.', '-')", "a-b-c"),
        ("'abc' | reverse", "cba"),
        ("regions | reverse", ["us", "eu"]),
        ("2.5 | round", 2.0),
        ("3 | round(1)", 3),
        ("2.345 | round(2)", 2.35),
        ("2.341 | round(2, 'ceil')", 2.35),
        ("2.349 | round(2, method='floor')", 2.34),
        ("[2, 1, 1.5] | sort", [1, 1.5, 2]),
        ("'ba' | sort", ["a", "b"]),
        ("1.5 | string", "1.5"),
        ("'a' | string", "a"),
        ("[1] | string", "[1]"),
        ("{'b': [1, none], 'a': '<'} | tojson", '{"b":[1,null],"a":"<"}'),
        ("'a\"b' | tojson", '"a\\"b"'),
        ("'  x ' | trim", "x"),
        ("'--x-' | trim('-')", "x"),
        ("'ab' | upper", "AB"),
        ("' A ' | trim | lower | replace('a', 'b')", "b"),
    ],
)
def test_what_each_filter_gives(value, source, wanted):
    found = value(source)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    "source",
    [
        "'a' | abs",
        "true | abs",
        "1 | upper",
        "1 | first",
        "[] | first",
        "'' | last",
        "[] | max",
        "1 | length",
        "'a' | float",
        "none | int",
        "[1, 'a'] | sort",
        "['a' , none] | min",
        "1 | replace('a', 'b')",
        "'a' | replace(1, 'b')",
        "['a'] | join(1)",
        "'a' | round",
        "1.5 | round('x')",
        "1.5 | round(true)",
        "1.5 | round(-1)",
        "1.5 | round(1000000000)",
        "1.5 | round(0, 'up')",
        "1 | trim",
        "'a' | trim(1)",
    ],
)
def test_what_a_filter_does_not_take_is_refused(error, source):
    found = error(source)
    assert found.code in ("FP172", "FP173")
    assert found.offset == 4 + source.rindex("|") + 2


def test_a_text_that_is_no_number_needs_a_default(error):
    assert "default" in error("'x' | int").hint
