from __future__ import annotations

import json
from typing import Any

import pytest

from flowplan.providers.agent import RegisterAgent
from flowplan.providers.agent_body import as_read, as_sent, tools_of

LOCAL = ("model_id", "tools_order")
AGENT = RegisterAgent()


def test_what_was_read_stays_as_it_is() -> None:
    body = {
        "tools": [{"type": "x", "parameters": {"a": 1, "b": {}}, "config": {"c": True}}],
        "parameters": {"a": [1]},
        "llm": {"model_id": "m", "parameters": {"n": 1}},
    }
    read = as_read(body)
    assert read != body
    assert as_read(read) == read


def test_empty_parameters_and_tools_are_none_at_all() -> None:
    body = {"name": "", "tools": [], "parameters": {}, "llm": {"model_id": "m", "parameters": {}}}
    assert as_read(body) == {"name": "", "llm": {"model_id": "m"}}


def test_a_tool_is_read_back_without_what_is_empty_or_not_known() -> None:
    tool = {
        "type": "x", "attributes": {"a": 1}, "runtime_resources": {}, "name": None,
        "description": "", "config": {}, "my_new_field": 1,
    }  # fmt: skip
    (read,) = as_read({"tools": [tool]})["tools"]
    assert read == {
        "type": "x", "attributes": {"a": "1"}, "include_output_in_agent_response": False,
    }  # fmt: skip


@pytest.mark.parametrize(("written", "shown"), [(True, True), ("true", True), (None, False)])
def test_whether_a_tool_shows_its_output_is_always_there(written: Any, shown: bool) -> None:
    (tool,) = as_read({"tools": [{"type": "x", "include_output_in_agent_response": written}]})[
        "tools"
    ]
    assert tool["include_output_in_agent_response"] is shown


def test_what_is_no_tool_is_left_for_the_server_to_refuse() -> None:
    assert as_read({"tools": ["x"]}) == {"tools": ["x"]}
    assert as_read({"tools": "x", "llm": "y"}) == {"tools": "x", "llm": "y"}
    assert tools_of("x") == "x"
    assert as_sent({"llm": "y", "model_id": "m"}, LOCAL) == {"llm": "y"}


def test_nothing_that_is_null_is_sent() -> None:
    assert as_sent({"name": "a", "description": None, "llm": None}, LOCAL) == {"name": "a"}


def test_a_model_id_alone_is_an_llm() -> None:
    assert as_sent({"model_id": "m"}, LOCAL) == {"llm": {"model_id": "m"}}


@pytest.mark.parametrize("key", ["model", "context_management"])
def test_what_flow_framework_takes_as_json_text_is_sent_as_an_object(key: str) -> None:
    assert as_sent({key: json.dumps({"a": 1})}, LOCAL) == {key: {"a": 1}}
    assert as_sent({key: {"a": 1}}, LOCAL) == {key: {"a": 1}}
    for other in ("not json", "[1]"):
        assert as_sent({key: other}, LOCAL) == {key: other}


@pytest.mark.parametrize(
    ("path", "before", "after", "removed", "verdict"),
    [
        (("tools",), [1], [], False, "replace"),
        (("tools",), [1], [2], False, None),
        (("llm", "model_id"), "a", "b", False, None),
        (("llm", "model_id"), "a", None, True, "replace"),
        (("llm", "parameters"), {"a": 1}, None, True, "replace"),
        (("llm", "parameters"), {}, None, True, None),
        (("llm", "parameters", "a"), 1, None, True, "replace"),
        (("llm", "parameters", "a"), None, 1, False, None),
        (("memory", "type"), None, "x", False, "replace"),
        (("memory", "type"), "y", "x", False, "replace"),
        (("memory", "type"), "y", "conversation_index", False, "in_place"),
        (("memory", "type"), "conversation_index", None, True, "replace"),
        (("memory", "window", "size"), 1, None, True, "replace"),
        (("memory", "window_size"), None, 1, False, "in_place"),
        (("description",), "a", "b", False, None),
    ],
)
def test_what_a_change_needs(
    path: tuple[str, ...], before: Any, after: Any, removed: bool, verdict: str | None
) -> None:
    assert AGENT.judge(path, before, after, removed=removed) == verdict


def test_a_credential_in_a_model_is_a_secret() -> None:
    spec = AGENT.schema.inputs["model"]
    assert spec.sensitive
    assert spec.write_only


def test_a_removed_key_of_the_llm_parameters_is_a_replacement_whatever_its_value_was() -> None:
    step = RegisterAgent()
    for before in ({}, "", "x", None):
        judged = step.judge(("llm", "parameters", "key"), before, None, removed=True)
        assert judged == "replace"
    assert step.judge(("llm", "parameters"), {}, None, removed=True) is None
