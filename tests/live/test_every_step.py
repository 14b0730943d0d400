"""Whole workflows on both kinds of cluster: made, planned empty, changed, healed and cleared away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab import Lab, actions, change_of
from tests.live.workflows import (
    GONE,
    counts,
    example,
    hits,
    nine_steps,
    remove,
    settle,
    witnesses,
)


@dataclass(frozen=True)
class Case:
    """A workflow, what of it is to be seen, a change with its actions, and mischief by hand.

    `mischief` has requests by the node that has to heal them.
    """

    template: Callable[[], dict[str, Any]]
    makes: Mapping[str, int]
    change: Callable[[Lab], None]
    changes: Mapping[str, str]
    mischief: Mapping[str, Callable[[Lab], tuple[str, str, Any]]]


def change_chat(lab: Lab) -> None:
    lab.inputs("register_model_2")["description"] = "another model"
    lab.inputs("create_connector_1")["parameters"]["model"] = "gpt-4o"


def change_agent(lab: Lab) -> None:
    lab.inputs("model")["description"] = "another model"
    lab.inputs("agent")["tools_order"] = ["ask_model", "list_indices"]
    lab.inputs("list_indices")["description"] = "Lists them all"


def change_pipelines(lab: Lab) -> None:
    lab.inputs("ingest")["configurations"]["processors"].append(
        {"set": {"field": "weight", "value": 0.5}}
    )
    lab.inputs("search")["configurations"].pop("response_processors")
    index = lab.inputs("index")["configurations"]
    index["settings"]["refresh_interval"] = "5s"
    index["mappings"]["properties"]["weight"] = {"type": "float"}
    index["aliases"] = {f"other-{lab.tag}": {"is_write_index": True}}


def change_nine(lab: Lab) -> None:
    lab.inputs("group")["description"] = "changed"
    lab.inputs("model")["description"] = "changed"
    lab.inputs("tool")["parameters"]["prompt"] = "now: ${parameters.question}"
    lab.inputs("ingest")["configurations"]["processors"].pop()
    lab.inputs("search")["configurations"]["description"] = "changed"
    lab.inputs("index")["configurations"]["settings"]["index.refresh_interval"] = "2s"


def put(node: str, base: str, body: Any) -> Callable[[Lab], tuple[str, str, Any]]:
    """A PUT over what a node made."""
    return lambda lab: ("PUT", f"{base}/{lab.ids()[node]}", body)


def undeploy(node: str) -> Callable[[Lab], tuple[str, str, Any]]:
    return lambda lab: ("POST", f"/_plugins/_ml/models/{lab.ids()[node]}/_undeploy", None)


ML = "/_plugins/_ml"
# The sandbox runs no agent and sends no document through a pipeline.
REAL = pytest.mark.parametrize("either", ["real"], indirect=True)
CASES = {
    "seeds": Case(
        lambda: example("openai-chat"),
        {"connectors": 1, "models": 1, "model_groups": 1},
        change_chat,
        {"create_connector_1": "replace", "register_model_2": "update", "deploy_model_3": "no-op"},
        {
            "register_model_2": put("register_model_2", f"{ML}/models", {"description": "hand"}),
            "deploy_model_3": undeploy("register_model_2"),
        },
    ),
    "agent": Case(
        lambda: example("agent-with-tools"),
        {"agents": 1, "connectors": 1, "models": 1, "model_groups": 1},
        change_agent,
        {
            "connector": "no-op", "model": "update", "list_indices": "update",
            "ask_model": "no-op", "agent": "update",
        },
        {"agent": put("agent", f"{ML}/agents", {"description": "by hand", "tools": [
            {"type": "ListIndexTool", "name": "only"}
        ]})},
    ),
    "pipelines": Case(
        lambda: example("search-pipelines"),
        {"_ingest/pipeline": 1, "_search/pipeline": 1, "indices": 1},
        change_pipelines,
        {"ingest": "update", "search": "update", "index": "update"},
        {
            "ingest": put("ingest", "/_ingest/pipeline", {"processors": []}),
            "search": put("search", "/_search/pipeline", {"request_processors": []}),
            "index": lambda lab: (
                "PUT", f"/{lab.ids()['index']}/_settings", {"index.number_of_replicas": 2},
            ),
        },
    ),
    "nine": Case(
        nine_steps,
        {
            "agents": 1, "connectors": 1, "models": 1, "model_groups": 1,
            "_ingest/pipeline": 1, "_search/pipeline": 1, "indices": 1,
        },
        change_nine,
        {
            "group": "update", "connector": "no-op", "model": "update", "deployment": "no-op",
            "tool": "update", "agent": "update", "ingest": "update", "search": "update",
            "index": "update",
        },
        {
            "group": put("group", f"{ML}/model_groups", {"description": "by hand"}),
            "model": put("model", f"{ML}/models", {"is_enabled": False}),
            "agent": put("agent", f"{ML}/agents", {"description": "by hand"}),
            "ingest": put("ingest", "/_ingest/pipeline", {"processors": []}),
            "search": put("search", "/_search/pipeline", {"response_processors": []}),
            "index": lambda lab: (
                "PUT", f"/{lab.ids()['index']}/_settings", {"index.default_pipeline": "_none"},
            ),
        },
    ),
}  # fmt: skip


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def flow(either: Lab, case: Case, service: str) -> Iterator[Lab]:
    """The workflow of the case, applied."""
    lab = settle(either, case.template(), service)
    try:
        assert set(actions(lab.plan()).values()) == {"create"}
        summary = lab.apply()
        told = [event.diagnostic for event in lab.events if event.type == "step_failed"]
        assert (summary.state, summary.created, told) == ("COMPLETED", len(lab.nodes), [])
        yield lab
    finally:
        remove(lab)


def assert_settled(lab: Lab) -> None:
    plan = lab.plan()
    assert (actions(plan), plan.drift) == (dict.fromkeys(actions(plan), "no-op"), ())


def test_an_applied_workflow_is_there_and_the_next_plan_is_empty(flow: Lab, case: Case) -> None:
    assert counts(flow) == case.makes
    assert_settled(flow)


def test_a_workflow_is_destroyed_to_nothing(flow: Lab) -> None:
    assert flow.destroy().state == "NOT_STARTED"
    assert witnesses(flow) == GONE


def test_a_workflow_is_changed_in_place_and_the_next_plan_is_empty(flow: Lab, case: Case) -> None:
    before = flow.ids()
    case.change(flow)
    assert actions(flow.plan()) == case.changes
    assert flow.apply().state == "COMPLETED"
    kept = {name for name, action in case.changes.items() if action != "replace"}
    assert {name: flow.ids()[name] for name in kept} == {name: before[name] for name in kept}
    assert counts(flow) == case.makes
    assert_settled(flow)


def test_what_was_done_by_hand_is_healed_and_the_next_plan_is_empty(flow: Lab, case: Case) -> None:
    before = flow.ids()
    for mischief in case.mischief.values():
        method, path, body = mischief(flow)
        flow.request(method, path, body)
    plan = flow.plan()
    changed = {name for name, action in actions(plan).items() if action != "no-op"}
    assert changed == set(case.mischief)
    assert {change_of(plan, name).reason for name in changed} == {"drift"}
    assert flow.apply().updated == len(changed)
    assert flow.ids() == before
    assert_settled(flow)


def test_what_was_deleted_by_hand_is_made_again(flow: Lab, case: Case) -> None:
    there = witnesses(flow)
    paths = [f"{ML}/agents/{name}" for name in there["agents"]]
    paths += [f"/{name}" for name in there["indices"]]
    paths += [f"/{kind}/{name}" for kind in ("_ingest/pipeline", "_search/pipeline")
              for name in there[kind]]  # fmt: skip
    for name in there["models"]:
        flow.request("POST", f"{ML}/models/{name}/_undeploy")
        paths.append(f"{ML}/models/{name}")
    paths += [f"{ML}/connectors/{name}" for name in there["connectors"]]
    for path in paths:
        flow.request("DELETE", path)
    assert flow.apply().state == "COMPLETED"
    assert counts(flow) == case.makes
    assert_settled(flow)
    assert flow.destroy().state == "NOT_STARTED"
    assert witnesses(flow) == GONE


@pytest.mark.parametrize("case", [CASES["seeds"]], ids=["seeds"])
def test_a_connector_changed_by_hand_gets_its_values_back_under_the_same_model(flow: Lab) -> None:
    model, connector = flow.ids()["register_model_2"], flow.ids()["create_connector_1"]
    flow.request("POST", f"{ML}/models/{model}/_undeploy")
    flow.request("PUT", f"{ML}/connectors/{connector}", {"parameters": {"model": "by hand"}})
    flow.request("POST", f"{ML}/models/{model}/_deploy")
    plan = flow.plan()
    change = change_of(plan, "create_connector_1")
    assert (change.action != "no-op", change.reason) == (True, "drift")
    assert flow.apply().state == "COMPLETED", [str(event.diagnostic) for event in flow.events]
    (found,) = hits(flow, "connectors")
    assert found["_source"]["parameters"]["model"] == "gpt-3.5-turbo"
    assert flow.ids()["register_model_2"] == model
    assert_settled(flow)


@REAL
@pytest.mark.live
@pytest.mark.parametrize("case", [CASES["agent"]], ids=["agent"])
def test_the_agent_answers_with_its_tools(flow: Lab) -> None:
    (agent,) = hits(flow, "agents")
    assert [tool["name"] for tool in agent["_source"]["tools"]] == ["list_indices", "ask_model"]
    path = f"{ML}/agents/{agent['_id']}/_execute"
    answer = flow.request("POST", path, {"parameters": {"question": "Which are there?"}})
    assert "Which are there?" in str(answer)


@REAL
@pytest.mark.live
@pytest.mark.parametrize("case", [CASES["pipelines"]], ids=["pipelines"])
def test_documents_go_through_both_pipelines(flow: Lab) -> None:
    index = flow.ids()["index"]
    params = {"refresh": "true"}
    for body in ({"title": "A", "category": "NEWS"}, {"title": "B", "visibility": "hidden"}):
        flow.request("POST", f"/{index}/_doc", body, params=params)
    found = flow.request("POST", f"/articles-{flow.tag}/_search", {"query": {"match_all": {}}})
    (hit,) = found["hits"]["hits"]
    assert hit["_source"] == {"headline": "A", "category": "news", "visibility": "public"}


@REAL
@pytest.mark.live
@pytest.mark.parametrize("case", [CASES["nine"]], ids=["nine"])
def test_a_document_is_given_the_models_answer_by_its_pipeline(flow: Lab) -> None:
    index = flow.ids()["index"]
    body = {"messages": [{"role": "user", "content": "hello"}]}
    flow.request("POST", f"/{index}/_doc", body, params={"refresh": "true"})
    found = flow.request("POST", f"/{index}/_search", {"query": {"match_all": {}}})
    assert "echo: hello" in str(found["hits"]["hits"][0]["_source"]["answer"])
