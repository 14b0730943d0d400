"""Plans about a part of a workflow, through all layers but the command line."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import PlanError
from flowplan.planner.select import Selection
from tests.lab import CHAT, Lab, actions, change_of


def only(*names: str) -> Selection:
    return Selection(target=names)


def anew(*names: str, **more: tuple[str, ...]) -> Selection:
    return Selection(replace=names, **more)


def reads(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of resources that are fetched, from now on."""
    kinds: list[str] = []
    for name in ("create_connector", "register_remote_model", "create_index"):
        step = type(lab.registry.step(name))
        fetch = step.fetch

        def watching(self: Any, cluster: Any, ids: Any, fetch: Any = fetch) -> Any:
            kinds.append(self.kind)
            return fetch(self, cluster, ids)

        monkeypatch.setattr(step, "fetch", watching)
    return kinds


# ---- what is looked at ----------------------------------------------------------------------


def test_what_is_left_out_is_not_read(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.apply()
    kinds = reads(lab, monkeypatch)
    plan = lab.plan(selection=only("connector"))
    assert kinds == ["connector"]
    assert actions(plan) == {"connector": "no-op"}


def test_drift_of_what_is_left_out_is_not_told(lab: Lab) -> None:
    lab.apply()
    model = lab.ids()["model"]
    lab.request("PUT", f"/_plugins/_ml/models/{model}", {"name": "by hand"})
    assert not lab.plan(selection=only("connector")).drift
    assert lab.plan(selection=only("model")).drift


def test_a_missing_plugin_of_what_is_left_out_does_not_matter(lab: Lab) -> None:
    lab.options = "plugins=opensearch-flow-framework"
    lab.nodes.append({"id": "nothing", "type": "noop"})
    with pytest.raises(PlanError):
        lab.plan()
    assert actions(lab.plan(selection=only("nothing"))) == {"nothing": "create"}


def test_an_import_of_what_is_left_out_is_not_looked_up(lab: Lab) -> None:
    lab.template["flowplan"]["imports"] = [{"node": "model", "id": "not-there"}]
    assert actions(lab.plan(selection=only("connector"))) == {"connector": "create"}


# ---- what is done ---------------------------------------------------------------------------


def test_a_change_of_what_is_left_out_is_not_applied(lab: Lab) -> None:
    lab.apply()
    lab.inputs("model")["name"] = "another"
    lab.inputs("connector")["description"] = "another"
    lab.apply(selection=only("connector"))
    assert actions(lab.plan())["model"] == "update"
    assert lab.on_cluster()["models"][0]["name"] == "chat model"


def test_a_partial_apply_then_a_whole_one_equal_one_whole_apply(lab: Lab) -> None:
    lab.apply(selection=only("model"))
    lab.apply()
    record = lab.state.resources["model"]
    assert lab.plan().empty
    assert list(lab.state.resources) == ["connector", "model", "deployment"]
    assert record.dependencies == ("connector",)
    assert lab.counts() == (1, 1, 1)


def test_a_removed_node_is_deleted_only_when_it_is_named(lab: Lab) -> None:
    lab.apply()
    lab.without("deployment")
    lab.template["flowplan"] = {}
    assert actions(lab.plan(selection=only("model"))) == {"connector": "no-op", "model": "no-op"}
    assert actions(lab.plan(selection=only("deployment"))) == {"deployment": "delete"}
    lab.apply(selection=only("deployment"))
    assert list(lab.state.resources) == ["connector", "model"]


def test_what_another_node_deploys_stays_deployed(lab: Lab) -> None:
    lab.nodes.append({**lab.node("deployment"), "id": "second"})
    lab.apply()
    lab.without("second")
    assert actions(lab.plan(selection=only("second"))) == {"second": "forget"}
    destroy = lab.plan(mode="destroy", selection=only("second"))
    assert actions(destroy) == {"second": "forget"}
    lab.destroy(selection=only("second"))
    assert lab.on_cluster()["models"][0]["model_state"] == "DEPLOYED"


def test_a_replaced_connector_stays_for_a_model_that_is_left_out(lab: Lab) -> None:
    lab.apply()
    old = lab.ids()["connector"]
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    plan = lab.plan(selection=only("connector"))
    change = change_of(plan, "connector")
    assert (change.action, change.stays_for, change.used_by) == ("replace", ("model",), ())
    assert change.steps == ("create the new connector",)
    assert "model stays on the old one, which is kept until then" in change.notes
    summary = lab.apply(selection=only("connector"))
    assert (summary.replaced, summary.failed, summary.skipped) == (1, 0, 0)
    assert [item.resource_id for item in lab.state.resources["connector"].deposed] == [old]
    assert lab.on_cluster()["models"][0]["connector_id"] == old


def test_the_old_one_is_not_deleted_before_what_was_left_out_is_moved(lab: Lab) -> None:
    lab.apply()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    lab.apply(selection=only("connector"))
    # A further plan about the connector alone has nothing to do.
    assert lab.plan(selection=only("connector")).empty
    plan = lab.plan()
    assert [(c.node, c.action, c.reason) for c in plan.pending] == [
        ("model", "update", "dependency"), ("connector", "delete", "deposed"),
    ]  # fmt: skip
    lab.apply()
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty


def test_the_status_of_a_failed_workflow_stays_with_a_partial_destroy(lab: Lab) -> None:
    lab.options = "deploy_fail=chat*"
    assert lab.apply().state == "FAILED"
    error = lab.state.status.error
    lab.options = "deploy=0ms"
    assert lab.destroy(selection=only("deployment")).state == "FAILED"
    assert (lab.state.status.state, lab.state.status.error) == ("FAILED", error)


def test_a_node_that_is_no_longer_wanted_completes_a_partial_apply(lab: Lab) -> None:
    lab.apply(selection=only("model"))
    assert lab.state.status.state == "PROVISIONING"
    lab.without("deployment")
    lab.template["flowplan"] = {}
    assert (lab.apply().state, lab.state.status.state) == ("COMPLETED", "COMPLETED")


# ---- replacements ---------------------------------------------------------------------------


def test_a_requested_replacement_deletes_the_old_one_last(lab: Lab) -> None:
    lab.apply()
    before = lab.ids()
    summary = lab.apply(selection=anew("connector"))
    assert (summary.replaced, summary.updated) == (1, 1)
    after = lab.ids()
    assert after["connector"] != before["connector"]
    assert after["model"] == before["model"]
    assert lab.counts() == (1, 1, 1)


def test_a_replaced_deployment_is_taken_back_and_made_again(lab: Lab) -> None:
    lab.apply()
    plan = lab.plan(selection=anew("deployment"))
    change = change_of(plan, "deployment")
    assert (change.action, change.order) == ("replace", "destroy_before_create")
    assert change.steps == ("undeploy the model", "deploy the model again")
    assert not plan.outputs_changed
    lab.apply(selection=anew("deployment"))
    assert lab.on_cluster()["models"][0]["model_state"] == "DEPLOYED"
    assert lab.plan().empty


def test_a_replacement_that_is_planned_anyway_keeps_its_reason(lab: Lab) -> None:
    lab.apply()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    change = change_of(lab.plan(selection=anew("connector")), "connector")
    assert (change.action, change.reason) == ("replace", "changed")


def test_an_act_is_done_again(lab: Lab) -> None:
    lab.request("PUT", "/docs", {})
    configurations = {"settings": {"index.refresh_interval": "9s"}}
    lab.nodes[:] = [
        {
            "id": "act",
            "type": "update_index",
            "user_inputs": {"index_name": "docs", "configurations": configurations},
        }
    ]
    lab.template.pop("flowplan")
    lab.params = {}
    lab.apply()
    lab.request("PUT", "/docs/_settings", {"index": {"refresh_interval": "1s"}})
    change = change_of(lab.plan(selection=anew("act")), "act")
    assert (change.action, change.reason, change.steps) == (
        "update", "requested", ("run update_index again",),
    )  # fmt: skip
    lab.apply(selection=anew("act"))
    settings = lab.request("GET", "/docs/_settings")["docs"]["settings"]
    assert settings["index"]["refresh_interval"] == "9s"


def test_replacing_what_holds_data_needs_permission(lab: Lab) -> None:
    lab.nodes[:] = [
        {
            "id": "index", "type": "create_index",
            "user_inputs": {"index_name": "docs", "configurations": {}},
        }
    ]  # fmt: skip
    lab.template.pop("flowplan")
    lab.params = {}
    lab.apply()
    assert change_of(lab.plan(selection=anew("index")), "index").blocked == "docs"
    plan = lab.plan(selection=anew("index"), allow_delete=frozenset({"docs"}))
    change = change_of(plan, "index")
    assert (change.action, change.order, change.blocked) == (
        "replace", "destroy_before_create", None,
    )  # fmt: skip


def test_a_foreign_user_of_what_is_replaced_is_named(lab: Lab) -> None:
    lab.apply()
    body = {
        "name": "foreign", "function_name": "remote", "connector_id": lab.ids()["connector"],
    }  # fmt: skip
    lab.request("POST", "/_plugins/_ml/models/_register", body)
    plan = lab.plan(selection=anew("connector"))
    assert "FP212" in [item.code for item in plan.diagnostics]


def test_what_the_plan_takes_over_is_not_replaced(lab: Lab, tmp_path: Any) -> None:
    other = Lab(tmp_path, CHAT)
    other.location = str(tmp_path / "other.state.json")
    other.apply(selection=only("connector"))
    lab.template["flowplan"]["imports"] = [{"node": "connector", "id": other.ids()["connector"]}]
    with pytest.raises(PlanError) as error:
        lab.plan(selection=anew("connector"))
    assert [item.code for item in error.value.diagnostics] == ["FP265"]
