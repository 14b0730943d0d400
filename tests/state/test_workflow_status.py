"""Flow Framework's `_status` bodies, of its older and its newer releases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowplan.errors import StateError
from flowplan.state.model import ProvisionStatus, ResourceRecord, State
from flowplan.state.status import workflow_status
from flowplan.state.workflow_status import Created, WorkflowStatus, read_status

OLDER: dict[str, Any] = {
    "workflow_id": "8xL8bowB8y25Tqfenm50",
    "state": "COMPLETED",
    "resources_created": [
        {
            "workflow_step_name": "create_connector",
            "workflow_step_id": "create_connector_1",
            "connector_id": "NdjCQYwBLmvn802B0IwE",
        },
        {
            "workflow_step_name": "register_remote_model",
            "workflow_step_id": "register_model_2",
            "model_id": "N9jCQYwBLmvn802B0oyh",
        },
    ],
}
NEWER = {
    **OLDER,
    "resources_created": [
        {
            "workflow_step_name": "create_connector",
            "workflow_step_id": "create_connector_1",
            "resource_type": "connector_id",
            "resource_id": "NdjCQYwBLmvn802B0IwE",
        },
        {
            "workflow_step_name": "register_remote_model",
            "workflow_step_id": "register_model_2",
            "resource_type": "model_id",
            "resource_id": "N9jCQYwBLmvn802B0oyh",
        },
    ],
}
MADE = (
    Created("create_connector", "create_connector_1", "connector_id", "NdjCQYwBLmvn802B0IwE"),
    Created("register_remote_model", "register_model_2", "model_id", "N9jCQYwBLmvn802B0oyh"),
)


@pytest.mark.parametrize("body", [OLDER, NEWER], ids=["older", "newer"])
def test_both_shapes_say_the_same(body):
    assert read_status(body, "s") == WorkflowStatus("8xL8bowB8y25Tqfenm50", "COMPLETED", MADE)


def test_a_workflow_that_made_nothing_has_no_list():
    body = {"workflow_id": "8xL8bowB8y25Tqfenm50", "state": "NOT_STARTED"}
    assert read_status(body, "s").created == ()


def test_what_the_long_form_has_beside_is_left_alone():
    more = {"provisioning_progress": "FAILED", "user_outputs": {}, "provision_end_time": 7}
    body = {**OLDER, **more, "state": "FAILED", "error": "it broke"}
    assert (read_status(body, "s").state, read_status(body, "s").error) == ("FAILED", "it broke")


ENTRY = OLDER["resources_created"][0]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ([], "the body is no object"),
        (None, "the body is no object"),
        ({**OLDER, "workflow_id": 7}, "workflow_id: text was expected"),
        ({**OLDER, "workflow_id": None}, "workflow_id: text was expected"),
        ({**OLDER, "state": "DONE"}, "state: 'DONE' is none of"),
        ({**OLDER, "error": 7}, "error: text was expected"),
        ({**OLDER, "resources_created": {}}, "resources_created: an array was expected"),
        ({**OLDER, "resources_created": ["x"]}, "resources_created[0]: an object was expected"),
        (
            {**OLDER, "resources_created": [{**ENTRY, "model_id": "m"}]},
            "it has connector_id, model_id",
        ),
        (
            {**OLDER, "resources_created": [{k: v for k, v in ENTRY.items() if k[0] == "w"}]},
            "it has none",
        ),
        (
            {**OLDER, "resources_created": [{**ENTRY, "resource_type": "model_id"}]},
            "resources_created[0].resource_id: text was expected",
        ),
        (
            {**OLDER, "resources_created": [{**ENTRY, "workflow_step_id": ""}]},
            "resources_created[0].workflow_step_id: text was expected",
        ),
    ],
)
def test_what_is_no_status_is_refused_with_the_field(body, problem):
    with pytest.raises(StateError) as caught:
        read_status(body, "status.json")
    (found,) = caught.value.diagnostics
    assert (found.code, found.summary) == ("FP432", "status.json is no status of a workflow")
    assert problem in found.detail


NAMES = st.sampled_from(["a", "b", "c", "d"])
RECORDS = st.builds(
    ResourceRecord,
    NAMES,
    st.just("create_connector"),
    st.sampled_from([None, "connector_id"]),
    st.sampled_from([None, "i1", "i2"]),
)


@given(st.lists(RECORDS, max_size=4))
def test_what_flowplan_writes_can_be_read(records):
    state = State("8xL8bowB8y25Tqfenm50", 1, "w", "ab")
    state = replace(
        state,
        status=ProvisionStatus("COMPLETED"),
        resources={record.node: record for record in records},
    )
    body = workflow_status(state, all=True)
    found = read_status(body, "s")
    assert [(item.node, item.resource_id) for item in found.created] == [
        (entry["workflow_step_id"], entry["resource_id"]) for entry in body["resources_created"]
    ]
