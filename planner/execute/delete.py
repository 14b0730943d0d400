"""Deleting a resource, or what an earlier replacement left of one. Already gone is success."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flowplan.dataclass import replace
from flowplan.errors import FlowplanError, LockLost, Refused
from flowplan.planner.execute.context import Run, new_intent
from flowplan.planner.execute.in_place import resume
from flowplan.planner.execute.scheduler import HeldBack
from flowplan.planner.reconcile.owned import with_owned
from flowplan.protocol import StepType
from flowplan.state.model import Deposed, IntentRecord, ResourceRecord

__all__ = ["delete", "delete_deposed"]

HELD_BACK = frozenset({400, 409})
"""Statuses by which the cluster says that something else still uses the resource."""


def delete(run: Run, record: ResourceRecord, *, timeout: float, again: bool = False) -> None:
    """Delete the resource of a node and forget it.

    With `again` the node is to have a new one: its record stays without a resource, so that a new
    one that fails is known to be missing, and what was deposed before is known, too. What a change
    in place left undeployed is deployed first: once the record is gone nobody knows of it. Raises
    `HeldBack` when the cluster says that something still uses it.
    """
    record = resume(run, record, timeout=timeout)
    step = run.steps.step(record.type)
    if step.schema.creates == "nothing" or record.resource_id is None:
        _let_go(run, record, None, again=again)
        return
    intent = new_intent(record, "delete")
    cluster = run.cluster(intent, "delete", timeout)
    if record.notes:
        # Once the resource is gone nobody can tell what came with it.
        record = with_owned(run.steps, cluster, record)
        run.put(record)
    run.intent(intent)
    with _undoing(run, step, record):
        _guarded(run, intent, lambda: step.delete(cluster, record))
    _let_go(run, record, intent, again=again)


def _let_go(run: Run, record: ResourceRecord, intent: IntentRecord | None, *, again: bool) -> None:
    if again:
        run.put(record.emptied(), intent)
    else:
        run.drop(record.node, intent)


def delete_deposed(run: Run, node: str, old: Deposed, *, timeout: float) -> None:
    """Delete what was replaced; the node's record stays without it."""
    step = run.steps.step(old.type)
    shadow = ResourceRecord(
        node=node, type=old.type, resource_type=old.resource_type, resource_id=old.resource_id,
        inputs=old.inputs, outputs=old.outputs, owned=old.owned, notes=old.notes,
    )  # fmt: skip
    record = run.records[node]
    rest = tuple(item for item in record.deposed if item != old)
    if old.resource_id is None or step.schema.creates == "nothing":
        run.put(replace(record, deposed=rest))
        return
    intent = new_intent(shadow, "delete", deposed=True)
    cluster = run.cluster(intent, "replace", timeout)
    if shadow.notes:
        shadow = with_owned(run.steps, cluster, shadow)
        known = replace(old, owned=shadow.owned, notes={})
        run.put(replace(record, deposed=(*rest, known)))
    run.intent(intent)
    with _undoing(run, step, shadow):
        _guarded(run, intent, lambda: step.delete(cluster, shadow))
    run.put(replace(run.records[node], deposed=rest), intent)


@contextmanager
def _undoing(run: Run, step: StepType, record: ResourceRecord) -> Iterator[None]:
    """Around taking an effect back: whoever had paused it must not bring it about again."""
    if step.schema.creates != "effect" or record.resource_id is None:
        yield
        return
    with run.effect_of(record.resource_id):
        run.undo(record.resource_id)
        yield


def _guarded(run: Run, intent: IntentRecord, act: Callable[[], None]) -> None:
    try:
        act()
    except Refused as error:
        run.failed(intent, error.diagnostics[0].code)
        if error.status in HELD_BACK:
            raise HeldBack(error) from error
        raise
    except LockLost:
        # The intent stays open: an earlier try may have taken effect.
        raise
    except FlowplanError as error:
        run.failed(intent, error.diagnostics[0].code)
        raise
