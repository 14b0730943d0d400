"""`import --workflow`: all that Flow Framework made for a workflow becomes that of the template.

Reads the cluster and changes nothing on it. The lock is held by the caller. This module must not
know where template and status come from, or how anything is drawn.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic, PlanError, StateError
from flowplan.planner.binding import bind
from flowplan.planner.checks import check_plugins, compatibility
from flowplan.planner.imports import Importing, check_node, look_for, owners_of
from flowplan.planner.outputs import output_records
from flowplan.planner.params import Params
from flowplan.planner.plan import Binding, Plan
from flowplan.planner.resolve import Resolver
from flowplan.planner.template import Template
from flowplan.planner.values import Unknown, has_unknown, seal
from flowplan.planner.walk import Walk
from flowplan.planner.workspace import Workspace
from flowplan.state.backends import Snapshot
from flowplan.state.identity import check_cluster, check_workflow
from flowplan.state.model import ClusterIdentity, ProvisionStatus, ResourceRecord, State
from flowplan.state.workflow_status import Created, WorkflowStatus

__all__ = ["TakenOver", "import_workflow"]

_ID = re.compile(r"[A-Za-z0-9_-]{20}")


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What taking over a workflow comes to: `plan` has the imports, `state` the records.

    `done` are nodes that are recorded without a resource. `state` is not written yet; it is that
    of before when there was nothing to take over any more.
    """

    plan: Plan
    state: State
    done: tuple[str, ...] = ()


def import_workflow(
    workspace: Workspace,
    snapshot: Snapshot,
    status: WorkflowStatus,
    provision: ProvisionStatus,
) -> TakenOver:
    """Take over what `status` lists, and find what then differs.

    1. See that the state is empty, or that of this workflow; it gets the workflow's id.
    2. Match what was made with the nodes of the template; what is recorded already is done.
    3. Read all of it, one search a kind.
    4. Record the nodes that have nothing on the cluster as done: nothing is run again.
    5. Compare with the template, and record.

    `provision` are Flow Framework's times. Raises `PlanError` FP294, FP481 to FP485,
    `StateError` FP295, `TemplateError`, and what the cluster raises.
    """
    template, params, connection = workspace.template, workspace.params, workspace.connection
    if template is None or params is None or connection is None:
        raise ValueError("taking over needs a template, params and a cluster")
    sent = connection.request_count
    before, warnings = _before(workspace, template, snapshot, status)
    server = workspace.steps.describe(connection.operation())
    identity = ClusterIdentity(server.cluster_uuid, workspace.endpoint)
    if snapshot.state is not None:
        check_cluster(before, identity, workspace.backend.location)
    check_plugins(template, workspace.steps, server)
    matching = _Matching(workspace, template, before.resources)
    wanted = matching.match(status)
    cluster = connection.operation()
    items, gone = look_for(template, workspace.steps, cluster, wanted, workspace.endpoint)
    done = _done(workspace, template, params, before, status, items, matching.acted)
    records = {**before.resources, **done}
    walked = Walk(workspace, template, params, records, {}, before.salt, imports=items).run()
    told = (*compatibility(template, server), *warnings, *matching.warnings, *map(_not_there, gone))
    plan = Plan(
        workflow=template.name, endpoint=workspace.endpoint, mode="apply",
        changes=tuple(change for change in walked.changes if change.node in items),
        diagnostics=_without_places(*told, *(w for w in walked.warnings if w.node in items)),
        binding=replace(bind(workspace, snapshot), lineage=before.lineage, salt=before.salt),
        server=server.version, cluster=server.cluster_uuid,
        state_location=workspace.backend.location, requests=connection.request_count - sent,
    )  # fmt: skip
    if not items and not done and snapshot.state is not None:
        return TakenOver(plan, before)
    after = replace(before, resources={**records, **walked.adopted}, cluster=identity)
    if {item.id for item in template.nodes} <= set(after.resources):
        after = replace(after, outputs=output_records(walked.outputs))
    after = replace(after, serial=before.serial + 1, status=_provision(status, provision))
    return TakenOver(plan, after, tuple(done))


def _without_places(*told: Diagnostic) -> tuple[Diagnostic, ...]:
    return tuple(item.without_place() for item in told)


def _before(
    workspace: Workspace, template: Template, snapshot: Snapshot, status: WorkflowStatus
) -> tuple[State, tuple[Diagnostic, ...]]:
    """The state that is continued, and what to tell. Raises FP294, FP295."""
    if status.state == "NOT_STARTED" or not (status.created or status.state == "COMPLETED"):
        raise PlanError.of(
            "FP294", f"there is nothing of the workflow {status.workflow_id} to take over",
            f"Flow Framework says that it is {status.state} and has made nothing.",
            hint="Its template can be planned like any other: flowplan plan",
        )  # fmt: skip
    told = tuple(_told(status))
    fits = _ID.fullmatch(status.workflow_id) is not None
    if snapshot.state is not None:
        check_workflow(snapshot.state, template.name, workspace.backend.location)
        if snapshot.state.lineage != status.workflow_id:
            raise _another(snapshot.state, status, workspace.backend.location)
        return snapshot.state, told
    binding: Binding = bind(workspace, snapshot)
    if not fits:
        told = (
            *told,
            Diagnostic(
                "warning", "FP297", f"the state has an id of its own, not {status.workflow_id}",
                "An id of a workflow has 20 characters: letters, digits, - and _.",
            ),
        )  # fmt: skip
    lineage = status.workflow_id if fits else binding.lineage
    return State(lineage, 0, template.name, binding.salt), told


def _told(status: WorkflowStatus) -> list[Diagnostic]:
    if status.state == "COMPLETED":
        return []
    why = status.error or "It may still be making more, which nobody would manage."
    summary = f"the workflow is {status.state}: what there is of it is taken over"
    return [
        Diagnostic(
            "warning", "FP296", summary, why,
            hint="flowplan plan shows what is missing, and flowplan apply makes it",
        )
    ]  # fmt: skip


def _another(state: State, status: WorkflowStatus, location: str) -> StateError:
    return StateError.of(
        "FP295", f"{location} is not the state of the workflow {status.workflow_id}",
        f"It is that of {state.lineage} ({state.workflow}), serial {state.serial}.",
        hint="Name another place with --state, or another template.",
    )  # fmt: skip


@dataclass(slots=True)
class _Matching:
    """Which node has which of the listed resources. `acted` are the acts that are listed."""

    workspace: Workspace
    template: Template
    records: Mapping[str, ResourceRecord]
    warnings: list[Diagnostic] = field(default_factory=list)
    acted: set[str] = field(default_factory=set)

    def match(self, status: WorkflowStatus) -> dict[str, str]:
        """The ids by node of what is to be taken over. Raises `PlanError` FP484."""
        steps = self.workspace.steps
        owners = owners_of(steps, self.records.values())
        wanted: dict[str, str] = {}
        wrong: list[Diagnostic] = []
        for item in status.created:
            if not self._is_the_node_s(item):
                continue
            try:
                check_node(self.template, steps, self.records, owners, item.node, item.resource_id)
            except PlanError as error:
                wrong += error.diagnostics
            wanted[item.node] = item.resource_id
            step = steps.step(item.step)
            if step.schema.creates == "resource":
                owners.setdefault((step.kind, item.resource_id), item.node)
        if wrong:
            raise PlanError(*wrong)
        return wanted

    def _is_the_node_s(self, item: Created) -> bool:
        """Whether this entry is to be taken over by its node; else it is told, or needs nothing."""
        node = self.template.node(item.node)
        schema = self.workspace.steps.schema(item.step)
        if node is None or schema is None:
            self._tell(item, "The template has no such node.")
            return False
        if node.type != item.step:
            # A model registered with `deploy: true` is listed a second time as a deployment.
            if schema.creates != "effect":
                self._tell(item, f"In the template the node is a {node.type}.")
            return False
        if schema.creates in ("act", "nothing"):
            self.acted.add(item.node)
            return False
        record = self.records.get(item.node)
        if record is not None and record.resource_id != item.resource_id:
            self._tell(item, f"By now the node has {record.resource_id or 'nothing'}.")
        return record is None

    def _tell(self, item: Created, why: str) -> None:
        self.warnings.append(
            Diagnostic(
                "warning", "FP293",
                f"{item.resource_type} {item.resource_id} of {item.node} is not taken over", why,
                hint="It stays on the cluster, and nobody manages it.",
            )
        )  # fmt: skip


def _not_there(gone: Diagnostic) -> Diagnostic:
    return replace(
        gone, severity="warning", code="FP298",
        hint="flowplan plan shows that it is made anew, unless its node is removed",
    )  # fmt: skip


def _done(
    workspace: Workspace,
    template: Template,
    params: Params,
    before: State,
    status: WorkflowStatus,
    items: Mapping[str, Importing],
    acted: Collection[str],
) -> dict[str, ResourceRecord]:
    """Records of nodes that have nothing on the cluster: what they did is not done again.

    Of a workflow that did not come to its end only what it lists, and what never sends anything.
    """
    resolver = Resolver.of(template, params, workspace.steps)
    nodes = {node.id: node for node in template.nodes}
    found: dict[str, ResourceRecord] = {}
    for name in resolver.graph.order:
        step = workspace.steps.step(nodes[name].type)
        inputs = resolver.inputs(nodes[name], step.schema)
        known = {output: Unknown(name, output) for output in step.schema.outputs}
        record = before.resources.get(name)
        if record is not None:
            known |= dict(record.outputs)
        elif name in items:
            known |= step.outputs_of(items[name].resource_id)
        resolver.outputs[name] = {**known, **step.preview(inputs)}
        over = status.state == "COMPLETED" or name in acted
        if record is not None or has_unknown(inputs) or step.schema.creates == "effect":
            continue
        if step.schema.creates == "nothing" or (step.schema.creates == "act" and over):
            outputs = {
                key: value for key, value in resolver.outputs[name].items()
                if not has_unknown(value)
            }  # fmt: skip
            found[name] = ResourceRecord(
                node=name, type=nodes[name].type, inputs=seal(inputs, before.salt), observed={},
                outputs=seal(outputs, before.salt),
                dependencies=resolver.graph.predecessors(name),
            )  # fmt: skip
    return found


def _provision(status: WorkflowStatus, provision: ProvisionStatus) -> ProvisionStatus:
    now = round(time.time() * 1000)
    timed = replace(
        provision,
        start_time=provision.start_time or now,
        end_time=provision.end_time or now,
    )
    if status.state == "COMPLETED":
        return replace(timed, state="COMPLETED")
    error = status.error or f"taken over while Flow Framework said {status.state}"
    return replace(timed, state="FAILED", error=error)
