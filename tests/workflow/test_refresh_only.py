"""Drift that is taken into the state, through all layers but the command line."""

from __future__ import annotations

import pytest

from flowplan.errors import FlowplanError, PlanError, StalePlan
from flowplan.planner.build import build
from flowplan.planner.execute import execute
from flowplan.planner.plan import Plan
from flowplan.planner.select import Selection
from flowplan.planner.values import canonical
from tests.lab import KEY, Lab, actions, change_of


def rename(lab: Lab, name: str) -> None:
    lab.request("PUT", f"/_plugins/_ml/models/{lab.ids()['model']}", {"name": name})


def undeploy(lab: Lab) -> None:
    model = lab.ids()["model"]
    lab.request("POST", f"/_plugins/_ml/models/{model}/_undeploy", {}, safe=True)


def delete_model(lab: Lab) -> None:
    model = lab.ids()["model"]
    undeploy(lab)
    lab.request("DELETE", f"/_plugins/_ml/models/{model}")


def found(lab: Lab) -> Plan:
    return lab.plan(mode="refresh-only")


def carried_out(lab: Lab, plan: Plan, *, saved: bool) -> None:
    workspace = lab.workspace(template=False)
    with workspace.backend.lock("refresh-only"):
        execute(workspace, plan, listener=lab.events.append, saved=saved)


def test_it_says_what_it_looked_at_and_plans_no_change(lab: Lab) -> None:
    lab.apply()
    rename(lab, "by hand")
    plan = found(lab)
    assert (plan.mode, plan.changes, plan.outputs) == ("refresh-only", (), {})
    assert (dict(plan.summary)["drift"], plan.looked_at, plan.empty) == (1, 3, False)


def test_nothing_applied_means_nothing_to_look_at(lab: Lab) -> None:
    plan = found(lab)
    assert (plan.drift, plan.looked_at, plan.empty) == ((), 0, True)
    assert lab.accept().state == "NOT_STARTED"


def test_accepting_moves_the_serial_by_one_and_keeps_what_did_not_drift(lab: Lab) -> None:
    lab.apply()
    before = lab.state
    rename(lab, "by hand")
    summary = lab.accept()
    assert (summary.accepted, summary.serial, summary.state) == (1, 2, "COMPLETED")
    after = lab.state
    assert after.resources["connector"] == before.resources["connector"]
    assert after.resources["model"].inputs["name"] == "by hand"
    assert (after.outputs, after.status) == (before.outputs, before.status)


def test_what_the_template_does_not_set_is_accepted_for_good(lab: Lab) -> None:
    lab.apply()
    model = lab.ids()["model"]
    lab.request("PUT", f"/_plugins/_ml/models/{model}", {"description": "by hand"})
    assert found(lab).drift[0].fields[0].left_alone
    lab.accept()
    plan = lab.plan()
    assert (plan.empty, plan.drift) == (True, ())


def test_a_deployment_that_was_undone_is_made_again_by_the_next_apply(lab: Lab) -> None:
    lab.apply()
    undeploy(lab)
    lab.accept()
    assert not found(lab).drift
    change = change_of(lab.plan(), "deployment")
    assert (change.action, change.reason) == ("update", "drift")
    lab.apply()
    assert lab.on_cluster()["models"][0]["model_state"] == "DEPLOYED"
    assert lab.plan().empty


def test_what_is_gone_is_made_again_by_the_next_apply(lab: Lab) -> None:
    lab.apply()
    delete_model(lab)
    lab.accept()
    assert list(lab.state.resources) == ["connector"]
    assert actions(lab.plan()) == {
        "connector": "no-op", "model": "create", "deployment": "create",
    }  # fmt: skip


def test_once_everything_is_gone_the_workflow_is_not_started(lab: Lab) -> None:
    lab.apply()
    connector = lab.ids()["connector"]
    delete_model(lab)
    lab.request("DELETE", f"/_plugins/_ml/connectors/{connector}")
    assert lab.accept().state == "NOT_STARTED"
    assert lab.state.resources == {}


def test_a_replaced_resource_that_waits_is_not_forgotten(lab: Lab) -> None:
    lab.apply()
    old = lab.ids()["connector"]
    lab.apply(selection=Selection(target=("connector",), replace=("connector",)))
    new = lab.ids()["connector"]
    lab.request("DELETE", f"/_plugins/_ml/connectors/{new}")
    assert [item.code for item in found(lab).diagnostics] == ["FP267"]
    lab.accept()
    assert [item.resource_id for item in lab.state.resources["connector"].deposed] == [old]
    lab.apply()
    assert lab.plan().empty
    assert lab.counts() == (1, 1, 1)


def test_only_the_selected_nodes_are_accepted(lab: Lab) -> None:
    lab.apply()
    rename(lab, "by hand")
    undeploy(lab)
    lab.accept(selection=Selection(target=("model",)))
    assert [item.node for item in found(lab).drift] == ["deployment"]


def test_no_secret_is_shown_or_kept(lab: Lab) -> None:
    lab.inputs("connector")["parameters"]["token"] = "${{ openai_key }}"
    lab.apply()
    before = lab.state.resources["connector"].inputs
    undeploy(lab)
    body = {"parameters": {"token": "sk-other-9d1"}}
    lab.request("PUT", f"/_plugins/_ml/connectors/{lab.ids()['connector']}", body)
    plan = found(lab)
    assert [(f.path, f.sensitive) for f in plan.drift[0].fields] == [
        (("parameters", "token"), True)
    ]
    lab.accept()
    after = lab.state.resources["connector"].inputs
    assert after["credential"] == before["credential"]
    assert after["parameters"]["token"] != before["parameters"]["token"]
    for text in (repr(plan).encode(), (lab.directory / "t.state.json").read_bytes()):
        assert KEY.encode() not in text
        assert b"sk-other-9d1" not in text
    assert change_of(lab.plan(), "connector").action in ("update", "replace")


@pytest.mark.parametrize(("saved", "error"), [(True, StalePlan), (False, PlanError)])
def test_what_was_not_shown_is_not_accepted(
    lab: Lab, saved: bool, error: type[FlowplanError]
) -> None:
    lab.apply()
    rename(lab, "by hand")
    plan = found(lab)
    rename(lab, "once more")
    before = (lab.directory / "t.state.json").read_bytes()
    with pytest.raises(error) as raised:
        carried_out(lab, plan, saved=saved)
    assert [item.code for item in raised.value.diagnostics] == ["FP266"]
    assert (lab.directory / "t.state.json").read_bytes() == before


def test_a_saved_plan_without_drift_counts_as_used(lab: Lab) -> None:
    lab.apply()
    carried_out(lab, found(lab), saved=True)
    assert lab.state.serial == 2
    carried_out(lab, found(lab), saved=False)
    assert lab.state.serial == 2


def test_a_refresh_only_plan_is_the_same_twice(lab: Lab) -> None:
    lab.apply()
    rename(lab, "by hand")
    workspace = lab.workspace(template=False)
    first, second = (build(workspace, mode="refresh-only") for _ in range(2))
    assert first == second
    assert canonical([item.node for item in first.drift]) == b'["model"]'
