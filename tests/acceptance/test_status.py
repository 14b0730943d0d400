"""`status --format json`: the body that Flow Framework's `_status` has, at every moment."""

from __future__ import annotations

import time

from tests.acceptance.chat import KEY

STEPS = [
    ("create_connector", "create_connector_1", "connector_id"),
    ("register_remote_model", "register_model_2", "model_id"),
    ("deploy_model", "deploy_model_3", "model_id"),
]


def status(flowplan, *more):
    result = flowplan("status", "--format", "json", *more)
    assert result.code == 0, result.err
    return result.json


def test_never_applied_has_no_id(project, flowplan, conforms):
    assert conforms(status(flowplan), "status") == {"workflow_id": None, "state": "NOT_STARTED"}


def test_all_of_a_workflow_never_applied_has_empty_outputs(project, flowplan, conforms):
    found = conforms(status(flowplan, "--all"), "status")
    assert found["workflow_id"] is None
    assert found["state"] == "NOT_STARTED"
    assert found["user_outputs"] == {}


def test_completed_lists_every_step_with_its_resource(applied, flowplan, conforms):
    found = conforms(status(flowplan), "status")
    assert set(found) == {"workflow_id", "state", "resources_created"}
    assert found["state"] == "COMPLETED"
    made = found["resources_created"]
    assert [(item["workflow_step_name"], item["workflow_step_id"], item["resource_type"]) for item in made] == STEPS  # fmt: skip
    assert made[1]["resource_id"] == made[2]["resource_id"]
    assert all(set(item) == {"workflow_step_name", "workflow_step_id", "resource_type", "resource_id"} for item in made)  # fmt: skip
    assert len(found["workflow_id"]) == 20


def test_all_adds_progress_times_user_and_outputs(applied, flowplan, conforms):
    found = conforms(status(flowplan, "--all"), "status")
    assert found["provisioning_progress"] == "DONE"
    assert found["provision_start_time"] <= found["provision_end_time"]
    assert abs(found["provision_end_time"] / 1000 - time.time()) < 600
    assert found["user"]
    assert found["user_outputs"]["model_id"] == found["resources_created"][1]["resource_id"]


def test_failed_has_the_error_and_what_was_made(project, flowplan, conforms):
    assert flowplan("apply", "--auto-approve", "--endpoint", "sandbox:?deploy_fail=*").code == 3
    found = conforms(status(flowplan), "status")
    assert found["state"] == "FAILED"
    assert "deploy_model_3" in found["error"]
    nodes = [item["workflow_step_id"] for item in found["resources_created"]]
    assert nodes[:2] == ["create_connector_1", "register_model_2"]


def test_destroyed_keeps_the_id_and_is_not_started(applied, flowplan, conforms):
    before = status(flowplan)["workflow_id"]
    assert flowplan("destroy", "--auto-approve").code == 0
    found = conforms(status(flowplan), "status")
    assert found["workflow_id"] == before
    assert found["state"] == "NOT_STARTED"
    assert not found.get("resources_created")


def test_applied_again_keeps_the_id(applied, flowplan):
    before = status(flowplan)["workflow_id"]
    flowplan("destroy", "--auto-approve")
    assert flowplan("apply", "--auto-approve").code == 0
    assert status(flowplan)["workflow_id"] == before


def test_a_running_apply_is_provisioning_with_what_is_made_so_far(project, flowplan, process, conforms):  # fmt: skip
    child = process(
        "apply", "--auto-approve", "--format", "json", "--endpoint", "sandbox:?deploy=4s"
    )
    for line in child.stdout:
        assert KEY not in line
        if '"register_model_2"' in line and "step_completed" in line:
            break
    found = conforms(status(flowplan), "status")
    assert found["state"] == "PROVISIONING"
    nodes = [item["workflow_step_id"] for item in found["resources_created"]]
    assert nodes[:2] == ["create_connector_1", "register_model_2"]
    assert child.wait(30) == 0
    assert status(flowplan)["state"] == "COMPLETED"


def test_of_a_run_that_was_killed_text_says_so_and_json_stays_the_body(
    project, flowplan, process, conforms
):
    child = process(
        "apply", "--auto-approve", "--format", "json", "--endpoint", "sandbox:?deploy=9s"
    )
    for line in child.stdout:
        if "step_progress" in line:
            break
    child.kill()
    child.wait(10)
    assert "cut off" in flowplan("status").err
    assert "cut off" in flowplan("show").err
    conforms(flowplan("status", "--format", "json").json, "status")
    assert flowplan("apply", "--auto-approve").code == 0
    assert flowplan("status").err == ""


def test_of_a_run_that_goes_on_text_says_so(project, flowplan, process):
    child = process(
        "apply", "--auto-approve", "--format", "json", "--endpoint", "sandbox:?deploy=3s"
    )
    for line in child.stdout:
        if "step_completed" in line:
            break
    assert str(child.pid) in flowplan("status").err
    assert child.wait(30) == 0
