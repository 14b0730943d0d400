from __future__ import annotations

import json
from typing import Any

import pytest

from flowplan.providers.normalise import alike, client_config, compact, connector_actions, texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (256, "256"), (0.5, "0.5"), (1.0, "1.0"), (True, "true"), (None, "null"), (1e21, "1.0E21"),
        (12345678901234567890, "12345678901234567890"), ("", ""), ("1", "1"),
        ([1, "a", {"x": 1}], '[1,"a",{"x":1}]'), ({"b": 1, "a": [None, 1e21]}, '{"a":[null,1.0E21],"b":1}'),
        (0.0, "0.0"), (-1.5e-7, "-1.5E-7"), (12345678.5, "1.23456785E7"), ("é", "é"), (["é"], '["é"]'),
    ],
)  # fmt: skip
def test_parameters_become_texts_as_the_server_writes_them(value: Any, text: str) -> None:
    assert texts({"p": value}) == {"p": text}


def test_compact_json_stays_json() -> None:
    value = {"a": [1, 2.5, None, True, "x\n"], "b": {}}
    assert json.loads(compact(value)) == value


def test_actions_keep_known_keys_and_get_upper_case_types() -> None:
    action = {"action_type": "predict", "method": "post", "bogus": 1, "headers": None}
    assert connector_actions([action]) == [{"action_type": "PREDICT", "method": "post"}]


@pytest.mark.parametrize("value", ["text", 1, None])
def test_what_has_the_wrong_shape_is_left_to_the_server(value: Any) -> None:
    assert texts(value) == connector_actions(value) == client_config(value) == value
    assert connector_actions([value]) == [value]


def test_given_client_settings_win_over_the_defaults() -> None:
    filled = client_config({"read_timeout": 7})
    assert (filled["read_timeout"], filled["connection_timeout"]) == (7, 30)


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ("1", 1), (5, "5"), (True, "true"), ({"a": 1}, {"a": "1", "b": "2"}), ([1, {"x": 1}], '[1,{"x":1}]'),
        ({"input": {"type": "object"}}, {"input": '{"type":"object"}'}), (1e21, "1.0E21"),
        ("a<b", "a<b"), ({"p": ["<"]}, {"p": '["\\u003c"]'}), ("plain", "plain"),
    ],
)  # fmt: skip
def test_values_are_alike_whatever_text_they_were_made(wanted: Any, seen: Any) -> None:
    assert alike(wanted, seen)


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ("a", "b"),
        ({"a": 1}, {}),
        ([1], [1, 2]),
        ([1], [2]),
        ({"a": 1}, None),
        ("a", None),
        (1, "2"),
    ],
)
def test_other_values_are_not_alike(wanted: Any, seen: Any) -> None:
    assert not alike(wanted, seen)
