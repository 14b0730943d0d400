"""Tools and agents through all layers but the command line, on the sandbox."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import TemplateError
from flowplan.planner.plan import Plan
from flowplan.protocol import Outputs
from tests.cutting import Cut
from tests.lab import CHAT, KEY, Lab, actions, change_of

AGENTS = "/_plugins/_ml/agents"
NODES: list[dict[str, Any]] = [
    {
        "id": "search",
        "type": "create_tool",
        "user_inputs": {"type": "SearchIndexTool", "name": "search", "parameters": {"size": 5}},
    },
    {
        "id": "think",
        "type": "create_tool",
        "previous_node_inputs": {"deployment": "model_id"},
        "user_inputs": {
            "type": "MLModelTool",
            "name": "think",
            "parameters": {"prompt": "${parameters.question}", "token": "${{ token }}"},
        },
    },
    {
        "id": "agent",
        "type": "register_agent",
        "previous_node_inputs": {"think": "tools", "search": "tools", "model": "model_id"},
        "user_inputs": {
            "name": "helper",
            "type": "conversational",
            "description": "helps",
            "llm": {"parameters": {"max_iteration": 5}},
            "memory": {"type": "conversation_index"},
            "parameters": {"temperature": 0.5, "context": {"b": 1, "a": [True]}},
            "tools_order": ["search"],
        },
    },
]
TOKEN = "tok-canary-91"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    template = copy.deepcopy(CHAT)
    template["workflows"]["provision"]["nodes"] += copy.deepcopy(NODES)
    template["flowplan"] = {
        "params": {"openai_key": {"sensitive": True}, "token": {"sensitive": True}},
        "outputs": {"agent_id": "${{ agent.agent_id }}"},
    }
    lab = Lab(tmp_path, template)
    lab.params["token"] = TOKEN
    return lab


def on_cluster(lab: Lab) -> list[dict[str, Any]]:
    query = {"query": {"match_all": {}}, "size": 100}
    hits = lab.request("POST", f"{AGENTS}/_search", query)["hits"]["hits"]
    return [hit["_source"] | {"id": hit["_id"]} for hit in hits]


def the_agent(lab: Lab) -> dict[str, Any]:
    (found,) = on_cluster(lab)
    return found


def forcing(plan: Plan, node: str) -> list[str]:
    fields = change_of(plan, node).fields
    return [".".join(map(str, item.path)) for item in fields if item.forces_replace]


def test_an_agent_gets_its_tools_in_order_and_the_ids_of_earlier_nodes(lab: Lab) -> None:
    assert lab.apply().failed == 0
    model, found = lab.ids()["model"], the_agent(lab)
    assert found["llm"] == {"model_id": model, "parameters": {"max_iteration": "5"}}
    search, think = found["tools"]
    assert (search["name"], search["parameters"]) == ("search", {"size": "5"})
    assert think["parameters"] == {
        "prompt": "${parameters.question}", "token": TOKEN, "model_id": model,
    }  # fmt: skip
    assert lab.state.outputs["agent_id"].value == found["id"]


def test_after_an_apply_the_plan_is_empty_and_nothing_drifted(lab: Lab) -> None:
    lab.apply()
    plan = lab.plan()
    assert (plan.empty, plan.drift) == (True, ())


def test_no_secret_of_a_tool_is_in_state_or_journal(lab: Lab) -> None:
    lab.apply()
    for path in lab.directory.glob("t.state*"):
        assert TOKEN.encode() not in path.read_bytes()
        assert KEY.encode() not in path.read_bytes()


def test_a_tool_is_recorded_and_no_resource(lab: Lab) -> None:
    lab.apply()
    record = lab.state.resources["think"]
    assert (record.resource_id, record.resource_type) == (None, None)


CHANGES: list[tuple[str, str, Any, str]] = [
    ("agent", "name", "another", "update"),
    ("agent", "description", "another", "update"),
    ("agent", "app_type", "rag", "update"),
    ("agent", "tools_order", ["think"], "update"),
    ("agent", "parameters", {"temperature": 1, "context": {}, "more": "x"}, "update"),
    ("agent", "parameters", {"temperature": 0.5}, "replace"),
    ("agent", "parameters", None, "replace"),
    ("agent", "llm", {"parameters": {"max_iteration": 9, "stop": ["a"]}}, "update"),
    ("agent", "llm", {"parameters": {"other": 1}}, "replace"),
    ("agent", "llm", None, "replace"),
    ("agent", "memory", {"type": "conversation_index", "window_size": 3}, "update"),
    ("agent", "memory", None, "replace"),
    ("agent", "type", "conversational_flow", "replace"),
    ("agent", "created_time", 5, "update"),
    ("search", "parameters", {"from": 1}, "update"),
    ("search", "description", "finds", "update"),
    ("search", "attributes", {"input_schema": "{}"}, "update"),
    ("search", "include_output_in_agent_response", True, "update"),
]


@pytest.mark.parametrize(("node", "name", "value", "action"), CHANGES)
def test_a_change_is_made_as_the_server_can_and_the_next_plan_is_empty(
    lab: Lab, node: str, name: str, value: Any, action: str
) -> None:
    lab.apply()
    before = lab.ids()
    inputs = lab.inputs(node)
    if value is None:
        del inputs[name]
    else:
        inputs[name] = value
    plan = lab.plan()
    assert change_of(plan, "agent").action == action
    assert lab.apply().failed == 0
    assert lab.plan().empty
    assert len(on_cluster(lab)) == 1
    assert (lab.ids()["agent"] == before["agent"]) is (action == "update")
    again = lab.plan()
    assert not again.drift


def test_a_memory_can_not_be_given_to_an_agent_without_one(lab: Lab) -> None:
    memory = lab.inputs("agent").pop("memory")
    lab.apply()
    lab.inputs("agent")["memory"] = memory
    assert forcing(lab.plan(), "agent") == ["memory.type"]
    lab.apply()
    assert the_agent(lab)["memory"] == memory
    assert lab.plan().empty


def test_one_tool_fewer_is_an_update_and_the_last_one_a_replacement(lab: Lab) -> None:
    lab.apply()
    before = lab.ids()["agent"]
    lab.without("search")
    del lab.node("agent")["previous_node_inputs"]["search"]
    assert actions(lab.plan())["agent"] == "update"
    lab.apply()
    assert [tool["name"] for tool in the_agent(lab)["tools"]] == ["think"]
    assert lab.ids()["agent"] == before
    lab.without("think")
    del lab.node("agent")["previous_node_inputs"]["think"]
    assert forcing(lab.plan(), "agent") == ["tools"]
    lab.apply()
    assert "tools" not in the_agent(lab)
    assert lab.plan().empty


def test_an_emptied_list_of_written_tools_is_a_replacement(lab: Lab) -> None:
    lab.without("search", "think")
    lab.node("agent")["previous_node_inputs"] = {"model": "model_id"}
    lab.inputs("agent")["tools"] = [{"type": "ListIndexTool"}]
    lab.apply()
    lab.inputs("agent")["tools"] = []
    assert forcing(lab.plan(), "agent") == ["tools"]
    lab.apply()
    assert lab.plan().empty


def test_written_tools_come_after_those_of_nodes(lab: Lab) -> None:
    lab.inputs("agent")["tools"] = [{"type": "ListIndexTool"}]
    lab.apply()
    types = [tool["type"] for tool in the_agent(lab)["tools"]]
    assert types == ["SearchIndexTool", "MLModelTool", "ListIndexTool"]
    assert lab.plan().empty


def test_a_single_tool_by_an_expression_is_a_list_of_one(lab: Lab) -> None:
    lab.node("agent")["previous_node_inputs"] = {"model": "model_id"}
    lab.inputs("agent")["tools"] = "${{ search.tools }}"
    lab.apply()
    assert [tool["name"] for tool in the_agent(lab)["tools"]] == ["search"]
    assert lab.plan().empty


def test_a_replaced_model_goes_through_its_tool_to_the_agent_which_stays(lab: Lab) -> None:
    lab.apply()
    before = lab.ids()
    lab.inputs("model")["model_config"] = {"model_type": "x"}
    del lab.inputs("model")["model_config"]
    lab.node("model")["user_inputs"]["backend_roles"] = []
    plan = lab.plan()
    assert actions(plan) == {
        "connector": "no-op", "model": "replace", "deployment": "replace", "search": "no-op",
        "think": "update", "agent": "update",
    }  # fmt: skip
    fields = change_of(plan, "agent").fields
    unknown = {".".join(map(str, item.path)) for item in fields if not item.known}
    assert unknown == {"tools.1.parameters.model_id", "model_id"}
    assert lab.apply().failed == 0
    after = lab.ids()
    assert (after["agent"], after["model"] != before["model"]) == (before["agent"], True)
    found = the_agent(lab)
    assert found["llm"]["model_id"] == after["model"]
    assert found["tools"][1]["parameters"]["model_id"] == after["model"]
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty


def test_the_old_model_is_deleted_after_the_agent_was_moved(lab: Lab) -> None:
    lab.apply()
    old = lab.ids()["model"]
    lab.inputs("model")["backend_roles"] = []
    moved: list[bool] = []

    def listen(event: Any) -> None:
        if event.node == "model" and "deleted" in (event.text or ""):
            moved.append(str(old) not in str(on_cluster(lab)))

    lab.apply(listen=listen)
    assert moved == [True]


def test_a_destroy_deletes_agents_before_models(lab: Lab) -> None:
    lab.apply()
    assert lab.destroy().left == ()
    order = [event.node for event in lab.events if event.type == "step_completed"]
    assert order.index("agent") < order.index("model") < order.index("connector")
    assert on_cluster(lab) == []
    assert lab.counts() == (0, 0, 0)


DRIFTS: list[tuple[dict[str, Any], str]] = [
    ({"description": "by hand"}, "description"),
    ({"parameters": {"temperature": "9"}}, "parameters.temperature"),
    ({"llm": {"model_id": "by hand"}}, "llm.model_id"),
    ({"tools": [{"type": "ListIndexTool"}]}, "tools"),
    ({"tools": [*({"type": f"T{n}"} for n in range(4))]}, "tools"),
]


@pytest.mark.parametrize(("body", "path"), DRIFTS)
def test_what_was_changed_by_hand_is_put_right(lab: Lab, body: dict[str, Any], path: str) -> None:
    lab.apply()
    before = the_agent(lab)
    lab.request("PUT", f"{AGENTS}/{before['id']}", body)
    plan = lab.plan()
    (drift,) = plan.drift
    assert drift.restored
    assert path in {".".join(map(str, item.path)) for item in drift.fields}
    assert (change_of(plan, "agent").action, change_of(plan, "agent").reason) == ("update", "drift")
    assert lab.apply().failed == 0
    after = the_agent(lab)
    times = {"last_updated_time": 0, "created_time": 0}
    assert after | times == before | times
    assert lab.plan().empty
    assert not lab.plan().drift


def test_what_the_template_does_not_set_is_only_reported(lab: Lab) -> None:
    lab.apply()
    lab.request("PUT", f"{AGENTS}/{lab.ids()['agent']}", {"parameters": {"extra": "x"}})
    plan = lab.plan()
    (drift,) = plan.drift
    assert (drift.restored, plan.empty) == (False, True)


def test_an_agent_deleted_by_hand_is_made_again(lab: Lab) -> None:
    lab.apply()
    lab.request("DELETE", f"{AGENTS}/{lab.ids()['agent']}")
    assert actions(lab.plan())["agent"] == "create"
    lab.apply()
    assert len(on_cluster(lab)) == 1
    assert lab.plan().empty


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("after", [False, True])
def test_an_agent_that_was_cut_off_is_neither_lost_nor_repeated(
    lab: Lab, cut: Callable[..., None], after: bool
) -> None:
    cut("POST", "agents/_register", after=after)
    with pytest.raises(Cut):
        lab.apply()
    assert lab.apply().failed == 0
    assert len(on_cluster(lab)) == 1
    assert lab.plan().empty
    lab.destroy()
    assert on_cluster(lab) == []


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("after", [False, True])
def test_an_update_of_an_agent_that_was_cut_off_is_made_again(
    lab: Lab, cut: Callable[..., None], after: bool
) -> None:
    lab.apply()
    lab.inputs("search")["description"] = "new"
    cut("PUT", "agents/", after=after)
    with pytest.raises(Cut):
        lab.apply()
    assert lab.apply().failed == 0
    assert the_agent(lab)["tools"][0]["description"] == "new"
    assert lab.plan().empty


def test_a_tool_that_has_the_same_name_as_another_is_told_in_the_clusters_words(lab: Lab) -> None:
    lab.inputs("search")["name"] = "think"
    assert lab.apply().failed == 1
    (event,) = [event for event in lab.events if event.type == "step_failed"]
    assert event.diagnostic is not None
    assert "Duplicate tool" in event.diagnostic.detail


def test_a_tool_that_only_comes_after_a_model_does_not_get_its_id(lab: Lab) -> None:
    lab.node("search")["previous_node_inputs"] = {}
    lab.template["workflows"]["provision"]["edges"] = [{"source": "model", "dest": "search"}]
    lab.apply()
    assert the_agent(lab)["tools"][0]["parameters"] == {"size": "5"}


def test_two_models_named_for_one_tool_are_refused(lab: Lab) -> None:
    lab.nodes.append(
        {
            "id": "other",
            "type": "register_remote_model",
            "previous_node_inputs": {"connector": "connector_id"},
            "user_inputs": {"name": "other"},
        }
    )
    lab.node("think")["previous_node_inputs"]["other"] = "model_id"
    with pytest.raises(TemplateError) as caught:
        lab.plan()
    assert {item.code for item in caught.value.diagnostics if item.severity == "error"} == {"FP114"}


def test_a_tool_is_previewed_without_looking_into_marks(lab: Lab) -> None:
    tool = lab.registry.step("create_tool")
    mark = object()
    whole = tool.preview({"type": "x", "parameters": mark, "model_id": mark})
    assert whole == {"tools": {"type": "x", "parameters": mark}}
    part = tool.preview({"type": "x", "parameters": {"model_id": "own"}, "model_id": mark})
    assert part == {"tools": {"type": "x", "parameters": {"model_id": "own"}}}
    assert isinstance(Outputs(part), Outputs)
