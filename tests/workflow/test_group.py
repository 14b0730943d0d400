"""A model that leaves a group of the template, and what is taken over of one undone by hand."""

from __future__ import annotations

from flowplan.planner.execute import execute
from tests.lab import Lab, actions, change_of


def grouped(lab: Lab) -> None:
    group = {"id": "group", "type": "register_model_group", "user_inputs": {"name": "shared"}}
    lab.nodes.append(group)
    lab.node("model")["previous_node_inputs"]["group"] = "model_group_id"


def test_a_model_that_leaves_its_group_is_made_anew_and_the_group_can_go(lab: Lab) -> None:
    grouped(lab)
    lab.apply()
    lab.without("group")
    del lab.node("model")["previous_node_inputs"]["group"]
    plan = lab.plan()
    assert (actions(plan)["model"], actions(plan)["group"]) == ("replace", "delete")
    assert [field.path for field in change_of(plan, "model").fields] == [("model_group_id",)]
    assert lab.apply().failed == 0
    assert [item["name"] for item in lab.on_cluster()["model_groups"]] == ["chat model"]
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


def test_a_deployment_by_input_that_was_undone_and_accepted_is_no_drift_any_more(lab: Lab) -> None:
    lab.without("deployment")
    lab.template["flowplan"]["outputs"] = {}
    lab.inputs("model")["deploy"] = True
    lab.apply()
    model = f"/_plugins/_ml/models/{lab.ids()['model']}"
    lab.request("POST", f"{model}/_undeploy", safe=True)
    assert [item.node for item in lab.plan(mode="refresh-only").drift] == ["model"]
    accept(lab)
    assert lab.plan(mode="refresh-only").drift == ()
    change = change_of(lab.plan(), "model")
    assert [(field.path, field.before, field.after) for field in change.fields] == [
        (("deploy",), False, True)
    ]
    lab.apply()
    assert lab.plan().empty
    assert lab.plan().drift == ()


def accept(lab: Lab) -> None:
    workspace = lab.workspace()
    plan = lab.plan(mode="refresh-only")
    with workspace.backend.lock("apply"):
        execute(workspace, plan, listener=lambda _: None)
