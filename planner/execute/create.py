"""Making a resource: intent, request, record; and the same again when an answer was lost.

Used for creates and for the first half of replacements. Must not know the order of nodes.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.dataclass import dataclass, replace
from flowplan.errors import AnswerLost, FlowplanError, LockLost
from flowplan.planner.execute.context import Run, new_intent
from flowplan.planner.plan import Action
from flowplan.planner.reconcile.owned import merged_owned
from flowplan.planner.reconcile.settle import settle
from flowplan.planner.values import Json, Value, canonical, reveal, seal, seal_at, sensitive_paths
from flowplan.protocol import Owned, StepType
from flowplan.state.model import IntentRecord, ResourceRecord

__all__ = ["create"]

TRIES = 5
UNDECIDED = (AnswerLost, LockLost)
"""A lock may be lost between two tries, of which the first took effect."""


@dataclass(slots=True)
class _Begun:
    """What the provider records before it waits, durable at once."""

    run: Run
    intent: IntentRecord
    resource_id: str | None = None
    task_id: str | None = None
    owned: tuple[Owned, ...] = ()

    def record(
        self,
        *,
        resource_id: str | None = None,
        task_id: str | None = None,
        owned: tuple[Owned, ...] = (),
    ) -> None:
        """See `flowplan.protocol.Record`."""
        self.resource_id = resource_id or self.resource_id
        self.task_id = self.task_id if task_id is None else task_id
        self.owned = merged_owned(self.owned, owned)
        self.run.log.progress(self.intent.id, resource_id=resource_id, task_id=task_id, owned=owned)


def create(
    run: Run,
    step: StepType,
    blank: ResourceRecord,
    inputs: Mapping[str, Value],
    *,
    action: Action,
    timeout: float,
) -> ResourceRecord:
    """Make the resource of `blank` (a record without ids) and return what was recorded.

    Raises what the provider raises; a resource that came into being before the failure is
    recorded as `pending`, so that the next apply goes on from there.
    """
    plain = reveal(inputs)
    record = replace(blank, inputs=seal(inputs, run.salt))
    if step.schema.creates == "nothing":
        step.create(_Nowhere(), plain, lambda **_: None, {})  # type: ignore[arg-type]
        made = replace(record, outputs=seal(step.preview(inputs), run.salt), observed={})
        run.put(made)
        return made
    expected = seal_at(dict(step.expect(plain)), sensitive_paths(inputs), run.salt)
    same = (step.name, canonical(expected))
    # Equal content can't be told apart on the cluster: one request at a time, so that a lost
    # answer is looked for among what nobody else is making.
    with run.turns.take(same, step.exclusive(plain)):
        return _attempts(run, step, record, plain, expected, action=action, timeout=timeout)


def _attempts(
    run: Run,
    step: StepType,
    record: ResourceRecord,
    plain: Mapping[str, Json],
    expected: Mapping[str, Json],
    *,
    action: Action,
    timeout: float,
) -> ResourceRecord:
    notes = run.notes.get(record.node, {})
    for attempt in range(1, TRIES + 1):
        intent = run.intent(new_intent(record, "create", expected=expected, notes=notes))
        try:
            return _once(run, step, intent, plain, action=action, timeout=timeout)
        except AnswerLost:
            found = settle(run.workspace, [intent], run.known_ids(), run.salt).get(intent.id)
            if found is not None:
                return _adopt(run, step, intent, found, plain, action=action, timeout=timeout)
            run.failed(intent, "not executed")
            if attempt == TRIES:
                raise
    raise AssertionError("unreachable")


def _once(
    run: Run,
    step: StepType,
    intent: IntentRecord,
    plain: Mapping[str, Json],
    *,
    action: Action,
    timeout: float,
) -> ResourceRecord:
    cluster = run.cluster(intent, action, timeout)
    begun = _Begun(run, intent)
    try:
        outputs = step.create(cluster, plain, begun.record, intent.notes)
    except FlowplanError as error:
        if begun.resource_id is not None:
            _keep_begun(run, intent, begun)
        elif not begun.task_id and not isinstance(error, UNDECIDED):
            # While a task goes on the intent stays open: the next command asks what came of it.
            run.failed(intent, error.diagnostics[0].code)
        raise
    made = replace(
        intent.record,
        resource_id=outputs.resource_id,
        outputs=outputs.values,
        owned=merged_owned(intent.record.owned, outputs.owned, begun.owned),
        # Until it is read back, with all the others: that tells what came with it.
        notes=intent.notes,
    )
    run.put(made, intent)
    return made


def _keep_begun(run: Run, intent: IntentRecord, begun: _Begun) -> None:
    run.put(
        replace(
            intent.record,
            resource_id=begun.resource_id,
            owned=merged_owned(intent.record.owned, begun.owned),
            status="pending",
            notes=intent.notes,
        ),
        intent,
    )


def _adopt(
    run: Run,
    step: StepType,
    intent: IntentRecord,
    found: ResourceRecord,
    plain: Mapping[str, Json],
    *,
    action: Action,
    timeout: float,
) -> ResourceRecord:
    """Take over what a request with a lost answer made, and finish it."""
    run.put(found, intent)
    outputs = step.update(run.cluster(intent, action, timeout), found, plain, ())
    made = replace(
        found,
        outputs={**found.outputs, **outputs.values},
        owned=merged_owned(found.owned, outputs.owned),
        status="ready",
    )
    run.put(made)
    return made


class _Nowhere:
    """The cluster of steps that make nothing: using it is a programming error."""
