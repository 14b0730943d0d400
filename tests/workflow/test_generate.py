"""What is on a cluster becomes a template, through all layers but the command line."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from flowplan.errors import PlanError
from flowplan.planner.generate_check import Generated, generate
from flowplan.protocol import Cluster, Json
from flowplan.providers.model_group import RegisterModelGroup
from tests.lab import KEY, Lab, actions
from tests.workflow.everything import EVERYTHING
from tests.workflow.hand_made import (
    AGENT,
    CONNECTOR,
    KINDS,
    connector_id,
    made,
    model_id,
)

One = Callable[[Mapping[str, Any]], Lab]


def written(lab: Lab, **options: Any) -> Generated:
    """The template, put into the lab, with the lab's key for all of its params."""
    found = generate(lab.workspace(template=False), **options)
    lab.template = copy.deepcopy(dict(found.document))
    lab.params = dict.fromkeys(found.params, KEY)
    lab.location = str(lab.directory / "generated.state.json")
    return found


def node(lab: Lab, name: str) -> dict[str, Any]:
    return lab.node(name)


def codes(found: Generated) -> list[str]:
    return [item.code for item in found.warnings]


REMOTE = [name for name, kind in KINDS.items() if "_local_" not in kind.node["type"]]


@pytest.mark.parametrize("name", REMOTE)
def test_what_was_made_by_hand_is_written_so_that_only_imports_are_planned(
    one: One, name: str
) -> None:
    kind = KINDS[name]
    lab = one(kind.node)
    kind.make(lab, lab.inputs("node"))
    found = written(lab)
    assert not [code for code in codes(found) if code == "FP284"]
    plan = lab.plan()
    assert set(actions(plan).values()) == {"import"}
    assert not any(change.fields or change.then for change in plan.changes)
    lab.apply()
    again = lab.plan()
    assert (again.empty, again.drift) == (True, ())


def test_a_local_model_is_not_written(one: One) -> None:
    kind = KINDS["a local model's text"]
    lab = one(kind.node)
    kind.make(lab, lab.inputs("node"))
    with pytest.raises(PlanError) as caught:
        written(lab)
    assert [item.code for item in caught.value.diagnostics] == ["FP281", "FP282"]


def test_everything_is_read_in_a_few_requests_whatever_there_is(lab: Lab) -> None:
    lab.template = copy.deepcopy(EVERYTHING)
    lab.apply()
    first = written(lab).requests
    for number in range(20):
        body = {**CONNECTOR["user_inputs"], "name": f"c{number}"}
        made(lab, "connectors/_create", body, "connector_id")
    assert written(lab).requests == first <= 12


def test_two_resources_of_one_name_are_two_nodes(lab: Lab) -> None:
    for _ in range(2):
        connector_id(lab, CONNECTOR["user_inputs"])
    found = written(lab)
    assert [item["id"] for item in lab.nodes] == ["c", "c_connector"]
    assert found.nodes == 2
    assert set(actions(lab.plan()).values()) == {"import"}


def test_a_text_that_looks_like_an_expression_stays_a_text(lab: Lab) -> None:
    body = copy.deepcopy(CONNECTOR["user_inputs"])
    body["parameters"]["odd"] = '${{ model.model_id }} and ${{"'
    connector_id(lab, body)
    written(lab)
    assert set(actions(lab.plan()).values()) == {"import"}
    assert not lab.plan().changes[0].fields


def test_a_key_that_no_template_can_have_leaves_its_resource_out(lab: Lab) -> None:
    body = copy.deepcopy(CONNECTOR["user_inputs"])
    body["parameters"]["${{ odd }}"] = "x"
    bad = connector_id(lab, body)
    inputs = {"name": "m", "function_name": "remote", "connector_id": bad}
    made(lab, "models/_register", inputs, "model_id")
    found = written(lab)
    assert codes(found) == ["FP283"]
    assert "FP152" in found.warnings[0].detail
    assert [item["id"] for item in lab.nodes] == ["m"]
    assert lab.inputs("m")["connector_id"] == bad
    assert actions(lab.plan()) == {"m": "import"}


def test_where_all_is_left_out_there_is_no_template_and_the_reasons_are_told(lab: Lab) -> None:
    body = copy.deepcopy(CONNECTOR["user_inputs"])
    body["parameters"]["${{ odd }}"] = "x"
    connector_id(lab, body)
    with pytest.raises(PlanError) as caught:
        written(lab)
    assert [item.code for item in caught.value.diagnostics] == ["FP281", "FP283"]


def test_a_secret_that_the_cluster_shows_is_no_text_in_the_template(lab: Lab) -> None:
    body = copy.deepcopy(CONNECTOR["user_inputs"])
    body["actions"][0]["headers"] = {
        "Authorization": f"Bearer {KEY}",
        "x-api-key": "${credential.key}",
    }
    connector_id(lab, body)
    found = written(lab)
    assert KEY not in repr(found)
    (action,) = lab.inputs("c")["actions"]
    assert action["headers"] == {
        "Authorization": "${{ c_Authorization }}", "x-api-key": "${credential.key}",
    }  # fmt: skip
    lab.params["c_Authorization"] = f"Bearer {KEY}"
    assert not lab.plan().changes[0].fields
    lab.params["c_Authorization"] = "Bearer another"
    assert lab.plan().changes[0].fields


def test_a_connector_without_named_credentials_has_a_guess_and_says_so(lab: Lab) -> None:
    body = copy.deepcopy(CONNECTOR["user_inputs"])
    body["actions"][0]["headers"] = {}
    connector_id(lab, body)
    written(lab)
    assert lab.inputs("c")["credential"] == {"key": "${{ c_key }}"}
    assert "is a guess" in lab.template["flowplan"]["params"]["c_key"]["description"]


def test_a_connector_that_signs_for_aws_has_both_keys(lab: Lab) -> None:
    body = copy.deepcopy(CONNECTOR["user_inputs"])
    body |= {
        "protocol": "aws_sigv4", "credential": {"access_key": "a", "secret_key": KEY},
        "parameters": {"region": "us-east-1", "service_name": "bedrock"},
    }  # fmt: skip
    body["actions"][0]["headers"] = {}
    connector_id(lab, body)
    written(lab)
    assert set(lab.inputs("c")["credential"]) == {"access_key", "secret_key"}
    assert set(actions(lab.plan()).values()) == {"import"}


def test_an_id_inside_a_longer_text_becomes_a_reference(lab: Lab) -> None:
    lab.template = {"name": "x", "workflows": {"provision": {"nodes": [dict(CONNECTOR)]}}}
    found = connector_id(lab, CONNECTOR["user_inputs"])
    body: Any = copy.deepcopy(AGENT["user_inputs"])
    body["tools"] = [
        {"type": "ConnectorTool", "parameters": {"call": f'{{"connector_id":"{found}","n":1}}'}}
    ]
    made(lab, "agents/_register", body, "agent_id")
    written(lab)
    (tool,) = lab.inputs("a")["tools"]
    assert tool["parameters"]["call"] == '{"connector_id":"${{ c.connector_id }}","n":1}'
    assert set(actions(lab.plan()).values()) == {"import"}


def test_agents_that_name_each_other_make_no_cycle(lab: Lab) -> None:
    first = made(lab, "agents/_register", {"name": "a", "type": "flow", **TOOL}, "agent_id")
    second = made(lab, "agents/_register", {"name": "b", "type": "flow", **tool(first)}, "agent_id")
    lab.request("PUT", f"/_plugins/_ml/agents/{first}", tool(second))
    written(lab)
    assert lab.inputs("a")["tools"][0]["parameters"]["agent_id"] == second
    assert lab.inputs("b")["tools"][0]["parameters"]["agent_id"] == "${{ a.agent_id }}"
    assert set(actions(lab.plan()).values()) == {"import"}


def test_an_agent_that_is_used_by_one_before_it_in_the_alphabet_is_referred_to(lab: Lab) -> None:
    used = made(lab, "agents/_register", {"name": "z", "type": "flow", **TOOL}, "agent_id")
    made(lab, "agents/_register", {"name": "a", "type": "flow", **tool(used)}, "agent_id")
    written(lab)
    assert [item["id"] for item in lab.nodes] == ["z", "a"]
    assert lab.inputs("a")["tools"][0]["parameters"]["agent_id"] == "${{ z.agent_id }}"


TOOL: dict[str, Any] = {"tools": [{"type": "ListIndexTool"}]}


def tool(agent: str) -> dict[str, Any]:
    return {"tools": [{"type": "AgentTool", "parameters": {"agent_id": agent}}]}


def test_an_agent_of_an_unknown_type_is_left_out_and_told(lab: Lab) -> None:
    made(lab, "agents/_register", {"name": "a", "type": "flow", **TOOL}, "agent_id")
    other = made(lab, "agents/_register", {"name": "b", "type": "flow", **TOOL}, "agent_id")
    from flowplan.providers import agent

    lab.request("PUT", f"/_plugins/_ml/agents/{other}", {"description": "other"})
    types = agent.TYPES
    try:
        agent.TYPES = frozenset({"conversational"})
        with pytest.raises(PlanError) as caught:
            written(lab)
    finally:
        agent.TYPES = types
    assert [item.code for item in caught.value.diagnostics] == ["FP281", "FP282", "FP282"]


def test_a_shared_group_is_a_node_and_one_that_came_with_a_model_is_not(lab: Lab) -> None:
    for name in ("one", "two", "two"):
        inputs = {"name": name, "function_name": "remote"}
        found = connector_id(lab, CONNECTOR["user_inputs"])
        made(lab, "models/_register", {**inputs, "connector_id": found}, "model_id")
    written(lab, only=["model", "model_group"])
    groups = [item for item in lab.nodes if item["type"] == "register_model_group"]
    assert [item["user_inputs"]["name"] for item in groups] == ["two"]
    previous = {item["id"]: item.get("previous_node_inputs") for item in lab.nodes[1:]}
    assert previous == {
        "one": None, "two_model": {"two": "model_group_id"}, "two_model_2": {"two": "model_group_id"},
    }  # fmt: skip
    assert set(actions(lab.plan()).values()) == {"import"}


def test_a_group_that_was_described_otherwise_than_its_model_is_a_node(one: One) -> None:
    lab = one(KINDS["a model's text"].node)
    found = model_id(lab, lab.inputs("node"))
    group = lab.request("GET", f"/_plugins/_ml/models/{found}")["model_group_id"]
    lab.request("PUT", f"/_plugins/_ml/model_groups/{group}", {"description": "another"})
    written(lab)
    assert lab.nodes[0]["type"] == "register_model_group"


def test_hidden_indices_and_those_of_the_system_are_no_nodes(lab: Lab) -> None:
    lab.request("PUT", "/seen", {})
    lab.request("PUT", "/.plugins-x", {})
    lab.request("PUT", "/unseen", {"settings": {"index.hidden": True}})
    written(lab)
    assert [item["id"] for item in lab.nodes] == ["seen"]


def test_what_is_hidden_by_ml_commons_is_no_node(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    made(lab, "model_groups/_register", {"name": "seen"}, "model_group_id")
    from flowplan.providers import documents

    pages = documents._pages
    monkeypatch.setattr(
        documents, "_pages",
        lambda *args: ((key, {**item, "is_hidden": True}) for key, item in pages(*args)),
    )  # fmt: skip
    with pytest.raises(PlanError) as caught:
        written(lab)
    assert caught.value.diagnostics[0].code == "FP281"


def test_more_than_a_search_gives_is_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from flowplan.providers import documents

    monkeypatch.setattr(documents, "WINDOW", 1)
    made(lab, "model_groups/_register", {"name": "g"}, "model_group_id")
    found = written(lab)
    assert "FP285" in codes(found)


def test_a_cluster_without_ml_commons_has_indices_and_pipelines(lab: Lab) -> None:
    lab.options = "plugins=opensearch-knn"
    lab.request("PUT", "/docs", {})
    written(lab)
    assert [item["id"] for item in lab.nodes] == ["docs"]


class _Forgetful(RegisterModelGroup):
    """Writes something else than it read."""

    def written(self, resource_id: str, document: Json) -> Mapping[str, Json] | None:
        return {**(super().written(resource_id, document) or {}), "description": "another"}


def test_a_node_that_an_apply_would_change_is_told(lab: Lab) -> None:
    made(lab, "model_groups/_register", {"name": "g", "description": "d"}, "model_group_id")
    lab.registry._loaded["register_model_group"] = _Forgetful()
    found = written(lab)
    (warning,) = found.warnings
    assert (warning.code, warning.node) == ("FP284", "g")
    assert warning.detail == "It would change description."


class _Strange(RegisterModelGroup):
    """Lists what is no model group."""

    def listing(self, cluster: Cluster) -> Mapping[str, Json]:
        return {"x" * 20: {"name": "bad"}, **super().listing(cluster)}

    def observe(self, resource_id: str, document: Json, inputs: Any = None) -> Any:
        return None if resource_id == "x" * 20 else super().observe(resource_id, document, inputs)


def test_what_can_not_be_taken_over_is_left_out_and_told(lab: Lab) -> None:
    made(lab, "model_groups/_register", {"name": "g"}, "model_group_id")
    lab.registry._loaded["register_model_group"] = _Strange()
    found = written(lab)
    assert codes(found) == ["FP283"]
    assert "FP481" in found.warnings[0].detail
    assert [item["id"] for item in lab.nodes] == ["g"]
