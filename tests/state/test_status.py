from __future__ import annotations

import pytest

from flowplan.state.model import OutputRecord, ProvisionStatus
from flowplan.state.status import workflow_status


def model(record, node="register_model_2", **fields):
    known = {"resource_type": "model_id", "resource_id": "M", **fields}
    return record(node, "register_remote_model", **known)


def names(body):
    return [(e["workflow_step_name"], e["workflow_step_id"]) for e in body["resources_created"]]


def test_a_workflow_that_was_never_applied_has_no_id():
    assert workflow_status(None) == {"workflow_id": None, "state": "NOT_STARTED"}


def test_a_destroyed_workflow_keeps_its_id(state):
    assert workflow_status(state()) == {
        "workflow_id": "8xL8bowB8y25Tqfenm50",
        "state": "NOT_STARTED",
    }


def test_a_provisioned_workflow_is_answered_as_flow_framework_does(state, record):
    done = state("create_connector_1", status=ProvisionStatus("COMPLETED")).put(model(record))
    deploy = record("deploy_model_3", "deploy_model", resource_type="model_id", resource_id="M")
    assert workflow_status(done.put(deploy)) == {
        "workflow_id": "8xL8bowB8y25Tqfenm50",
        "state": "COMPLETED",
        "resources_created": [
            {
                "workflow_step_name": "create_connector",
                "workflow_step_id": "create_connector_1",
                "resource_type": "connector_id",
                "resource_id": "id-create_connector_1",
            },
            {
                "workflow_step_name": "register_remote_model",
                "workflow_step_id": "register_model_2",
                "resource_type": "model_id",
                "resource_id": "M",
            },
            {
                "workflow_step_name": "deploy_model",
                "workflow_step_id": "deploy_model_3",
                "resource_type": "model_id",
                "resource_id": "M",
            },
        ],
    }


def test_a_completed_workflow_without_resources_lists_none(state):
    body = workflow_status(state(status=ProvisionStatus("COMPLETED")))
    assert body["resources_created"] == []


def test_what_destroy_left_is_listed(state):
    assert names(workflow_status(state("a"))) == [("create_connector", "a")]


def test_a_running_apply_shows_what_is_there_already(state):
    body = workflow_status(state("a"), provisioning=True)
    assert body["state"] == "PROVISIONING"
    assert len(body["resources_created"]) == 1


def test_an_apply_that_has_written_nothing_yet_is_provisioning():
    body = workflow_status(None, provisioning=True)
    assert body == {"workflow_id": None, "state": "PROVISIONING", "resources_created": []}


def test_a_failure_comes_with_its_error(state):
    failed = state(status=ProvisionStatus("FAILED", "the disk is full"))
    body = workflow_status(failed)
    assert list(body) == ["workflow_id", "error", "state", "resources_created"]
    assert body["error"] == "the disk is full"


def test_an_older_error_is_not_told_while_a_new_apply_runs(state):
    failed = state(status=ProvisionStatus("FAILED", "the disk is full"))
    assert "error" not in workflow_status(failed, provisioning=True)


@pytest.mark.parametrize("deploy", [True, "true"])
def test_a_model_deployed_by_its_register_step_is_listed_twice(state, record, deploy):
    body = workflow_status(state().put(model(record, inputs={"deploy": deploy})))
    assert names(body) == [
        ("register_remote_model", "register_model_2"),
        ("deploy_model", "register_model_2"),
    ]
    assert {entry["resource_id"] for entry in body["resources_created"]} == {"M"}


@pytest.mark.parametrize(
    "fields",
    [
        {"inputs": {"deploy": False}},
        {"inputs": {"deploy": 1}},
        {"inputs": {"deploy": ["true"]}},
        {"inputs": {"deploy": True}, "status": "pending"},
        {"inputs": {"deploy": True}, "status": "tainted"},
        {"inputs": {"deploy": True}, "pending": ("deploy",)},
        {"inputs": {"deploy": True}, "resource_type": "model_group_id"},
    ],
)
def test_a_model_that_is_not_deployed_is_listed_once(state, record, fields):
    body = workflow_status(state().put(model(record, **fields)))
    assert names(body) == [("register_remote_model", "register_model_2")]


def test_only_a_register_step_deploys_by_itself(state, record):
    other = record("d", "deploy_model", resource_type="model_id", inputs={"deploy": True})
    assert names(workflow_status(state().put(other))) == [("deploy_model", "d")]


def test_steps_that_leave_nothing_are_not_listed(state, record):
    body = workflow_status(
        state("a")
        .put(record("wait", "noop", resource_type=None, resource_id=None))
        .put(record("begun", resource_id=None))
    )
    assert names(body) == [("create_connector", "a")]


def test_resources_stand_in_the_order_in_which_they_were_made(state):
    body = workflow_status(state("z", "a", "m"))
    assert [node for _, node in names(body)] == ["z", "a", "m"]


def test_a_resource_never_stands_before_its_dependency(state, record):
    now = state("a", "b", "new", "c").put(record("a", dependencies=("b", "new", "gone")))
    body = workflow_status(now)
    assert [node for _, node in names(body)] == ["b", "new", "a", "c"]


def test_shared_dependencies_are_listed_once(state, record):
    now = state("a", "b", "c")
    now = now.put(record("a", dependencies=("b", "c"))).put(record("b", dependencies=("c",)))
    assert [node for _, node in names(workflow_status(now))] == ["c", "b", "a"]


def test_a_circle_in_the_records_does_not_hang(state, record):
    now = (
        state("a", "b").put(record("a", dependencies=("b",))).put(record("b", dependencies=("a",)))
    )
    assert sorted(node for _, node in names(workflow_status(now))) == ["a", "b"]


@pytest.mark.parametrize(
    ("word", "progress"),
    [
        ("NOT_STARTED", "NOT_STARTED"),
        ("PROVISIONING", "IN_PROGRESS"),
        ("COMPLETED", "DONE"),
        ("FAILED", "FAILED"),
    ],
)
def test_all_gives_the_progress_of_each_state(state, word, progress):
    body = workflow_status(state(status=ProvisionStatus(word)), all=True)
    assert body["provisioning_progress"] == progress


def test_all_gives_times_user_and_outputs(state):
    body = workflow_status(
        state(
            status=ProvisionStatus("COMPLETED", None, 1, 2, "ann"),
            outputs={"model_id": OutputRecord("M"), "key": OutputRecord(None, sensitive=True)},
        ),
        all=True,
    )
    assert list(body)[3:] == [
        "provisioning_progress",
        "provision_start_time",
        "provision_end_time",
        "user",
        "user_outputs",
    ]
    assert (body["provision_start_time"], body["provision_end_time"], body["user"]) == (1, 2, "ann")
    assert body["user_outputs"] == {"model_id": "M", "key": "(sensitive)"}


def test_all_of_a_workflow_that_was_never_applied_has_outputs_and_no_times():
    assert workflow_status(None, all=True) == {
        "workflow_id": None,
        "state": "NOT_STARTED",
        "provisioning_progress": "NOT_STARTED",
        "user_outputs": {},
    }
