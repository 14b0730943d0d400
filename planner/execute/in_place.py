"""Changing in place what deployed models use: undeploy them, change it, deploy them again.

ML Commons refuses to update a connector while a deployed model uses it. This is what `keep_id`
asks for; without it the connector is replaced, and nothing stops serving (DESIGN §5). The record
has the models that are down, so that whoever comes after a crash deploys them again. Must not
know the order of nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.dataclass import replace
from flowplan.errors import FlowplanError, InUse, LockLost, Refused
from flowplan.planner.events import Event
from flowplan.planner.execute.context import Run, new_intent
from flowplan.planner.execute.update import step_paths, unfinished, update
from flowplan.planner.plan import FieldChange
from flowplan.planner.values import Path, Value
from flowplan.planner.workspace import Steps
from flowplan.protocol import Cluster, Holder, StepType
from flowplan.state.model import ResourceRecord

__all__ = ["resume", "update_paused", "update_resuming"]

TRIES = 3
"""A prediction deploys a model again, and then the change is refused."""
NOT_FOUND = 404


def update_paused(
    run: Run,
    step: StepType,
    record: ResourceRecord,
    inputs: Mapping[str, Value],
    fields: tuple[FieldChange, ...],
    *,
    timeout: float,
    ignored: Sequence[Path] = (),
) -> ResourceRecord:
    """`update`, with the models that use the resource undeployed meanwhile.

    The models are deployed again whatever comes of it. Raises `InUse` FP334 when they were
    deployed by others at each of three tries, and what `update` raises.
    """
    # Durable before the first model goes down: a crash leaves inputs that are pending.
    intent = run.intent(new_intent(record, "update", expected=step_paths(fields)))
    cluster = run.cluster(intent, "update", timeout)
    try:
        for attempt in range(1, TRIES + 1):
            record = _pause(run, step, cluster, record)
            try:
                made = update(run, step, record, inputs, fields, timeout=timeout, ignored=ignored)
                break
            except InUse as error:
                if attempt == TRIES:
                    raise _busy(error) from error
    except LockLost:
        raise
    except FlowplanError:
        _restored(run, cluster, record.node)
        run.put(unfinished(run.records[record.node], fields), intent)
        raise
    run.put(made, intent)
    return resume(run, made, timeout=timeout)


def update_resuming(
    run: Run,
    step: StepType,
    record: ResourceRecord,
    inputs: Mapping[str, Value],
    fields: tuple[FieldChange, ...],
    *,
    timeout: float,
    ignored: Sequence[Path] = (),
) -> ResourceRecord:
    """`update`, with nothing undeployed for it; what an earlier change left so is deployed again.

    Only after the change, which it would be in the way of, and whatever comes of that. Raises what
    `update` raises.
    """
    try:
        made = update(run, step, record, inputs, fields, timeout=timeout, ignored=ignored)
    except LockLost:
        raise
    except FlowplanError:
        left = run.records.get(record.node)
        if left is not None and left.paused:
            intent = run.intent(new_intent(left, "update", expected={"inputs": []}))
            _restored(run, run.cluster(intent, "update", timeout), record.node)
            run.put(run.records[record.node], intent)
        raise
    return resume(run, made, timeout=timeout)


def _restored(run: Run, cluster: Cluster, node: str) -> None:
    """Deploy again after a failure, which is what is told; what can't be stays recorded."""
    try:
        _deploy(run, cluster, run.records[node])
    except LockLost:
        raise
    except FlowplanError as error:
        cluster.note(f"not deployed again: {error.diagnostics[0].summary}")


def resume(run: Run, record: ResourceRecord, *, timeout: float) -> ResourceRecord:
    """Deploy again what a change in place, maybe one that was cut off, has undeployed."""
    if not record.paused:
        return record
    intent = run.intent(new_intent(record, "update", expected={"inputs": []}))
    cluster = run.cluster(intent, "update", timeout)
    try:
        record = _deploy(run, cluster, record)
    except LockLost:
        raise
    except FlowplanError as error:
        run.failed(intent, error.diagnostics[0].code)
        raise
    run.put(record, intent)
    return record


def _pause(run: Run, step: StepType, cluster: Cluster, record: ResourceRecord) -> ResourceRecord:
    """Undeploy whatever keeps the resource from being changed."""
    resource_id = str(record.resource_id)
    users = step.holders(cluster, [resource_id]).get(resource_id, ())
    blocking = sorted((user for user in users if user.blocks_update), key=lambda u: u.resource_id)
    if not blocking:
        return record
    down = dict.fromkeys((*record.paused, *(user.resource_id for user in blocking)))
    record = replace(record, paused=tuple(down))
    run.put(record)
    for user in blocking:
        told = f"undeploying {user.name or user.resource_id}: predictions stop"
        run.tell(Event("step_progress", record.node, "update", told))
        effect = _effect(run.steps, user)
        effect.delete(cluster, ResourceRecord(record.node, effect.name, None, user.resource_id))
    return record


def _deploy(run: Run, cluster: Cluster, record: ResourceRecord) -> ResourceRecord:
    for model in record.paused:
        with run.effect_of(model):
            if model not in run.undone:
                _deploy_one(run, cluster, record.node, model)
            rest = tuple(item for item in record.paused if item != model)
            record = replace(record, paused=rest)
            run.put(record)
    return record


def _deploy_one(run: Run, cluster: Cluster, node: str, model: str) -> None:
    run.tell(Event("step_progress", node, "update", f"deploying {model} again"))
    effect = _effect(run.steps, Holder("model", model))
    try:
        effect.update(cluster, ResourceRecord(node, effect.name, None, model), {}, ())
    except Refused as error:
        if error.status != NOT_FOUND:
            raise
        cluster.note(f"{model} is gone: it was deleted meanwhile")


def _effect(steps: Steps, user: Holder) -> StepType:
    """The step type that deploys what `user` is: an effect on a resource of its kind."""
    for name in steps.names():
        schema = steps.schema(name)
        if schema is not None and schema.creates == "effect":
            step = steps.step(name)
            if step.kind == user.kind:
                return step
    raise ValueError(f"nothing deploys a {user.kind}")


def _busy(error: InUse) -> InUse:
    diagnostic = replace(
        error.diagnostics[0],
        detail=f"{error.reason}\nIts models were undeployed {TRIES} times, and predictions "
        "deployed them again each time.",
        hint="stop the predictions and run the command again, or take keep_id out: then a new "
        "one is made and the models are moved to it, without an outage",
    )
    return InUse(diagnostic, status=error.status, reason=error.reason)
