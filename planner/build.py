"""Making a plan: `build(workspace) → Plan`.

Every reader of a plan — preview, saved file, apply, renderers — gets the same frozen object.
The order is total and equal on every run, and no time is in it. This module must not know how
a plan is carried out or drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flowplan.dataclass import replace
from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.absent import absent_names, tell_of_absent
from flowplan.planner.accept import survey
from flowplan.planner.binding import bind
from flowplan.planner.checks import check_plugins, compatibility, journal_warnings, lost_salt
from flowplan.planner.effects import Effects
from flowplan.planner.impact import with_impact
from flowplan.planner.imports import Importing, look_up, superseded, wanted_imports
from flowplan.planner.losses import with_losses
from flowplan.planner.moves import moves_of, with_moves
from flowplan.planner.outputs import output_changes
from flowplan.planner.plan import Mode, NodeChange, Plan
from flowplan.planner.protect import protected
from flowplan.planner.refresh import read_all
from flowplan.planner.removal import deposed_changes, removals
from flowplan.planner.select import Scope, Selection, check_replaced, choose, narrowed
from flowplan.planner.template import Template
from flowplan.planner.users import spared
from flowplan.planner.walk import Walk
from flowplan.planner.workspace import Workspace
from flowplan.protocol import Observed, ServerInfo
from flowplan.state.backends import Snapshot
from flowplan.state.identity import check_cluster, check_workflow
from flowplan.state.model import ClusterIdentity, ResourceRecord, State

__all__ = ["build"]


def build(
    workspace: Workspace,
    *,
    mode: Mode = "apply",
    refresh: bool = True,
    allow_delete: frozenset[str] = frozenset(),
    snapshot: Snapshot | None = None,
    selection: Selection | None = None,
) -> Plan:
    """The difference between template, state and cluster.

    1. Load the state and what its journal adds; see that it belongs to this workflow. Call
       renamed nodes by their new names.
    2. Find out which nodes `selection` means: nothing else is looked at from here on.
    3. Ask the cluster who it is and which plugins it has; see that the ids belong to it.
    4. Read everything recorded, and what is to be imported, one search a kind and thousand.
    5. Decide node by node in dependency order, each with the outputs of those before it.
    6. Add what the template no longer has, and what earlier replacements left behind.
    7. Evaluate the outputs.
    8. See what is lost with that which goes, and who outside the plan uses it.

    `allow_delete` are node ids, resource ids or `all`. Raises `TemplateError`, `PlanError`,
    `ProviderError`, `StateError`.
    """
    sent = workspace.connection.request_count if workspace.connection else 0
    snapshot = snapshot or workspace.backend.load()
    binding = bind(workspace, snapshot)
    state = _in_order(snapshot.state)
    name = workspace.template.name if workspace.template else (state.workflow if state else "")
    if state is not None and workspace.template is not None:
        check_workflow(state, name, workspace.backend.location)
    state, moves = _renamed(workspace, state, mode)
    workspace, scope = _scope(workspace, state, selection or Selection(), mode)
    server = _server(workspace, state, refresh=refresh)
    plan = Plan(
        workflow=name, endpoint=workspace.endpoint, mode=mode, binding=binding,
        server=server.version if server else "", state_location=workspace.backend.location,
        cluster=server.cluster_uuid if server else None,
        checked=refresh, partial=scope.partial,
        not_given=absent_names(workspace.params.values) if workspace.params else (),
    )  # fmt: skip
    if mode == "refresh-only":
        made = _refreshed(plan, workspace, state, scope)
    elif mode == "destroy":
        made = _destroy(plan, workspace, state, scope, allow_delete)
    else:
        made = _apply(plan, workspace, state, scope, server, allow_delete, moves)
    if server is not None:
        made = _with_what_goes(made, workspace, state)
    used = workspace.connection.request_count - sent if workspace.connection else 0
    told = journal_warnings(snapshot, workspace.backend.location)
    diagnostics = (*told, *tell_of_absent(plan.not_given), *made.diagnostics)
    placeless = tuple(item.without_place() for item in diagnostics)
    return replace(made, requests=used, diagnostics=placeless)


def _in_order(state: State | None) -> State | None:
    """The state with its nodes by name: they are recorded as the last apply finished them."""
    return state and replace(state, resources=dict(sorted(state.resources.items())))


def _renamed(
    workspace: Workspace, state: State | None, mode: Mode
) -> tuple[State | None, Mapping[str, str]]:
    """The state with the template's names for its nodes, and which were renamed."""
    if mode != "apply" or workspace.template is None or state is None:
        return state, {}
    moves = moves_of(workspace.template, state)
    return with_moves(state, moves, workspace.steps), moves


def _with_what_goes(plan: Plan, workspace: Workspace, state: State | None) -> Plan:
    """The plan with what its deletes would lose, and who else uses what they take away."""
    known = state.resources if state else {}
    changes = with_losses(workspace, plan.changes, known)
    changes, warnings = with_impact(workspace, changes, known)
    return replace(plan, changes=changes, diagnostics=(*plan.diagnostics, *warnings))


def _server(workspace: Workspace, state: State | None, *, refresh: bool) -> ServerInfo | None:
    if not refresh or workspace.connection is None:
        return None
    server = workspace.steps.describe(workspace.connection.operation())
    identity = ClusterIdentity(server.cluster_uuid, workspace.endpoint)
    if state is not None:
        check_cluster(state, identity, workspace.backend.location)
    return server


def _scope(
    workspace: Workspace, state: State | None, selection: Selection, mode: Mode
) -> tuple[Workspace, Scope]:
    """What is to be planned, and the workspace with no more of the template than that."""
    template = workspace.template if mode == "apply" else None
    records = state.resources if state else {}
    if not selection:
        names = {node.id for node in template.nodes} if template else set()
        return workspace, Scope(frozenset({*names, *records}))
    deleting = mode == "destroy"
    scope = choose(selection, template, workspace.steps, records, deleting=deleting)
    if template is not None:
        template = narrowed(template, scope.nodes, workspace.steps)
    return replace(workspace, template=template), scope


def _refreshed(plan: Plan, workspace: Workspace, state: State | None, scope: Scope) -> Plan:
    if state is None or workspace.connection is None:
        return plan
    cluster = workspace.connection.operation()
    found = survey(workspace.steps, cluster, state.resources, scope.nodes, state.salt)
    told = (*lost_salt(state), *found.warnings)
    return replace(plan, drift=found.drift, diagnostics=told, looked_at=found.looked_at)


def _destroy(
    plan: Plan,
    workspace: Workspace,
    state: State | None,
    scope: Scope,
    allow_delete: frozenset[str],
) -> Plan:
    records = state.resources if state else {}
    chosen = {name: record for name, record in records.items() if name in scope.nodes}
    effects = Effects(workspace.steps)
    effects.keep(record for name, record in records.items() if name not in scope.nodes)
    changes, blocked = removals(
        workspace.steps, chosen, records, allow_delete, reason="requested", effects=effects
    )
    refused = tuple(protected(changes, {}, records, workspace.steps))
    if refused:
        raise PlanError(*refused)
    outputs = output_changes(state, {}, partial=scope.partial is not None)
    return replace(plan, changes=tuple(changes), outputs=outputs, diagnostics=tuple(blocked))


def _apply(
    plan: Plan,
    workspace: Workspace,
    state: State | None,
    scope: Scope,
    server: ServerInfo | None,
    allow_delete: frozenset[str],
    moves: Mapping[str, str],
) -> Plan:
    template, params = workspace.template, workspace.params
    if template is None or params is None:
        raise ValueError("planning an apply needs a template and params")
    warnings = (*lost_salt(state), *_fitting(workspace, template, server))
    records = state.resources if state else {}
    chosen = {name: record for name, record in records.items() if name in scope.nodes}
    found = _found(workspace, server, chosen)
    passed_over = superseded(template, params, workspace.steps, records)
    imports = _imports(workspace, records, refresh=found is not None)
    check_replaced(scope.replaced, imports)
    walk = Walk(
        workspace, template, params, records, found, plan.binding.salt, allow_delete, imports,
        scope.replaced, moves,
    )  # fmt: skip
    walk.effects.keep(record for name, record in records.items() if name not in chosen)
    walked = walk.run()
    wanted = {change.node for change in walked.changes}
    gone = {name: record for name, record in chosen.items() if name not in wanted}
    deleted, blocked = removals(
        workspace.steps, gone, records, allow_delete, reason="removed", effects=walked.effects
    )
    kept = (record for name, record in chosen.items() if name in wanted)
    left = [change for record in kept for change in deposed_changes(record)]
    changes = tuple(spared((*walked.changes, *deleted, *left), records, workspace.steps))
    _refuse(workspace, template, changes, records, walked.wrong)
    return replace(
        plan, changes=changes, drift=walked.drift,
        outputs=output_changes(state, walked.outputs, partial=scope.partial is not None),
        diagnostics=(*warnings, *passed_over, *walked.warnings, *blocked),
    )  # fmt: skip


def _refuse(
    workspace: Workspace,
    template: Template,
    changes: tuple[NodeChange, ...],
    records: Mapping[str, ResourceRecord],
    wrong: tuple[Diagnostic, ...],
) -> None:
    """Raise `PlanError` with all that is wrong, and all that `prevent_destroy` forbids."""
    nodes = {node.id: node for node in template.nodes}
    refused = (*wrong, *protected(changes, nodes, records, workspace.steps))
    if refused:
        raise PlanError(*refused)


def _fitting(
    workspace: Workspace, template: Template, server: ServerInfo | None
) -> Iterator[Diagnostic]:
    """Whether the cluster is one that the template is for. Raises `PlanError` FP210."""
    if server is not None:
        check_plugins(template, workspace.steps, server)
        yield from compatibility(template, server)


def _found(
    workspace: Workspace, server: ServerInfo | None, chosen: Mapping[str, ResourceRecord]
) -> Mapping[str, Observed | None] | None:
    """What is there of the chosen nodes; None where nobody looks."""
    if server is None or workspace.connection is None:
        return None
    return read_all(workspace.steps, workspace.connection.operation(), chosen.values())


def _imports(
    workspace: Workspace, records: Mapping[str, ResourceRecord], *, refresh: bool
) -> Mapping[str, Importing]:
    """What the template wants to take over, as it is. Raises `PlanError` FP480 to FP487."""
    template, params = workspace.template, workspace.params
    if template is None or params is None:
        return {}
    wanted = wanted_imports(template, params, workspace.steps, records)
    if not wanted:
        return {}
    if not refresh or workspace.connection is None:
        raise PlanError.of(
            "FP487",
            "imports need a look at the cluster",
            "What is taken over is compared with the template, and has to be read for that.",
            hint="plan without --no-refresh, or take the imports out of the template",
            node=next(iter(wanted)),
        )
    cluster = workspace.connection.operation()
    return look_up(template, workspace.steps, cluster, wanted, workspace.endpoint)
