"""Clearing up after a run that was cut off: every wish without an answer gets one.

Run by apply and destroy under the lock, before they plan. Must not know what they will do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.dataclass import replace
from flowplan.planner.reconcile.match import known_ids
from flowplan.planner.reconcile.owned import merged_owned, with_all_owned
from flowplan.planner.reconcile.settle import quiet, settle
from flowplan.planner.resolve import Resolver
from flowplan.planner.values import Json
from flowplan.planner.workspace import Workspace
from flowplan.state.backends import Snapshot
from flowplan.state.identity import check_cluster
from flowplan.state.model import ClusterIdentity, IntentRecord, ResourceRecord, State
from flowplan.state.replay import OpenIntent

__all__ = ["recover"]


def recover(workspace: Workspace, chosen: Mapping[str, str] | None = None) -> Snapshot:
    """Replay the journal, find out about unanswered wishes, write the state, empty the journal.

    Only if the journal held something is the state written (serial + 1), so a saved plan is
    then stale. Returns the state as it now is. `chosen` has ids by node, from `import`: they decide
    what several resources leave open, as the template's imports do. Raises `StateError`,
    `ProviderError`, `TemplateError`.
    """
    snapshot = workspace.backend.load()
    if snapshot.state is None or not snapshot.journal_length:
        return snapshot
    if workspace.connection is not None and snapshot.open:
        # On another cluster nothing would be found, and what was made would be forgotten.
        server = workspace.steps.describe(workspace.connection.operation())
        identity = ClusterIdentity(server.cluster_uuid, workspace.endpoint)
        check_cluster(snapshot.state, identity, workspace.backend.location)
    before = known_ids(snapshot.state.resources.values())
    while True:
        state = _answered(workspace, snapshot.state, snapshot.open, chosen or {})
        state = replace(state, serial=snapshot.base_serial + 1)
        if state.status.state == "PROVISIONING":
            ended = replace(state.status, state="FAILED", error="the run was cut off")
            state = replace(state, status=ended)
        taken = known_ids(state.resources.values()) - before
        if _claimed(workspace, state, taken):
            return workspace.backend.load()


def _claimed(workspace: Workspace, state: State, taken: frozenset[str]) -> bool:
    """Write the state, unless another workflow has recorded meanwhile what it takes."""
    with workspace.neighbours.claim():
        if taken and taken & workspace.neighbours.look()[0]:
            return False
        workspace.backend.save(state)
    return True


def _answered(
    workspace: Workspace,
    state: State,
    unanswered: Sequence[OpenIntent],
    chosen: Mapping[str, str],
) -> State:
    records = dict(state.resources)
    lost: list[IntentRecord] = []
    waiting: list[IntentRecord] = []
    for item in unanswered:
        intent = item.intent
        if intent.verb == "create" and item.resource_id is None:
            lost.append(_with_task(intent, item.task_id))
            continue
        waiting.append(intent)
        if intent.verb == "create":
            records[intent.node] = replace(
                intent.record,
                resource_id=item.resource_id,
                owned=merged_owned(intent.record.owned, item.owned),
                status="pending",
                notes=intent.notes,
            )
        elif intent.verb == "update" and intent.node in records:
            records[intent.node] = _pending(records[intent.node], intent)
    if workspace.connection is not None and waiting:
        cluster = workspace.connection.operation(None, timeout=180.0)
        quiet(cluster, waiting)
    if lost:
        known, choice = known_ids(records.values()), {**_declared(workspace), **chosen}
        for found in settle(workspace, lost, known, state.salt, choice).values():
            if found is not None:
                records[found.node] = found
    if workspace.connection is not None:
        # Of what was made in time, too, nobody has asked yet what came with it.
        cluster = workspace.connection.operation(None, timeout=180.0)
        records = with_all_owned(workspace.steps, cluster, records)
    return replace(state, resources=records)


def _declared(workspace: Workspace) -> Mapping[str, str]:
    """What the template says that its nodes are."""
    template, params = workspace.template, workspace.params
    if template is None or params is None or not template.imports:
        return {}
    return Resolver.of(template, params, workspace.steps).import_ids()


def _with_task(intent: IntentRecord, task_id: str | None) -> IntentRecord:
    """The wish, with the task that works on it among its notes: `StepType.find` may ask it."""
    return replace(intent, notes={**intent.notes, "task_id": task_id}) if task_id else intent


def _pending(record: ResourceRecord, intent: IntentRecord) -> ResourceRecord:
    names: Json = intent.expected.get("inputs", [])
    return replace(record, pending=tuple(sorted({*record.pending, *names})))
