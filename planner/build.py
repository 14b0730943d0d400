"""Making a plan: `build(workspace) → Plan`.

Every reader of a plan — preview, saved file, apply, renderers — gets the same frozen object.
The order is total and equal on every run, and no time is in it. This module must not know how
a plan is carried out or drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flowplan.errors import Diagnostic
from flowplan.planner.binding import bind
from flowplan.planner.checks import check_plugins, compatibility, journal_warnings
from flowplan.planner.decide import NOT_READ, Decision, Found, decide
from flowplan.planner.graph import Graph, edges_of
from flowplan.planner.outputs import output_changes
from flowplan.planner.params import Params
from flowplan.planner.plan import Drift, Mode, NodeChange, Plan
from flowplan.planner.refresh import Holders, read_all
from flowplan.planner.removal import deposed_changes, removals
from flowplan.planner.replacement import forced_by_use
from flowplan.planner.resolve import Resolver
from flowplan.planner.template import Node, Template
from flowplan.planner.values import Value
from flowplan.planner.wording import steps_of
from flowplan.planner.workspace import Steps, Workspace
from flowplan.protocol import Observed, ServerInfo, StepType
from flowplan.state.backends import Snapshot
from flowplan.state.identity import check_cluster, check_workflow
from flowplan.state.model import ClusterIdentity, ResourceRecord, State

__all__ = ["build", "predecessors_of"]


def build(
    workspace: Workspace,
    *,
    mode: Mode = "apply",
    refresh: bool = True,
    allow_delete: frozenset[str] = frozenset(),
    snapshot: Snapshot | None = None,
) -> Plan:
    """The difference between template, state and cluster.

    1. Load the state and what its journal adds; see that it belongs to this workflow.
    2. Ask the cluster who it is and which plugins it has; see that the ids belong to it.
    3. Read everything recorded, one search a kind and thousand.
    4. Decide node by node in dependency order, each with the outputs of those before it.
    5. Add what the template no longer has, and what earlier replacements left behind.
    6. Evaluate the outputs.

    `allow_delete` are node ids, resource ids or `all`. Raises `TemplateError`, `PlanError`,
    `ProviderError`, `StateError`.
    """
    sent = workspace.connection.request_count if workspace.connection else 0
    snapshot = snapshot or workspace.backend.load()
    binding = bind(workspace, snapshot)
    state = snapshot.state
    name = workspace.template.name if workspace.template else (state.workflow if state else "")
    if state is not None and workspace.template is not None:
        check_workflow(state, name, workspace.backend.location)
    server = _server(workspace, state, refresh=refresh)
    plan = Plan(
        workflow=name, endpoint=workspace.endpoint, mode=mode, binding=binding,
        server=server.version if server else "", state_location=workspace.backend.location,
        cluster=server.cluster_uuid if server else None,
        checked=refresh,
    )  # fmt: skip
    if mode == "destroy":
        made = _destroy(plan, workspace, state, allow_delete)
    else:
        made = _apply(plan, workspace, state, server, binding.salt, allow_delete)
    used = workspace.connection.request_count - sent if workspace.connection else 0
    diagnostics = (*journal_warnings(snapshot, workspace.backend.location), *made.diagnostics)
    return replace(
        made,
        requests=used,
        diagnostics=tuple(item.without_place() for item in diagnostics),
    )


def _server(workspace: Workspace, state: State | None, *, refresh: bool) -> ServerInfo | None:
    if not refresh or workspace.connection is None:
        return None
    server = workspace.steps.describe(workspace.connection.operation())
    identity = ClusterIdentity(server.cluster_uuid, workspace.endpoint)
    if state is not None:
        check_cluster(state, identity, workspace.backend.location)
    return server


def _destroy(
    plan: Plan, workspace: Workspace, state: State | None, allow_delete: frozenset[str]
) -> Plan:
    records = state.resources if state else {}
    changes, blocked = removals(workspace.steps, records, records, allow_delete, reason="requested")
    outputs = output_changes(state, {})
    return replace(plan, changes=tuple(changes), outputs=outputs, diagnostics=tuple(blocked))


def _apply(
    plan: Plan,
    workspace: Workspace,
    state: State | None,
    server: ServerInfo | None,
    salt: str,
    allow_delete: frozenset[str],
) -> Plan:
    template, params = workspace.template, workspace.params
    if template is None or params is None:
        raise ValueError("planning an apply needs a template and params")
    warnings: list[Diagnostic] = []
    if server is not None:
        check_plugins(template, workspace.steps, server)
        warnings += compatibility(template, server)
    records = state.resources if state else {}
    found: Mapping[str, Observed | None] = {}
    if server is not None and workspace.connection is not None:
        found = read_all(workspace.steps, workspace.connection.operation(), records.values())
    walk = _Walk(workspace, template, params, records, found, salt, checked=server is not None)
    changes, drift = walk.run()
    gone = {name: record for name, record in records.items() if name not in walk.wanted}
    deleted, blocked = removals(workspace.steps, gone, records, allow_delete, reason="removed")
    left = [change for record in records.values() if record.node in walk.wanted
            for change in deposed_changes(record)]  # fmt: skip
    outputs = output_changes(state, walk.resolver.workflow_outputs())
    return replace(
        plan, changes=(*changes, *deleted, *left), drift=tuple(drift), outputs=outputs,
        diagnostics=(*warnings, *walk.diagnostics, *blocked),
    )  # fmt: skip


def predecessors_of(
    template: Template, steps: Steps
) -> tuple[Graph, Mapping[str, tuple[str, ...]]]:
    """The graph of a template and each node's predecessors, from all three sources of edges."""
    declared = {node.id: steps.step(node.type).schema.outputs for node in template.nodes}
    edges = edges_of(template, declared)
    graph = Graph.build({node.id: tuple(edges.get(node.id, ())) for node in template.nodes})
    return graph, graph.before


@dataclass(slots=True)
class _Walk:
    """The nodes in dependency order, each decided with the planned outputs of those before."""

    workspace: Workspace
    template: Template
    params: Params
    records: Mapping[str, ResourceRecord]
    found: Mapping[str, Observed | None]
    salt: str
    checked: bool
    resolver: Resolver = None  # type: ignore[assignment]
    wanted: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()

    def run(self) -> tuple[list[NodeChange], list[Drift]]:
        graph, predecessors = predecessors_of(self.template, self.workspace.steps)
        self.wanted = frozenset(node.id for node in self.template.nodes)
        outputs: dict[str, Mapping[str, Value]] = {}
        self.resolver = Resolver(self.template, self.params, predecessors, outputs)
        connection = self.workspace.connection if self.checked else None
        cluster = connection.operation() if connection else None
        holders = Holders(self.workspace.steps, cluster, self.records)
        nodes = {node.id: node for node in self.template.nodes}
        changes, drift = [], []
        for name in graph.order:
            node = nodes[name]
            step = self.workspace.steps.step(node.type)
            desired = self.resolver.inputs(node, step.schema)
            record = self.records.get(name)
            decision = decide(node, step, desired, record, self._found(record), self.salt)
            if record is not None and decision.action == "update":
                decision, warned = forced_by_use(decision, node, step, record, holders)
                self.diagnostics += warned
            outputs[name] = decision.outputs or {}
            changes.append(self._change(node, step, decision, graph))
            if decision.drift:
                drift.append(decision.drift)
        return changes, drift

    def _found(self, record: ResourceRecord | None) -> Found:
        if record is None or not self.checked:
            return NOT_READ
        return self.found.get(record.node, NOT_READ)

    def _change(self, node: Node, step: StepType, decision: Decision, graph: Graph) -> NodeChange:
        record = self.records.get(node.id)
        moved = [
            other
            for other in graph.successors(node.id)
            if other in self.records and node.id in self.records[other].dependencies
        ]
        steps = steps_of(
            decision.action, type_name=node.type, schema=step.schema, fields=decision.fields,
            order=decision.order, repointed=moved, reason=decision.reason,
        )  # fmt: skip
        return NodeChange(
            node=node.id, type=node.type, action=decision.action, reason=decision.reason,
            resource_id=record.resource_id if record else None,
            resource_type=step.schema.resource_type,
            depends_on=tuple(graph.predecessors(node.id)),
            fields=decision.fields, order=decision.order, steps=steps, notes=decision.notes,
            unchanged=decision.unchanged,
        )  # fmt: skip
