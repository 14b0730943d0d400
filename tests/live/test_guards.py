"""What clusters guard and what they don't: replacements re-pointed, holders named, names kept."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from flowplan.planner.plan import Plan
from tests.lab import Lab, actions, change_of
from tests.live.workflows import GONE, everything, hits, nine_steps, remove, settle, step, witnesses

ML = "/_plugins/_ml"
# The sandbox keeps no documents.
REAL = pytest.mark.parametrize("either", ["real"], indirect=True)
# What the ingest pipeline asks the model is in it.
DOCUMENT = {"text": "one", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
def flow(either: Lab, service: str) -> Iterator[Lab]:
    """Nine steps, not applied."""
    lab = settle(either, nine_steps(), service)
    try:
        yield lab
    finally:
        remove(lab)


def assert_settled(lab: Lab) -> None:
    plan = lab.plan()
    assert (plan.empty, plan.drift) == (True, ())


def told(lab: Lab) -> list[str]:
    """What went wrong in the last command."""
    return [f"{item.node}: {item.diagnostic}" for item in lab.events if item.diagnostic]


def forced(plan: Plan, node: str) -> bool:
    return any(field.forces_replace for field in change_of(plan, node).fields)


def test_a_replaced_model_is_pointed_at_by_tool_agent_and_pipeline(flow: Lab) -> None:
    flow.inputs("model")["guardrails"] = {
        "type": "local_regex", "input_guardrail": {"regex": ["never said"]},
    }  # fmt: skip
    flow.apply()
    before = flow.ids()
    del flow.inputs("model")["guardrails"]
    plan = flow.plan()
    assert {name: action for name, action in actions(plan).items() if action != "no-op"} == {
        "model": "replace", "deployment": "replace", "tool": "update", "agent": "update",
        "ingest": "update",
    }  # fmt: skip
    assert forced(plan, "model")
    assert flow.apply().state == "COMPLETED", told(flow)
    after = flow.ids()
    assert after["model"] != before["model"]
    (agent,), (model,) = hits(flow, "agents"), hits(flow, "models")
    assert (agent["_id"], model["_id"]) == (before["agent"], after["model"])
    assert agent["_source"]["tools"][0]["parameters"]["model_id"] == after["model"]
    pipeline = everything(flow, "/_ingest/pipeline")[str(before["ingest"])]
    assert pipeline["processors"][0]["ml_inference"]["model_id"] == after["model"]
    assert_settled(flow)


def test_a_replaced_connector_moves_the_deployed_model_and_nothing_else(flow: Lab) -> None:
    flow.apply()
    before = flow.ids()
    flow.params["openai_key"] = "another"
    plan = flow.plan()
    assert {name: action for name, action in actions(plan).items() if action != "no-op"} == {
        "connector": "replace", "model": "update",
    }  # fmt: skip
    assert flow.apply().state == "COMPLETED", told(flow)
    assert {**flow.ids(), "connector": None} == {**before, "connector": None}
    (connector,) = hits(flow, "connectors")
    assert connector["_id"] == flow.ids()["connector"] != before["connector"]
    assert_settled(flow)


def test_a_replaced_group_takes_its_model_along(flow: Lab) -> None:
    flow.nodes.append(step("other", "register_model_group", name=f"Other group {flow.tag}"))
    flow.apply()
    flow.node("model")["previous_node_inputs"] = {
        "connector": "connector_id", "other": "model_group_id",
    }  # fmt: skip
    flow.without("group")
    assert flow.apply().state == "COMPLETED", told(flow)
    (group,), (model,) = hits(flow, "model_groups"), hits(flow, "models")
    assert model["_source"]["model_group_id"] == group["_id"] == flow.ids()["other"]
    assert_settled(flow)
    flow.destroy()
    assert witnesses(flow) == GONE


@REAL
@pytest.mark.live
def test_a_static_setting_needs_permission_and_then_makes_the_index_anew(flow: Lab) -> None:
    flow.apply()
    name = str(flow.ids()["index"])
    flow.request("POST", f"/{name}/_doc", DOCUMENT, params={"refresh": "true"})
    flow.inputs("index")["configurations"]["settings"]["number_of_shards"] = 2
    change = change_of(flow.plan(), "index")
    assert (change.action, change.blocked) == ("replace", name)
    assert "1 document would be lost" in change.notes
    assert flow.plan(allow_delete=frozenset({"index"})).diagnostics == ()
    assert flow.apply().replaced == 1
    found = flow.request("GET", f"/{name}")[name]["settings"]["index"]
    assert found["number_of_shards"] == "2"
    assert_settled(flow)


@pytest.mark.parametrize(
    ("owner", "path", "body"),
    [
        ("ingest", "/_ingest/pipeline/nine-in", {"processors": []}),
        ("search", "/_search/pipeline/nine-out", {"request_processors": []}),
        ("index", "/nine-docs", {"mappings": {"properties": {"mine": {"type": "keyword"}}}}),
    ],
)
def test_what_somebody_else_made_under_that_name_is_left_as_it_is(
    flow: Lab, owner: str, path: str, body: Any
) -> None:
    path = f"{path}-{flow.tag}"
    flow.request("PUT", path, body)
    before = flow.request("GET", path)
    assert flow.apply().state == "FAILED"
    (failed,) = [event for event in flow.events if event.type == "step_failed"]
    assert failed.diagnostic is not None
    assert (failed.node, failed.diagnostic.code) == (owner, "FP361")
    assert flow.request("GET", path) == before
    flow.destroy()
    assert flow.request("GET", path) == before


def test_somebody_elses_model_keeps_its_connector_and_is_named(flow: Lab) -> None:
    flow.apply()
    connector = flow.ids()["connector"]
    theirs = {
        "name": f"theirs {flow.tag}", "function_name": "remote", "connector_id": connector,
    }  # fmt: skip
    model = flow.request("POST", f"{ML}/models/_register", theirs)["model_id"]
    summary = flow.destroy()
    assert summary.left == (f"connector_id {connector}",)
    assert (
        flow.state.status.error
        == f"Failed to deprovision some resources: [connector_id {connector}]."
    )
    (failed,) = [event for event in flow.events if event.type == "step_failed"]
    assert failed.diagnostic is not None
    assert failed.diagnostic.code == "FP336"
    assert model in failed.diagnostic.detail
    flow.request("DELETE", f"{ML}/models/{model}")
    assert flow.destroy().state == "NOT_STARTED"
    left = witnesses(flow)
    # The group that the node made for their model is theirs.
    assert {**left, "model_groups": []} == GONE


def test_destroy_takes_all_that_was_deleted_by_hand_for_gone(flow: Lab) -> None:
    flow.apply()
    ids = flow.ids()
    flow.request("POST", f"{ML}/models/{ids['model']}/_undeploy")
    for path in (
        f"{ML}/agents/{ids['agent']}", f"{ML}/models/{ids['model']}",
        f"{ML}/connectors/{ids['connector']}", f"{ML}/model_groups/{ids['group']}",
        f"/_ingest/pipeline/{ids['ingest']}", f"/_search/pipeline/{ids['search']}",
        f"/{ids['index']}",
    ):  # fmt: skip
        flow.request("DELETE", path)
    summary = flow.destroy()
    assert (summary.state, summary.failed) == ("NOT_STARTED", 0)
    assert witnesses(flow) == GONE


@REAL
@pytest.mark.live
def test_documents_are_copied_once_and_again_for_another_destination(flow: Lab) -> None:
    source = f"from-{flow.tag}"
    flow.request("PUT", f"/{source}", {})
    flow.request("POST", f"/{source}/_doc", DOCUMENT, params={"refresh": "true"})
    index = copy.deepcopy(flow.node("index"))
    index["id"] = "second"
    index["user_inputs"]["index_name"] = f"second-{flow.tag}"
    del index["user_inputs"]["configurations"]["settings"]["index.default_pipeline"]
    copying = step("copy", "reindex", {"index": "index_name"}, source_index=source,
                   destination_index="${{ index.index_name }}", refresh=True)  # fmt: skip
    flow.nodes.extend([index, copying])
    assert flow.apply().state == "COMPLETED", told(flow)
    assert documents(flow, "nine-docs") == 1
    flow.request("POST", f"/{source}/_doc", DOCUMENT, params={"refresh": "true"})
    assert_settled(flow)
    copying["user_inputs"]["destination_index"] = "${{ second.index_name }}"
    assert change_of(flow.plan(), "copy").action == "update"
    assert flow.apply().state == "COMPLETED", told(flow)
    assert (documents(flow, "nine-docs"), documents(flow, "second")) == (1, 2)
    assert_settled(flow)


def documents(lab: Lab, stem: str) -> int:
    found: int = lab.request("GET", f"/{stem}-{lab.tag}/_count")["count"]
    return found


def test_acts_change_and_delete_what_others_made(flow: Lab) -> None:
    mine = f"mine-{flow.tag}"
    flow.request("PUT", f"/{mine}", {})
    flow.request("PUT", f"/_ingest/pipeline/{mine}", {"processors": []})
    flow.request("PUT", f"/_search/pipeline/{mine}", {})
    body = {"name": f"their agent {flow.tag}", "type": "flow"}
    agent = flow.request("POST", f"{ML}/agents/_register", body)["agent_id"]
    processors = [{"set": {"field": "a", "value": 1}}]
    flow.nodes.extend([
        step("i", "update_index", index_name=mine,
             configurations={"settings": {"refresh_interval": "3s"}}),
        step("p", "update_ingest_pipeline", pipeline_id=mine,
             configurations={"processors": processors}),
        step("s", "update_search_pipeline", pipeline_id=mine,
             configurations={"response_processors": []}),
        step("a", "delete_agent", agent_id=agent),
        step("nothing", "noop"),
    ])  # fmt: skip
    assert flow.apply().state == "COMPLETED", told(flow)
    assert flow.request("GET", f"/{mine}")[mine]["settings"]["index"]["refresh_interval"] == "3s"
    assert everything(flow, "/_ingest/pipeline")[mine] == {"processors": processors}
    assert everything(flow, "/_search/pipeline")[mine] == {"response_processors": []}
    assert [item["_id"] for item in hits(flow, "agents")] == [flow.ids()["agent"]]
    assert_settled(flow)
    assert flow.destroy().state == "NOT_STARTED"
    assert witnesses(flow) == GONE | {
        "indices": [mine], "_ingest/pipeline": [mine], "_search/pipeline": [mine],
    }  # fmt: skip
