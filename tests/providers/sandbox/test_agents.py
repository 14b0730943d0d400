from __future__ import annotations

from typing import Any

import pytest

BASE = "/_plugins/_ml/agents"
TOOL = {"type": "ListIndexTool", "name": "list", "parameters": {}}


def make(api: Any, **fields: Any) -> Any:
    body = {"name": "a", "type": "flow", "tools": [TOOL]} | fields
    return api.ok("POST", f"{BASE}/_register", body)["agent_id"]


def get(api: Any, id_: Any) -> Any:
    return api.ok("GET", f"{BASE}/{id_}")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "Agent name cannot be empty or exceed max length of 128 characters"),
        ({"name": "x" * 129}, "Agent name cannot be empty"),
        ({"tools": None}, "expecting token of type [START_ARRAY] but found [VALUE_NULL]"),
        ({"tools": [1]}, "expecting token of type [START_OBJECT] but found [VALUE_NUMBER]"),
        ({"llm": None}, "expecting token of type [START_OBJECT] but found [VALUE_NULL]"),
        ({"type": "nope"}, "Invalid Agent Type"),
        ({"tools": [{"name": "x"}]}, "tool type is null"),
        ({"type": "conversational"}, "We need model information for the conversational agent type"),
        (
            {"tools": [{"type": "ListIndexTool"}] * 2},
            "Duplicate tool defined in agent configuration",
        ),
    ],
)
def test_a_wrong_agent_is_refused_as_recorded(api: Any, changes: Any, said: Any) -> None:
    status, reason = api.refused(
        "POST", f"{BASE}/_register", {"name": "a", "type": "flow", "tools": [TOOL]} | changes
    )
    assert status == 400
    assert said in reason


def test_a_name_and_a_type_are_needed(api: Any) -> None:
    assert api.refused("POST", f"{BASE}/_register", {"type": "flow"}) == (
        400,
        "Agent name can't be null",
    )
    assert api.refused("POST", f"{BASE}/_register", {"name": "a"}) == (
        400,
        "Agent type can't be null",
    )


def test_values_come_back_as_ml_commons_stores_them(api: Any) -> None:
    id_ = make(
        api,
        type="FLOW",
        app_type="rag",
        parameters={"n": 1, "x": {"y": 2}},
        llm={"model_id": "unchecked", "parameters": {"max_iteration": 3}},
        memory={"type": "conversation_index"},
        tools=[{"type": "MLModelTool", "parameters": {"model_id": "m", "n": 1}, "bogus": 1}],
        created_time=5,
    )
    now = api.app._node.now()
    assert get(api, id_) == {
        "name": "a",
        "type": "FLOW",
        "app_type": "rag",
        "parameters": {"n": "1", "x": '{"y":2}'},
        "llm": {"model_id": "unchecked", "parameters": {"max_iteration": "3"}},
        "memory": {"type": "conversation_index"},
        "tools": [
            {
                "type": "MLModelTool",
                "parameters": {"model_id": "m", "n": "1"},
                "include_output_in_agent_response": False,
            }
        ],
        "created_time": now,
        "last_updated_time": now,
        "is_hidden": False,
    }
    assert "tools" not in get(api, make(api, tools=[]))


def test_an_update_merges_parameters_and_replaces_tools(api: Any) -> None:
    id_ = make(api, parameters={"a": "1"}, llm={"model_id": "m", "parameters": {"a": "1"}})
    change = {
        "type": "flow",
        "parameters": {"b": 2},
        "llm": {"model_id": "n", "parameters": {"b": 2}},
        "tools": [],
    }
    assert api.ok("PUT", f"{BASE}/{id_}", change)["result"] == "updated"
    got = get(api, id_)
    assert got["parameters"] == {"a": "1", "b": "2"}
    assert got["llm"] == {"model_id": "n", "parameters": {"a": "1", "b": "2"}}
    assert [tool["type"] for tool in got["tools"]] == [
        "ListIndexTool"
    ]  # the last one can't be removed
    api.ok("PUT", f"{BASE}/{id_}", {"tools": [{"type": "X"}]})
    assert [tool["type"] for tool in get(api, id_)["tools"]] == ["X"]


def test_an_update_is_refused_as_measured(api: Any) -> None:
    plain, remembering = make(api), make(api, memory={"type": "conversation_index"})
    assert api.refused("PUT", f"{BASE}/{plain}", {"type": "conversational"}) == (
        400,
        "Agent type cannot be updated",
    )
    assert (
        api.refused("PUT", f"{BASE}/{plain}", {"memory": {"type": "conversation_index"}})[0] == 500
    )
    assert api.refused("PUT", f"{BASE}/{remembering}", {"memory": {"type": "nope"}}) == (
        400,
        "Invalid memory type: nope",
    )
    api.ok("PUT", f"{BASE}/{remembering}", {"memory": {"type": "conversation_index"}})
    assert api.refused("PUT", f"{BASE}/nope", {}) == (
        404,
        "Failed to get agent with ID nope",
    )


def test_an_agent_is_deleted_once_and_found_by_name(api: Any) -> None:
    id_ = make(api, name="mine")
    assert [hit["_id"] for hit in api.search("agents", {"term": {"name.keyword": "mine"}})] == [id_]
    assert api.ok("DELETE", f"{BASE}/{id_}")["result"] == "deleted"
    assert api.refused("DELETE", f"{BASE}/{id_}") == (404, "Fail to find ml agent")
    assert api.refused("GET", f"{BASE}/{id_}")[0] == 404


def test_an_agent_answers_with_an_echo(api: Any) -> None:
    path = f"{BASE}/{make(api)}/_execute"
    output = api.ok("POST", path, {"parameters": {"question": "why"}})["inference_results"][0][
        "output"
    ]
    assert output == [{"name": "response", "result": "echo: why"}]
    status, answer = api.send("POST", f"{BASE}/nope/_execute", {})
    assert (status, answer["error"]["type"]) == (404, "OpenSearchStatusException")


def test_tools_are_listed(api: Any) -> None:
    assert "MLModelTool" in [tool["name"] for tool in api.ok("GET", "/_plugins/_ml/tools")]
    assert api.ok("GET", "/_plugins/_ml/tools/MLModelTool")["type"] == "MLModelTool"
    assert api.refused("GET", "/_plugins/_ml/tools/nope")[0] == 404


def test_a_tool_keeps_what_it_is_given_but_no_empty_texts(api: Any) -> None:
    tool = {
        "type": "x", "name": "", "description": "", "attributes": {"a": {"b": 1}},
        "config": {"k": 1}, "runtime_resources": {"r": 1}, "bogus": 1,
    }  # fmt: skip
    assert get(api, make(api, tools=[tool]))["tools"] == [
        {
            "type": "x", "attributes": {"a": '{"b":1}'}, "config": {"k": "1"},
            "runtime_resources": {"r": 1}, "include_output_in_agent_response": False,
        }
    ]  # fmt: skip


def test_a_memory_is_merged_key_by_key(api: Any) -> None:
    id_ = make(api, memory={"type": "conversation_index", "window_size": 3, "bogus": 1})
    assert get(api, id_)["memory"] == {"type": "conversation_index", "window_size": 3}
    api.ok("PUT", f"{BASE}/{id_}", {"memory": {"session_id": "s"}})
    assert get(api, id_)["memory"] == {
        "type": "conversation_index", "window_size": 3, "session_id": "s",
    }  # fmt: skip


def test_an_llm_needs_a_model(api: Any) -> None:
    body = {"name": "a", "type": "flow", "llm": {"parameters": {"a": 1}}}
    assert api.refused("POST", f"{BASE}/_register", body) == (400, "model id is null")
