"""What a run amounted to: the counts, the seeds' failure text, what is left. Pure."""

from __future__ import annotations

from flowplan.errors import FlowplanError, Refused
from flowplan.planner.events import Summary
from flowplan.planner.execute.context import Run, elapsed_ms
from flowplan.planner.execute.scheduler import Key, Outcome
from flowplan.planner.execute.stop import Stop
from flowplan.planner.execute.tasks import part_of
from flowplan.planner.plan import Action, NodeChange, Plan
from flowplan.planner.template import Template
from flowplan.state.model import Provision

__all__ = ["end_state", "failure_text", "left_over", "summarise"]


def end_state(plan: Plan, run: Run, template: Template | None, before: Provision) -> Provision:
    """The status of a workflow whose run went well.

    After a partial apply it is COMPLETED once every node of the template is there, and else has
    more to come. After a partial destroy it is what it was, as after Flow Framework's own.
    """
    if not run.records:
        return "NOT_STARTED"
    if plan.mode == "destroy":
        return "NOT_STARTED" if plan.partial is None else before
    if plan.partial is None or template is None:
        return "COMPLETED"
    ready = {name for name, record in run.records.items() if record.status == "ready"}
    return "COMPLETED" if {node.id for node in template.nodes} <= ready else "PROVISIONING"


def summarise(
    plan: Plan,
    run: Run,
    outcome: Outcome,
    begun: float,
    serial: int,
    stop: Stop,
    *,
    ended: Provision,
) -> Summary:
    """The counts of a run. A replacement counts once, when the new resource serves.

    `ended` is the status if all went well.
    """
    done = set(outcome.done)

    def count(action: Action) -> int:
        return sum(1 for change in plan.changes if change.action == action and _key(change) in done)

    skipped = {
        change.node
        for change in plan.pending
        if _key(change) in outcome.skipped or _key(change) in outcome.unstarted
    }
    error = failure_text(plan, run, outcome, stop)
    return Summary(
        state="FAILED" if error else ended,
        created=count("create"),
        updated=count("update"),
        replaced=count("replace"),
        deleted=count("delete"),
        imported=count("import"),
        moved=count("move"),
        failed=len({key[1] for key in outcome.failed}),
        skipped=len(skipped),
        elapsed_ms=elapsed_ms(begun),
        serial=serial,
        left=left_over(plan, run),
        interrupted=stop.requested,
        changed=run.changed,
    )


def _key(change: NodeChange) -> Key:
    return part_of(change), change.node


def left_over(plan: Plan, run: Run) -> tuple[str, ...]:
    """What a destroy could not delete, in the seeds' words: `connector_id X`."""
    if plan.mode != "destroy":
        return ()
    planned = {change.node for change in plan.changes}
    return tuple(
        f"{record.resource_type} {record.resource_id}"
        for record in run.records.values()
        if record.resource_type and record.resource_id and record.node in planned
    )


def failure_text(plan: Plan, run: Run, outcome: Outcome, stop: Stop) -> str | None:
    """The status' `error`, as Flow Framework words it; None when all went well.

    Seeds: "Failed to deprovision some resources: [connector_id X]."; FACTS: "…Exception
    during step NODE, REASON, restStatus: STATUS".
    """
    left = left_over(plan, run)
    if left:
        return f"Failed to deprovision some resources: [{', '.join(left)}]."
    for key, error in outcome.failed.items():
        return _during(key[1], error)
    if stop.requested and (outcome.unstarted or outcome.abandoned):
        return "interrupted before all steps were done"
    return None


def _during(node: str, error: Exception) -> str:
    name = type(error).__name__
    if isinstance(error, Refused):
        return f"{name} during step {node}, {error.reason}, restStatus: {error.status}"
    if isinstance(error, FlowplanError):
        return f"{name} during step {node}, {error.diagnostics[0].summary}"
    return f"{name} during step {node}"
