"""What is on a cluster already is taken over: nothing differs but what was made different."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import Lab, actions
from tests.live.workflows import GONE, everything, nine_steps, remove, settle, witnesses

ML = "/_plugins/_ml"


@pytest.fixture
def flow(either: Lab, service: str) -> Iterator[Lab]:
    """Nine steps on the cluster, and no state that knows them: as if somebody made them by hand."""
    lab = settle(either, nine_steps(), service)
    try:
        assert lab.apply().state == "COMPLETED"
        ids = {name: found for name, found in lab.ids().items() if found is not None}
        for path in lab.directory.glob("t.state.json*"):
            path.unlink()
        lab.template["flowplan"]["imports"] = [
            {"node": name, "id": found} for name, found in ids.items()
        ]
        yield lab
    finally:
        remove(lab)


def test_all_of_a_workflow_is_taken_over_and_the_next_plan_is_empty(flow: Lab) -> None:
    before = witnesses(flow)
    plan = flow.plan()
    assert set(actions(plan).values()) == {"import", "create"}
    assert [(c.node, f.path) for c in plan.changes if c.action == "import" for f in c.fields] == []
    summary = flow.apply()
    # The tool is no resource: it is made anew in the state only.
    assert (summary.imported, summary.created, summary.failed) == (8, 1, 0)
    assert witnesses(flow) == before
    again = flow.plan()
    assert (again.empty, again.drift) == (True, ())


def test_exactly_what_was_made_different_is_planned_and_put_right(flow: Lab) -> None:
    ids = {item["node"]: item["id"] for item in flow.template["flowplan"]["imports"]}
    for node, kind in (("group", "model_groups"), ("model", "models"), ("agent", "agents")):
        body: dict[str, Any] = {"description": f"another {flow.tag}"}
        flow.request("PUT", f"{ML}/{kind}/{ids[node]}", body)
    flow.request("PUT", f"/{ids['index']}/_settings", {"index": {"number_of_replicas": 1}})
    path = f"/_search/pipeline/{ids['search']}"
    there = everything(flow, path)[ids["search"]]
    flow.request("PUT", path, {**there, "description": "another"})
    flow.inputs("model")["description"] = "of nine steps"
    found = {
        change.node: [".".join(map(str, field.path)) for field in change.fields]
        for change in flow.plan().changes
        if change.action == "import" and change.fields
    }
    assert found == {
        "group": ["description"],
        "model": ["description"],
        "agent": ["description"],
        "search": ["configurations.description"],
        "index": ["configurations.settings.index.number_of_replicas"],
    }
    assert flow.apply().imported == 8
    again = flow.plan()
    assert (again.empty, again.drift) == (True, ())


def test_a_model_that_is_not_deployed_is_taken_over_and_deployed(flow: Lab) -> None:
    (model,) = [i["id"] for i in flow.template["flowplan"]["imports"] if i["node"] == "model"]
    flow.request("POST", f"{ML}/models/{model}/_undeploy")
    found = {c.node: [f.path for f in c.fields] for c in flow.plan().changes if c.then}
    assert found == {"deployment": [("deployed",)]}
    flow.apply()
    assert flow.request("GET", f"{ML}/models/{model}")["model_state"] == "DEPLOYED"
    assert flow.plan().empty


def test_what_was_taken_over_is_destroyed_to_the_last(flow: Lab) -> None:
    flow.apply()
    from flowplan.planner.build import build
    from flowplan.planner.execute import execute

    workspace = flow.workspace(template=False)
    with workspace.backend.lock("destroy"):
        plan = build(workspace, mode="destroy", allow_delete=frozenset({"all"}))
        assert execute(workspace, plan, listener=lambda _: None).left == ()
    assert witnesses(flow) == GONE
