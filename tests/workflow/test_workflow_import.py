"""Taking over a workflow of Flow Framework, through all layers but the command line."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import FlowplanError
from flowplan.planner.workflow_import import TakenOver, import_workflow
from flowplan.state.model import ProvisionStatus
from flowplan.state.workflow_status import read_status
from tests.lab import Lab, actions
from tests.workflow.flow_framework import WORKFLOW, told

COPYING: dict[str, Any] = {
    "name": "copying",
    "workflows": {
        "provision": {
            "nodes": [
                {"id": "old", "type": "create_index",
                 "user_inputs": {"index_name": "old", "configurations": {}}},
                {"id": "new", "type": "create_index",
                 "user_inputs": {"index_name": "new", "configurations": {}}},
                {"id": "copy", "type": "reindex", "user_inputs": {
                    "source_index": "${{ old.index_name }}",
                    "destination_index": "${{ new.index_name }}"}},
                {"id": "after", "type": "noop", "user_inputs": {"delay": "1ms"}},
            ],
            "edges": [{"source": "copy", "dest": "after"}],
        }
    },
    "flowplan": {"outputs": {"copied": "${{ copy.reindex }}"}},
}  # fmt: skip


@pytest.fixture
def copying(tmp_path: Path) -> Lab:
    """Two indices and a copy that were made, and a state that does not know of them."""
    lab = Lab(tmp_path, COPYING)
    lab.params = {}
    assert lab.apply().state == "COMPLETED"
    return lab


def take(lab: Lab, word: str = "COMPLETED", *, keep: bool = False, **more: Any) -> TakenOver:
    """What `flowplan import --workflow` does, into an empty state unless `keep`."""
    if not keep:
        body = told(lab.state, word)
        lab.location = str(lab.directory / f"{len(list(lab.directory.iterdir()))}.state.json")
    else:
        body = told(lab.state, word)
    status = read_status({**body, **more}, "the status")
    workspace = lab.workspace()
    with workspace.backend.lock("import"):
        taken = import_workflow(workspace, workspace.backend.load(), status, ProvisionStatus())
        if taken.plan.changes or taken.done:
            workspace.backend.save(taken.state)
    return taken


def listed(lab: Lab) -> list[dict[str, Any]]:
    """What the state has, in the order of its nodes: `old` after `new`."""
    found: list[dict[str, Any]] = told(lab.state)["resources_created"]
    return sorted(found, key=lambda item: str(item["workflow_step_id"]))


def codes(taken: TakenOver) -> list[str]:
    return [item.code for item in taken.plan.diagnostics]


def test_a_copy_that_was_made_is_not_made_again(copying: Lab) -> None:
    taken = take(copying)
    assert taken.done == ("copy", "after")
    assert copying.plan().empty
    assert copying.state.outputs["copied"].value == {
        "source_index": "old", "destination_index": "new",
    }  # fmt: skip
    assert copying.apply().created == 0


def test_a_copy_of_a_failed_workflow_that_is_not_listed_is_made_by_the_next_apply(
    copying: Lab,
) -> None:
    taken = take(copying, "FAILED", error="it failed")
    assert taken.done == ("after",)
    assert actions(copying.plan())["copy"] == "create"
    assert (copying.state.status.state, copying.state.status.error) == ("FAILED", "it failed")


def test_a_copy_of_a_failed_workflow_that_is_listed_was_made(copying: Lab) -> None:
    entry = {
        "workflow_step_id": "copy", "workflow_step_name": "reindex",
        "resource_type": "index_name", "resource_id": "new",
    }  # fmt: skip
    assert take(copying, "FAILED", resources_created=[*listed(copying), entry]).done == (
        "copy",
        "after",
    )


def test_a_workflow_at_work_is_taken_over_with_a_warning_and_is_not_complete(copying: Lab) -> None:
    assert codes(take(copying, "PROVISIONING")) == ["FP296"]
    assert copying.state.status.error == "taken over while Flow Framework said PROVISIONING"


def test_the_times_are_now_where_the_status_has_none(copying: Lab) -> None:
    take(copying)
    status = copying.state.status
    assert status.start_time == status.end_time is not None
    assert copying.state.lineage == WORKFLOW


def test_a_node_of_another_type_gets_nothing_and_it_is_told(copying: Lab) -> None:
    copying.nodes[0] = {"id": "old", "type": "noop"}
    copying.inputs("copy")["source_index"] = "old"
    taken = take(copying)
    assert codes(taken) == ["FP293"]
    assert set(copying.ids()) == {"old", "new", "copy", "after"}
    assert copying.ids()["old"] is None


def test_a_step_that_nobody_knows_is_told(copying: Lab) -> None:
    entry = {
        "workflow_step_id": "old", "workflow_step_name": "create_moon",
        "resource_type": "moon_id", "resource_id": "m",
    }  # fmt: skip
    assert codes(take(copying, resources_created=[*listed(copying), entry])) == ["FP293"]


def test_a_node_that_has_another_resource_by_now_keeps_it(copying: Lab) -> None:
    take(copying)
    body = listed(copying)
    body[1] = {**body[1], "resource_id": "older"}
    taken = take(copying, keep=True, resources_created=body)
    assert codes(taken) == ["FP293"]
    assert copying.ids()["old"] == "old"


def test_two_nodes_of_one_resource_are_refused(copying: Lab) -> None:
    body = listed(copying)
    body[0] = {**body[0], "resource_id": "old"}
    with pytest.raises(FlowplanError) as caught:
        take(copying, resources_created=body)
    assert [item.code for item in caught.value.diagnostics] == ["FP484"]


def test_what_is_left_of_it_is_taken_over_in_a_second_call(copying: Lab) -> None:
    body = listed(copying)
    assert codes(take(copying, "FAILED", resources_created=body[1:])) == ["FP296"]
    taken = take(copying, keep=True, resources_created=body)
    assert [change.node for change in taken.plan.changes] == ["new"]
    assert copying.state.serial == 2
    assert copying.plan().empty


def test_a_tool_whose_model_is_not_there_is_left_to_the_next_apply(lab: Lab) -> None:
    lab.nodes.append(
        {"id": "tool", "type": "create_tool", "previous_node_inputs": {"model": "model_id"},
         "user_inputs": {"type": "MLModelTool"}}
    )  # fmt: skip
    lab.apply()
    (connector, *_) = listed(lab)
    template = copy.deepcopy(lab.template)
    taken = take(lab, "FAILED", resources_created=[connector])
    assert lab.template == template
    assert taken.done == ()
    assert actions(lab.plan())["tool"] == "create"
