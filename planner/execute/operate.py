"""Carrying out one task of a plan. Must not know which tasks there are or their order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import FlowplanError
from flowplan.planner.events import Event
from flowplan.planner.execute.context import Run, told
from flowplan.planner.execute.create import create
from flowplan.planner.execute.delete import delete, delete_deposed
from flowplan.planner.execute.due import Due
from flowplan.planner.execute.in_place import resume, update_paused, update_resuming
from flowplan.planner.execute.retry import retrying
from flowplan.planner.execute.scheduler import HeldBack
from flowplan.planner.execute.stop import Stop
from flowplan.planner.execute.take_over import take_over
from flowplan.planner.execute.tasks import Part
from flowplan.planner.execute.update import update
from flowplan.planner.ignoring import keeping
from flowplan.planner.leftovers import still_there
from flowplan.planner.lifecycle import recorded_settings
from flowplan.planner.plan import NodeChange
from flowplan.planner.resolve import Resolver
from flowplan.planner.template import Node
from flowplan.planner.values import Value, seal
from flowplan.planner.wording import thing
from flowplan.state.model import Deposed, ResourceRecord

__all__ = ["Operator"]


@dataclass(slots=True)
class Operator:
    """Knows, for each part of a change, what to do with the run's records.

    `triggered` has the nodes that are replaced because a node is changed, by that node.
    """

    run: Run
    resolver: Resolver | None = None
    nodes: Mapping[str, Node] = field(default_factory=dict)
    triggered: Mapping[str, Sequence[str]] = field(default_factory=dict)
    stop: Stop = field(default_factory=Stop)
    due: Due = field(init=False)

    def __post_init__(self) -> None:
        self.due = Due(self.run, self.triggered)

    @property
    def names(self) -> Resolver:
        """The resolver of a run that has a template."""
        if self.resolver is None:
            raise ValueError("applying needs a template")
        return self.resolver

    def act(self, part: Part, change: NodeChange) -> None:
        """Carry out one part of `change`. Raises `FlowplanError` or `HeldBack`."""
        if part == "delete":
            self._delete(change)
        elif part == "cleanup":
            self._cleanup(change)
        else:
            self._apply(change)

    def _apply(self, change: NodeChange) -> None:
        run, node = self.run, self.nodes[change.node]
        step = run.steps.step(change.type)
        inputs = self._inputs(change, node)
        if change.action == "no-op":
            self._keep(node, inputs)
        else:
            timeout = _limit(node, step.schema.timeout)
            with told(run, change, change.action, step, timeout) as found:
                run.hide(inputs)
                with self.due.following(node.id):
                    made = self._tried(change, node, inputs, timeout)
                found[:] = [made.resource_id] if made.resource_id else []
        known = run.records[node.id].outputs
        self.names.outputs[node.id] = {**known, **step.preview(inputs)}

    def _inputs(self, change: NodeChange, node: Node) -> Mapping[str, Value]:
        """The inputs that the node gets: those of what stays are without ignored changes."""
        inputs: Mapping[str, Value] = self.names.inputs(node, self.run.steps.step(node.type).schema)
        record = self.run.records.get(node.id)
        if change.action in ("create", "replace") or record is None:
            return inputs
        return keeping(inputs, record.inputs, node.lifecycle.ignore_changes, self.run.salt)

    def _tried(
        self, change: NodeChange, node: Node, inputs: Mapping[str, Value], timeout: float
    ) -> ResourceRecord:
        """Make it, again where `retries` allows that; what a try has begun is finished."""
        run = self.run
        first = run.records.get(node.id)

        def act() -> ResourceRecord:
            now = run.records.get(node.id)
            made = now if now is not first and change.action != "update" else None
            if made is not None and made.status == "pending" and not made.empty:
                step = run.steps.step(node.type)
                return update(run, step, self._current(made, node), inputs, (), timeout=timeout)
            return self._make(change, node, inputs, timeout, first)

        retries = node.lifecycle.retries
        return retrying(run, change, retries, self._stopping, act)

    def _make(
        self,
        change: NodeChange,
        node: Node,
        inputs: Mapping[str, Value],
        timeout: float,
        old: ResourceRecord | None,
    ) -> ResourceRecord:
        run = self.run
        step = run.steps.step(node.type)
        now = run.records.get(node.id)
        if change.action == "move":
            return self._keep(node, inputs)
        if change.action == "import":
            return take_over(
                run, self.names.template, step, node, change, inputs, self._dependencies(node),
                timeout=timeout,
            )  # fmt: skip
        if change.action == "update" and now is not None:
            return self._update(change, node, self._current(now, node), inputs, timeout)
        blank = ResourceRecord(
            node=node.id, type=node.type, resource_type=step.schema.resource_type,
        )  # fmt: skip
        blank = self._current(blank, node)
        if now is not None and change.action == "replace":
            # A record that is replaced can't say any more what was undeployed for the old one.
            old = now = resume(run, now, timeout=timeout)
        if change.order == "destroy_before_create" and now is not None:
            old = self._destroy_first(now, timeout)
        if old is not None:
            blank = self._succeeding(blank, old, change)
        return create(run, step, blank, inputs, action=change.action, timeout=timeout)

    def _update(
        self,
        change: NodeChange,
        node: Node,
        record: ResourceRecord,
        inputs: Mapping[str, Value],
        timeout: float,
    ) -> ResourceRecord:
        run, ignored = self.run, node.lifecycle.ignore_changes
        step = run.steps.step(node.type)
        make = update_paused if node.lifecycle.keep_id else update_resuming
        return make(run, step, record, inputs, change.fields, timeout=timeout, ignored=ignored)

    def _current(self, record: ResourceRecord, node: Node) -> ResourceRecord:
        """The record with what the template says of the node beside its inputs."""
        return replace(
            record, dependencies=self._dependencies(node), lifecycle=recorded_settings(node)
        )

    def _succeeding(
        self, blank: ResourceRecord, old: ResourceRecord, change: NodeChange
    ) -> ResourceRecord:
        """The new record remembers the old resource, or what it owned when it is gone."""
        if change.action == "replace" and change.order == "create_before_destroy":
            return replace(blank, deposed=(*old.deposed, old.depose()))
        connection = self.run.workspace.connection
        owned = old.owned
        if owned and connection is not None:
            # What went with the old resource would be remembered for ever.
            owned = still_there(self.run.steps, connection.operation(), owned)
        return replace(blank, deposed=old.deposed, owned=owned)

    def _destroy_first(self, old: ResourceRecord, timeout: float) -> ResourceRecord | None:
        """Delete what is replaced, unless that is done already; what stays recorded of it."""
        if old.empty:
            return old
        try:
            delete(self.run, old, timeout=timeout, again=True)
        except HeldBack as held:
            if isinstance(held.cause, FlowplanError):
                raise held.cause from held
            raise
        return self.run.records.get(old.node)

    def _keep(self, node: Node, inputs: Mapping[str, Value]) -> ResourceRecord:
        """An unchanged node: only what is not on the cluster may be recorded anew."""
        record = self.run.records[node.id]
        sealed = seal(inputs, self.run.salt)
        kept = {name: value for name, value in record.inputs.items() if name not in sealed}
        inputs = {**sealed, **kept}
        # What is no input, such as that a model is deployed, was compared with what is there.
        pending = tuple(name for name in record.pending if name in inputs)
        again = self._current(replace(record, inputs=inputs, pending=pending, due=False), node)
        if again != record:
            self.run.keep(again)
        return again

    def _dependencies(self, node: Node) -> tuple[str, ...]:
        return self.names.graph.predecessors(node.id)

    def _stopping(self) -> bool:
        return self.stop.requested

    def _delete(self, change: NodeChange) -> None:
        run = self.run
        record = run.records.get(change.node)
        if record is None:
            return
        step = run.steps.step(record.type)
        with told(run, change, change.action, step):
            if change.action == "forget":
                run.drop(change.node)
                return
            usual = max(step.schema.timeout, 30.0)
            limit = record.lifecycle.get("timeout", usual) or math.inf
            retries = record.lifecycle.get("retries", 0)
            retrying(
                run, change, retries, self._stopping, lambda: delete(run, record, timeout=limit)
            )

    def _cleanup(self, change: NodeChange) -> None:
        """Delete what was replaced; its failure leaves it deposed."""
        run = self.run
        for old in run.records[change.node].deposed:
            what = f"old {thing(old.type, old.resource_type)} {old.resource_id}"
            if change.kept_by is not None:
                run.put(replace(run.records[change.node], deposed=()))
                continue
            delete_deposed(run, change.node, old, timeout=30.0)
            run.tell(self._deleted(change, old, what))

    @staticmethod
    def _deleted(change: NodeChange, old: Deposed, what: str) -> Event:
        if change.reason != "deposed":
            return Event("step_progress", change.node, change.action, f"{what} deleted")
        return Event(
            "step_completed", change.node, change.action, f"{what} deleted", elapsed_ms=0,
            resource_type=old.resource_type, resource_id=old.resource_id,
        )  # fmt: skip


def _limit(node: Node, usual: float) -> float:
    """The step's time limit in seconds; `node_timeout: "0"` means none."""
    if node.timeout is None:
        return usual
    return node.timeout or math.inf
