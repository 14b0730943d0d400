"""Steps that are done once: what they do, when again, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import Diagnostic, TemplateError
from tests.cutting import Cut
from tests.lab import Lab, actions, change_of

AGENTS = "/_plugins/_ml/agents"


def template(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"name": "acts", "workflows": {"provision": {"nodes": list(nodes)}}}


def act(type: str, **inputs: Any) -> dict[str, Any]:
    return {"id": "act", "type": type, "user_inputs": inputs}


def agent(lab: Lab, name: str = "old") -> str:
    body = {"name": name, "type": "flow"}
    made: str = lab.request("POST", f"{AGENTS}/_register", body, safe=True)["agent_id"]
    return made


def agents(lab: Lab) -> set[str]:
    query = {"query": {"match_all": {}}, "size": 100}
    hits = lab.request("POST", f"{AGENTS}/_search", query)["hits"]["hits"]
    return {hit["_id"] for hit in hits}


def refused(lab: Lab) -> Diagnostic:
    with pytest.raises(TemplateError) as caught:
        lab.plan()
    (found,) = [item for item in caught.value.diagnostics if item.severity == "error"]
    return found


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path, template(act("delete_agent", agent_id="${{ victim }}")))
    lab.params = {}
    return lab


def test_it_is_done_once_and_the_next_plan_is_empty(lab: Lab) -> None:
    lab.params["victim"] = agent(lab)
    plan = lab.plan()
    change = change_of(plan, "act")
    assert (change.action, change.steps) == ("create", ("run delete_agent",))
    assert lab.apply().failed == 0
    assert agents(lab) == set()
    assert lab.plan().empty
    assert lab.ids() == {"act": None}


def test_it_is_done_again_when_its_input_changes(lab: Lab) -> None:
    lab.params["victim"] = agent(lab)
    lab.apply()
    kept, lab.params["victim"] = agent(lab, "kept"), agent(lab, "second")
    change = change_of(lab.plan(), "act")
    assert (change.action, change.steps) == ("update", ("run delete_agent again",))
    assert lab.apply().updated == 1
    assert agents(lab) == {kept}
    assert lab.plan().empty


def test_what_is_gone_already_is_success(lab: Lab) -> None:
    lab.params["victim"] = "nobody"
    assert lab.apply().failed == 0
    assert lab.plan().empty


def test_a_destroy_forgets_it_without_a_request(lab: Lab) -> None:
    lab.params["victim"] = agent(lab)
    lab.apply()
    assert lab.destroy().left == ()
    assert lab.connection is not None
    assert not [key for key in lab.connection.requests if key.startswith("DELETE")]


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("after", [False, True])
def test_one_that_was_cut_off_is_done_again(
    lab: Lab, cut: Callable[..., None], after: bool
) -> None:
    lab.params["victim"] = agent(lab)
    cut("DELETE", "agents/", after=after)
    with pytest.raises(Cut):
        lab.apply()
    assert lab.apply().failed == 0
    assert agents(lab) == set()
    assert lab.plan().empty


def test_an_act_that_took_the_place_of_a_resource_deletes_it_by_its_type(lab: Lab) -> None:
    lab.template = template({"id": "act", "type": "register_agent", "user_inputs": {}})
    lab.inputs("act").update(name="mine", type="flow")
    lab.apply()
    other = agent(lab)
    lab.template = template(act("delete_agent", agent_id=other))
    assert actions(lab.plan()) == {"act": "replace"}
    lab.apply()
    assert agents(lab) == set()
    assert lab.plan().empty


MODEL = {
    "id": "model",
    "type": "register_local_pretrained_model",
    "user_inputs": {"name": "m", "version": "1", "model_format": "ONNX", "deploy": True},
}


@pytest.mark.parametrize("type", ["undeploy_model", "delete_model"])
def test_it_refuses_what_a_node_of_the_template_makes(lab: Lab, type: str) -> None:
    node = {"id": "act", "type": type, "previous_node_inputs": {"model": "model_id"}}
    lab.template = template(MODEL, node)
    found = refused(lab)
    assert (found.code, found.node) == ("FP155", "act")
    assert "model" in found.hint


def test_it_refuses_what_an_expression_takes_from_a_node(lab: Lab) -> None:
    lab.template = template(MODEL, act("delete_model", model_id="${{ model.model_id }}"))
    assert refused(lab).code == "FP155"


def test_it_refuses_what_an_edge_alone_gives_it(lab: Lab) -> None:
    lab.template = template(MODEL, act("delete_model"))
    edges = [{"source": "model", "dest": "act"}]
    lab.template["workflows"]["provision"]["edges"] = edges
    assert refused(lab).code == "FP155"


def test_it_refuses_the_very_model_that_another_node_deploys(lab: Lab) -> None:
    lab.params = {"id": "m1"}
    deploy = {"id": "d", "type": "deploy_model", "user_inputs": {"model_id": "${{ id }}"}}
    lab.template = template(deploy, act("undeploy_model", model_id="${{ id }}"))
    found = refused(lab)
    assert (found.code, "deploys d" in found.hint) == ("FP155", True)


def test_an_expression_that_can_not_be_read_is_told_as_such(lab: Lab) -> None:
    lab.template = template(act("delete_model", model_id="${{ a b }}"))
    assert refused(lab).code != "FP155"


def test_one_may_follow_another(lab: Lab) -> None:
    connector = {
        "name": "c", "version": "1", "protocol": "http", "credential": {"k": "v"},
        "actions": [
            {"action_type": "predict", "method": "POST", "url": "https://api.openai.com/v1/x"}
        ],
    }  # fmt: skip
    made = lab.request("POST", "/_plugins/_ml/connectors/_create", connector, safe=True)
    connector_id = made["connector_id"]
    body = {"name": "m", "function_name": "remote", "connector_id": connector_id}
    model = lab.request("POST", "/_plugins/_ml/models/_register", body, safe=True)["model_id"]
    lab.request("POST", f"/_plugins/_ml/models/{model}/_deploy", safe=True)
    lab.template = template(
        {"id": "down", "type": "undeploy_model", "user_inputs": {"model_id": model}},
        {
            "id": "gone",
            "type": "delete_model",
            "previous_node_inputs": {"down": "success"},
            "user_inputs": {"model_id": model},
        },
        {
            "id": "act",
            "type": "delete_connector",
            "previous_node_inputs": {"gone": "model_id"},
            "user_inputs": {"connector_id": connector_id},
        },
    )
    assert lab.apply().failed == 0
    assert lab.counts()[:2] == (0, 0)
    assert lab.plan().empty


def test_an_act_may_take_its_id_from_another_act(lab: Lab) -> None:
    lab.params = {"victim": "nobody"}
    lab.template = template(
        {"id": "down", "type": "delete_model", "user_inputs": {"model_id": "${{ victim }}"}},
        {"id": "act", "type": "delete_model", "previous_node_inputs": {"down": "model_id"}},
    )
    assert lab.apply().failed == 0
    assert lab.plan().empty
