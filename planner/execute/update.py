"""Changing a resource in place: re-pointing, restoring what drifted, finishing what was begun.

Must not know the order of nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from flowplan.dataclass import replace
from flowplan.errors import FlowplanError, InUse, LockLost, Refused
from flowplan.planner.diff import ABSENT, value_at
from flowplan.planner.execute.context import Run, new_intent
from flowplan.planner.execute.left_alone import left_alone
from flowplan.planner.plan import FieldChange
from flowplan.planner.reconcile.owned import merged_owned, with_owned
from flowplan.planner.values import Json, Path, Value, reveal, seal
from flowplan.protocol import Change, StepType
from flowplan.state.model import IntentRecord, ResourceRecord

__all__ = ["changes_of", "step_paths", "unfinished", "update"]

SERVER_ERROR_FROM = 500


def update(
    run: Run,
    step: StepType,
    record: ResourceRecord,
    inputs: Mapping[str, Value],
    fields: tuple[FieldChange, ...],
    *,
    timeout: float,
    ignored: Sequence[Path] = (),
) -> ResourceRecord:
    """Bring `record`'s resource to `inputs` in place and return what was recorded.

    What is at the paths `ignored` is left as it is on the cluster.

    A refusal changes nothing; after any other failure, a server error included, the record says
    which inputs are pending, and the next plan sets them again.
    """
    plain = reveal(inputs)
    wanted = replace(
        record,
        # An act that was cut off has the id of its task, which means nothing once it is done.
        resource_id=None if step.schema.creates == "act" else record.resource_id,
        inputs=seal(inputs, run.salt),
        pending=(),
        status="ready",
        observed=None,
        notes={},
        in_use=False,
        due=False,
    )
    if step.schema.creates == "nothing":
        made = replace(wanted, outputs=seal(step.preview(inputs), run.salt), observed={})
        run.put(made)
        return made
    intent = run.intent(new_intent(wanted, "update", expected=step_paths(fields)))
    cluster = run.cluster(intent, "update", timeout)
    record = with_owned(run.steps, cluster, record)
    with _accounted(run, intent, record, fields):
        plain = left_alone(step, cluster, record, plain, fields, ignored)
        outputs = step.update(cluster, record, plain, changes_of(fields, plain, step))
    made = replace(
        wanted,
        outputs={**record.outputs, **outputs.values},
        owned=merged_owned(record.owned, outputs.owned),
    )
    run.put(made, intent)
    return made


@contextmanager
def _accounted(
    run: Run, intent: IntentRecord, record: ResourceRecord, fields: tuple[FieldChange, ...]
) -> Iterator[None]:
    """Record what a failure of the request means for the resource."""
    try:
        yield
    except InUse:
        run.put(replace(record, in_use=True), intent, changed=False)
        raise
    except Refused as error:
        if error.status >= SERVER_ERROR_FROM:
            # It may come from after the write, or from the second of two.
            run.put(unfinished(record, fields), intent)
        else:
            run.failed(intent, error.diagnostics[0].code)
        raise
    except LockLost:
        # The next holder reads the intent as not decided, which it is after several tries.
        raise
    except FlowplanError:
        run.put(unfinished(record, fields), intent)
        raise


def step_paths(fields: tuple[FieldChange, ...]) -> Mapping[str, Json]:
    """The inputs that an update touches, as its intent remembers them."""
    return {"inputs": sorted({str(item.path[0]) for item in fields})}


def unfinished(record: ResourceRecord, fields: tuple[FieldChange, ...]) -> ResourceRecord:
    """The record of a resource that may or may not have some of its new values."""
    names = {str(item.path[0]) for item in fields}
    return replace(record, pending=tuple(sorted({*record.pending, *names})))


def changes_of(
    fields: tuple[FieldChange, ...], plain: Mapping[str, Json], step: StepType
) -> tuple[Change, ...]:
    """The plan's fields with their plain values, as a provider takes them."""
    expected = step.expect(plain)
    changes = []
    for item in fields:
        value = value_at(plain, item.path)
        if value is ABSENT:
            value = value_at(expected, item.path)
        removed = value is ABSENT
        changes.append(Change(item.path, None if removed else value, removed=removed))
    return tuple(changes)
