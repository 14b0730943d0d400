"""`import NODE ID`: one node takes over what is there, and what then differs is told.

Changes nothing on the cluster. The lock is held by the caller, and what an earlier run left
open was cleared up before. This module must not know how anything is drawn.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from flowplan.dataclass import dataclass, replace
from flowplan.planner.binding import bind
from flowplan.planner.checks import check_plugins, compatibility
from flowplan.planner.imports import check_node, look_up, owners_of
from flowplan.planner.outputs import output_records
from flowplan.planner.plan import NodeChange, Plan
from flowplan.planner.walk import Walk
from flowplan.planner.wording import thing
from flowplan.planner.workspace import Workspace
from flowplan.state.backends import Snapshot
from flowplan.state.identity import check_cluster, check_workflow
from flowplan.state.model import (
    ClusterIdentity,
    ProvisionStatus,
    ResourceRecord,
    State,
)

__all__ = ["Taken", "import_one"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking over one resource comes to: `plan` has the one change, `state` the record.

    `state` is not written yet.
    """

    plan: Plan
    state: State


def import_one(
    workspace: Workspace, snapshot: Snapshot, node: str, resource_id: str, *, settled: bool = False
) -> Taken:
    """Read `resource_id`, make the record of `node`, and find what then differs.

    Only what belongs to the node is compared: other nodes count as the state has them. `settled`
    says that the node had a cut-off request, and may have this id by now. Raises
    `PlanError` FP480 to FP486, `TemplateError`, `StateError`, and what the cluster raises.
    """
    template, params, connection = workspace.template, workspace.params, workspace.connection
    if template is None or params is None or connection is None:
        raise ValueError("importing needs a template, params and a cluster")
    state = snapshot.state
    if state is not None:
        check_workflow(state, template.name, workspace.backend.location)
    records = state.resources if state else {}
    if settled and state is not None and _has(records, node, resource_id):
        return _made_before(workspace, state, snapshot, node)
    owners = owners_of(workspace.steps, records.values())
    check_node(template, workspace.steps, records, owners, node, resource_id)
    sent = connection.request_count
    server = workspace.steps.describe(connection.operation())
    identity = ClusterIdentity(server.cluster_uuid, workspace.endpoint)
    if state is not None:
        check_cluster(state, identity, workspace.backend.location)
    check_plugins(template, workspace.steps, server)
    wanted = {node: resource_id}
    items = look_up(template, workspace.steps, connection.operation(), wanted, workspace.endpoint)
    binding = bind(workspace, snapshot)
    walked = Walk(workspace, template, params, records, {}, binding.salt, imports=items).run()
    plan = Plan(
        workflow=template.name, endpoint=workspace.endpoint, mode="apply",
        changes=tuple(change for change in walked.changes if change.node == node),
        diagnostics=(
            *compatibility(template, server),
            *(item.without_place() for item in walked.warnings if item.node == node),
        ),
        binding=binding, server=server.version, cluster=server.cluster_uuid,
        state_location=workspace.backend.location, requests=connection.request_count - sent,
    )  # fmt: skip
    before = state or State(binding.lineage, 0, template.name, binding.salt, identity)
    after = replace(before.put(walked.adopted[node]), serial=before.serial + 1)
    if {item.id for item in template.nodes} <= set(after.resources):
        after = replace(after, outputs=output_records(walked.outputs))
    return Taken(plan, _provisioned(after))


def _has(records: Mapping[str, ResourceRecord], node: str, resource_id: str) -> bool:
    return node in records and records[node].resource_id == resource_id


def _made_before(workspace: Workspace, state: State, snapshot: Snapshot, node: str) -> Taken:
    """It is what a cut-off request of ours made: the state has it now, and apply finishes it."""
    record = state.resources[node]
    what = thing(record.type, record.resource_type)
    change = NodeChange(
        node=node, type=record.type, action="import", reason="unfinished",
        resource_id=record.resource_id, resource_type=record.resource_type,
        depends_on=record.dependencies, then="update",
        steps=(f"take over the {what} that a cut-off request made", f"finish the {what}"),
    )  # fmt: skip
    plan = Plan(
        workflow=state.workflow, endpoint=workspace.endpoint, mode="apply", changes=(change,),
        binding=bind(workspace, snapshot), state_location=workspace.backend.location,
    )  # fmt: skip
    return Taken(plan, replace(state, serial=state.serial + 1))


def _provisioned(state: State) -> State:
    """A workflow that has resources has been provisioned, if only by taking over."""
    if state.status.state != "NOT_STARTED":
        return state
    now = round(time.time() * 1000)
    return replace(state, status=ProvisionStatus("COMPLETED", start_time=now, end_time=now))
