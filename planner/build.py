"""Making a plan: `build(workspace) → Plan`.

Every reader of a plan — preview, saved file, apply, renderers — gets the same frozen object.
The order is total and equal on every run, and no time is in it. This module must not know how
a plan is carried out or drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flowplan.errors import Diagnostic
from flowplan.planner.binding import bind
from flowplan.planner.checks import check_plugins, compatibility, journal_warnings
from flowplan.planner.losses import with_losses
from flowplan.planner.outputs import output_changes
from flowplan.planner.plan import Mode, Plan
from flowplan.planner.refresh import read_all
from flowplan.planner.removal import deposed_changes, removals
from flowplan.planner.walk import Walk
from flowplan.planner.workspace import Workspace
from flowplan.protocol import Observed, ServerInfo
from flowplan.state.backends import Snapshot
from flowplan.state.identity import check_cluster, check_workflow
from flowplan.state.model import ClusterIdentity, State

__all__ = ["build"]


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
    if server is not None:
        known = state.resources if state else {}
        made = replace(made, changes=with_losses(workspace, made.changes, known))
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
    found: Mapping[str, Observed | None] | None = None
    if server is not None and workspace.connection is not None:
        found = read_all(workspace.steps, workspace.connection.operation(), records.values())
    walked = Walk(workspace, template, params, records, found, salt, allow_delete).run()
    wanted = {change.node for change in walked.changes}
    gone = {name: record for name, record in records.items() if name not in wanted}
    deleted, blocked = removals(
        workspace.steps, gone, records, allow_delete, reason="removed", effects=walked.effects
    )
    left = [
        change
        for record in records.values()
        if record.node in wanted
        for change in deposed_changes(record)
    ]
    return replace(
        plan, changes=(*walked.changes, *deleted, *left), drift=walked.drift,
        outputs=output_changes(state, walked.outputs),
        diagnostics=(*warnings, *walked.warnings, *blocked),
    )  # fmt: skip
