from __future__ import annotations

from typing import Any

import pytest

from flowplan.providers.sandbox import javajson


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("256", "256"),
        ("0.5", "0.5"),
        ("1.0", "1.0"),
        ("true", "true"),
        ("null", "null"),
        ("1e21", "1.0E21"),
        ("1.25e-7", "1.25E-7"),
        ("-0.001", "-0.001"),
        ("9999999.5", "9999999.5"),
        ("10000000.0", "1.0E7"),
        ("12345678901234567890", "12345678901234567890"),
        ('[1,"a",{"x":1}]', '[1,"a",{"x":1}]'),
        ('{"b": 1, "a": [ ]}', '{"a":[],"b":1}'),
        ('{"q": 1.0, "f": 1e21, "e": [1e-7]}', '{"q":1.0,"e":[1.0E-7],"f":1.0E21}'),
        ('["\u2028"]', '["\\u2028"]'),
        ('"text"', "text"),
        ('""', ""),
        ('"ä"', "ä"),
        ("1e400", "Infinity"),
    ],
)
def test_a_leaf_becomes_the_string_that_a_java_server_stores(written: Any, stored: Any) -> None:
    assert javajson.string(javajson.parse(written.encode())) == stored


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({}, "START_OBJECT"),
        ([], "START_ARRAY"),
        (None, "VALUE_NULL"),
        (True, "VALUE_BOOLEAN"),
        ("", "VALUE_STRING"),
        (1, "VALUE_NUMBER"),
    ],
)
def test_a_token_has_the_parsers_name(value: Any, name: Any) -> None:
    assert javajson.token(value) == name


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b"{nope",
            "Unexpected character ('n' (code 110)): was expecting double-quote to start field name\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 2]",
        ),
        (
            b"name=x",
            "Unrecognized token 'name': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1]",
        ),
        (b'{"a":1', "Unexpected end-of-input"),
        (b'{"a":1 "b"', "was expecting comma to separate entries"),
        (b'{"a":NaN}', "Non-standard token 'NaN'"),
        (b"\xff", "Invalid UTF-8 start byte 0xff"),
        (b"[" * 100_000, "nesting depth"),
        (b"1" * 5000, "limit"),
    ],
)
def test_what_is_not_json_is_refused_in_the_servers_words(body: Any, said: Any) -> None:
    with pytest.raises(javajson.JsonError) as caught:
        javajson.parse(body)
    assert said in str(caught.value)
