"""What a workflow of Flow Framework made is taken over; a node without the plugin says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flowplan.errors import ProviderError
from flowplan.planner.workflow_import import import_workflow
from flowplan.providers.flow_framework import read_workflow_status
from flowplan.state.model import ProvisionStatus
from flowplan.state.workflow_status import read_status
from tests.lab import Lab
from tests.live.workflows import nine_steps, remove, settle, witnesses
from tests.workflow.flow_framework import WORKFLOW, told


@pytest.fixture
def made(either: Lab, service: str) -> Iterator[Lab]:
    """Nine steps on the cluster."""
    lab = settle(either, nine_steps(), service)
    try:
        assert lab.apply().state == "COMPLETED"
        yield lab
    finally:
        remove(lab)


def test_what_a_workflow_made_is_taken_over_under_its_id_and_planned_empty(made: Lab) -> None:
    before = witnesses(made)
    status = read_status(told(made.state), "the status")
    made.location = str(made.directory / "taken.state.json")
    workspace = made.workspace()
    with workspace.backend.lock("import"):
        snapshot = workspace.backend.load()
        taken = import_workflow(workspace, snapshot, status, ProvisionStatus())
        workspace.backend.save(taken.state)
    assert (len(taken.plan.changes), taken.done) == (8, ("tool",))
    assert made.state.lineage == WORKFLOW
    assert witnesses(made) == before
    again = made.plan()
    assert (again.empty, again.drift) == (True, ())


def test_a_cluster_without_the_plugin_says_so(either: Lab) -> None:
    connection = either.workspace(template=False).connection
    assert connection is not None
    with pytest.raises(ProviderError) as caught:
        read_workflow_status(connection.operation(), WORKFLOW)
    assert caught.value.diagnostics[0].code == "FP290"
