"""Carrying out a plan: `execute(workspace, plan) → Summary`.

The lock is held by the caller, and what an earlier run left open was cleared up before the
plan was made. This module must not know how anything is drawn.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Mapping, Sequence

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import FlowplanError, LockLost
from flowplan.planner.events import Event, Listener, Summary
from flowplan.planner.execute.accept import accept
from flowplan.planner.execute.context import Run, at_node, elapsed_ms
from flowplan.planner.execute.operate import Operator
from flowplan.planner.execute.prepare import prepare
from flowplan.planner.execute.report import end_state, failure_text, summarise
from flowplan.planner.execute.scheduler import Key, Outcome, Task
from flowplan.planner.execute.scheduler import run as run_tasks
from flowplan.planner.execute.stop import Stop
from flowplan.planner.execute.tasks import part_of, tasks_of
from flowplan.planner.lifecycle import triggered_nodes
from flowplan.planner.moves import with_moves
from flowplan.planner.outputs import output_records
from flowplan.planner.plan import NodeChange, Plan
from flowplan.planner.reconcile.owned import owning
from flowplan.planner.refresh import read_documents, sealed_fields, seen
from flowplan.planner.resolve import Resolver
from flowplan.planner.select import narrowed
from flowplan.planner.workspace import Workspace
from flowplan.state.journal import JournalWriter
from flowplan.state.model import (
    ClusterIdentity,
    OutputRecord,
    ProvisionStatus,
    ResourceRecord,
    State,
)

__all__ = ["DEFAULT_PARALLELISM", "execute"]

DEFAULT_PARALLELISM = 10
PARTLY_EXIT = 3


def execute(
    workspace: Workspace,
    plan: Plan,
    *,
    listener: Listener,
    stop: Stop | None = None,
    parallelism: int = DEFAULT_PARALLELISM,
    saved: bool = False,
) -> Summary:
    """Carry out `plan` and write the state; a refresh-only one does no more than that.

    1. Begin a journal that continues the state; without changes there is none.
    2. Look once at what could be confused later (`StepType.prepare`).
    3. Run the tasks, each making its intent durable first and recording its result at once.
    4. Read back what was touched, in bulk: the next plan compares with that.
    5. Evaluate the outputs, write the state, drop the journal.

    `saved` says that the plan comes from a file: the state's serial then moves even without
    changes, so that the file can't be used twice. Raises `StateError`, and `LockLost` once the
    lock is somebody else's and all in flight has ended; what goes wrong with a node is an event
    and a count in the summary.
    """
    if plan.mode == "refresh-only":
        return accept(workspace, plan, listener=listener, saved=saved)
    return _Execution(workspace, plan, listener, stop or Stop(), parallelism, saved).run()


@dataclass(slots=True)
class _Execution:
    workspace: Workspace
    plan: Plan
    listener: Listener
    stop: Stop
    parallelism: int
    saved: bool
    begun: float = field(default_factory=time.monotonic)
    lost: LockLost | None = None

    def run(self) -> Summary:
        before = self._base()
        moved = self._moved(before)
        self.listener(Event("plan", text=self.plan.workflow))
        notes = prepare(self._planned(), self.plan, moved.resources)
        journal = None
        if self.plan.pending:
            operation = "destroy" if self.plan.mode == "destroy" else "apply"
            journal = self.workspace.backend.start(before, operation)
            self._record_moves(journal, before, moved)
        run = Run(
            self.workspace, journal, self.plan.binding.salt, dict(moved.resources), self.listener,
            notes,
        )  # fmt: skip
        status = self._started(before)
        if journal is not None:
            journal.status(status)
        operator = self._operator(run)
        outcome = self._tasks(run, operator)
        if self.lost is not None:
            # Whoever has the lock now takes up what the journal says; nothing more is ours to say.
            self.lost.exit_code = PARTLY_EXIT if run.changed else self.lost.exit_code
            raise self.lost
        if self.stop.now:
            # The journal has everything; the next command takes it up from there.
            return self._summary(run, outcome, before, before.serial)
        serial = self._close(before, operator, outcome, status)
        summary = self._summary(run, outcome, before, serial)
        self.listener(Event("summary", summary=summary))
        return summary

    def _summary(self, run: Run, outcome: Outcome, before: State, serial: int) -> Summary:
        ended = end_state(self.plan, run, self.workspace.template, before.status.state)
        return summarise(self.plan, run, outcome, self.begun, serial, self.stop, ended=ended)

    def _close(
        self, before: State, operator: Operator, outcome: Outcome, status: ProvisionStatus
    ) -> int:
        """Write what came of the run; the serial that the state has then."""
        journal = operator.run.journal
        after = self._after(before, operator, outcome, status)
        if journal is not None:
            if operator.run.undecided:
                # Only the journal knows what may have been made: the next command looks for it.
                journal.status(after.status)
                journal.output(after.outputs)
                journal.close()
                return before.serial
            journal.close()
        if journal is None and not self.saved and after == before:
            return before.serial
        self.workspace.backend.save(replace(after, serial=before.serial + 1))
        return before.serial + 1

    def _base(self) -> State:
        state = self.workspace.backend.load().state
        identity = ClusterIdentity(self.plan.cluster, self.workspace.endpoint)
        if state is None:
            binding = self.plan.binding
            return State(binding.lineage, 0, self.plan.workflow, binding.salt, identity)
        if state.cluster.uuid is None and identity.uuid is not None:
            return replace(state, cluster=identity)
        return state

    def _moved(self, before: State) -> State:
        """The state with the names that the plan has for its nodes."""
        moves = {item.node: item.moved_from for item in self.plan.changes if item.moved_from}
        return with_moves(before, moves, self.workspace.steps)

    def _record_moves(self, journal: JournalWriter, before: State, moved: State) -> None:
        """Write the new names down; a crash in between leaves each node with one name."""
        pairs = zip(before.resources.values(), moved.resources.values(), strict=True)
        for old, new in pairs:
            if old.node != new.node:
                journal.move(old.node, new)
            elif old != new:
                journal.put(new)

    def _started(self, before: State) -> ProvisionStatus:
        if not self.plan.pending:
            return before.status
        return ProvisionStatus("PROVISIONING", start_time=_now(), user=_user())

    def _operator(self, run: Run) -> Operator:
        planned = self._planned()
        template, params = planned.template, planned.params
        if template is None or params is None or self.plan.mode == "destroy":
            return Operator(run, stop=self.stop)
        resolver = Resolver.of(template, params, self.workspace.steps)
        nodes = {node.id: node for node in template.nodes}
        whole = self.workspace.template or template
        triggered = triggered_nodes(self.plan.changes, {node.id: node for node in whole.nodes})
        return Operator(run, resolver, nodes, triggered, self.stop)

    def _planned(self) -> Workspace:
        """The workspace with no more of the template than the plan is about."""
        template = self.workspace.template
        if self.plan.partial is None or template is None:
            return self.workspace
        nodes = {change.node for change in self.plan.changes}
        return replace(self.workspace, template=narrowed(template, nodes, self.workspace.steps))

    def _tasks(self, run: Run, operator: Operator) -> Outcome:
        tasks: Sequence[Task] = tasks_of(self.plan, run.records, run.steps, operator.act)
        changes: Mapping[Key, NodeChange] = {
            (part_of(change), change.node): change for change in self.plan.changes
        }
        return run_tasks(
            tasks,
            parallelism=self.parallelism,
            stop=self.stop,
            on_fail=lambda key, error: self._failed(run, changes, key, error),
            on_skip=lambda key, cause: _tell_skipped(run, changes, key, cause),
        )

    def _failed(
        self, run: Run, changes: Mapping[Key, NodeChange], key: Key, error: Exception
    ) -> None:
        """A step failed: without the lock, no other one may start."""
        if isinstance(error, LockLost) and self.lost is None:
            self.lost = error
            if not self.stop.requested:
                self.stop.request()
        _tell_failed(run, changes, key, error)

    def _after(
        self, before: State, operator: Operator, outcome: Outcome, status: ProvisionStatus
    ) -> State:
        run = operator.run
        records = self._read_back(run)
        ended = status
        if self.plan.pending:
            ended = replace(self._ended(status, run, outcome, before), end_time=_now())
        elif self.plan.mode == "apply" and status.state == "PROVISIONING":
            # What a partial apply left is no longer wanted, or was taken over meanwhile.
            ended = self._ended(status, run, outcome, before)
        return replace(
            before,
            resources=records,
            outputs=self._outputs(before, operator, outcome),
            status=ended,
        )

    def _ended(
        self, status: ProvisionStatus, run: Run, outcome: Outcome, before: State
    ) -> ProvisionStatus:
        error = failure_text(self.plan, run, outcome, self.stop)
        if error:
            return replace(status, state="FAILED", error=error)
        ended = end_state(self.plan, run, self.workspace.template, before.status.state)
        told = before.status.error if ended == before.status.state else None
        return replace(status, state=ended, error=told)

    def _read_back(self, run: Run) -> Mapping[str, ResourceRecord]:
        """The records with what the cluster shows of those that were touched.

        Those of an earlier run that could not be read back then are among them.
        """
        noted = {name for name, record in run.records.items() if record.notes}
        names = sorted((run.touched | noted) & run.records.keys())
        if not names or self.workspace.connection is None:
            return run.records
        touched = [run.records[name] for name in names]
        try:
            cluster = self.workspace.connection.operation()
            found = list(read_documents(run.steps, cluster, touched))
        except FlowplanError:
            # The next plan compares the wanted inputs with what it reads instead.
            return run.records
        records = dict(run.records)
        for record, document in found:
            shown = seen(run.steps, record, document)
            if shown is not None:
                fields = sealed_fields(shown.fields, record.inputs, run.salt)
                whole = owning(run.steps, record, document)
                records[record.node] = replace(whole, observed=fields)
        return records

    def _outputs(
        self, before: State, operator: Operator, outcome: Outcome
    ) -> Mapping[str, OutputRecord]:
        if operator.resolver is None:
            return before.outputs if operator.run.records else {}
        partial = bool(outcome.failed or outcome.skipped or outcome.unstarted)
        fresh = output_records(operator.resolver.workflow_outputs(partial=partial))
        some = partial or self.plan.partial is not None
        return {**before.outputs, **fresh} if some else fresh


def _change_of(changes: Mapping[Key, NodeChange], key: Key) -> NodeChange:
    part, node = key
    return changes.get(key) or changes["apply" if part == "cleanup" else "cleanup", node]


def _tell_failed(run: Run, changes: Mapping[Key, NodeChange], key: Key, error: Exception) -> None:
    change = _change_of(changes, key)
    begun = run.started.get(change.node, time.monotonic())
    run.tell(
        Event(
            "step_failed", change.node, change.action, elapsed_ms=elapsed_ms(begun),
            diagnostic=at_node(error, change.node), resource_type=change.resource_type,
            resource_id=change.resource_id,
        )
    )  # fmt: skip


def _tell_skipped(run: Run, changes: Mapping[Key, NodeChange], key: Key, cause: Key) -> None:
    change = _change_of(changes, key)
    if key[0] == "cleanup" and change.action == "replace":
        text = f"the old one stays until {cause[1]} has been moved"
        run.tell(Event("step_progress", change.node, change.action, text))
    elif change.action != "no-op":
        run.tell(Event("step_skipped", change.node, change.action, waits_for=(cause[1],)))


def _now() -> int:
    return round(time.time() * 1000)


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None
