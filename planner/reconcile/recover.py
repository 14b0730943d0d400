"""Clearing up after a run that was cut off: every wish without an answer gets one.

Run by apply and destroy under the lock, before they plan. Must not know what they will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flowplan.planner.reconcile.match import known_ids
from flowplan.planner.reconcile.owned import merged_owned, with_owned
from flowplan.planner.reconcile.settle import quiet, settle
from flowplan.planner.values import Json
from flowplan.planner.workspace import Workspace
from flowplan.state.backends import Snapshot
from flowplan.state.model import IntentRecord, ResourceRecord, State
from flowplan.state.replay import OpenIntent

__all__ = ["recover"]


def recover(workspace: Workspace) -> Snapshot:
    """Replay the journal, find out about unanswered wishes, write the state, empty the journal.

    Only if the journal held something is the state written (serial + 1), so a saved plan is
    then stale. Returns the state as it now is. Raises `StateError`, `ProviderError`.
    """
    snapshot = workspace.backend.load()
    if snapshot.state is None or not snapshot.journal_length:
        return snapshot
    state = _answered(workspace, snapshot.state, snapshot.open)
    state = replace(state, serial=snapshot.base_serial + 1)
    if state.status.state == "PROVISIONING":
        ended = replace(state.status, state="FAILED", error="the run was cut off")
        state = replace(state, status=ended)
    workspace.backend.save(state)
    return workspace.backend.load()


def _answered(workspace: Workspace, state: State, unanswered: Sequence[OpenIntent]) -> State:
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
        for node in {intent.node for intent in waiting if intent.node in records}:
            records[node] = with_owned(workspace.steps, cluster, records[node])
    if lost:
        for found in settle(workspace, lost, known_ids(records.values()), state.salt).values():
            if found is not None:
                records[found.node] = found
    return replace(state, resources=records)


def _with_task(intent: IntentRecord, task_id: str | None) -> IntentRecord:
    """The wish, with the task that works on it among its notes: `StepType.find` may ask it."""
    return replace(intent, notes={**intent.notes, "task_id": task_id}) if task_id else intent


def _pending(record: ResourceRecord, intent: IntentRecord) -> ResourceRecord:
    names: Json = intent.expected.get("inputs", [])
    return replace(record, pending=tuple(sorted({*record.pending, *names})))
