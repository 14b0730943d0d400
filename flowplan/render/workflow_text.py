"""Draw what became of a workflow that was taken over. Pure."""

from __future__ import annotations

from flowplan.planner.plan import Plan
from flowplan.render.look import Look
from flowplan.render.plan_text import change_lines
from flowplan.render.sanitise import clean

__all__ = ["workflow_text"]


def workflow_text(
    plan: Plan, workflow_id: str, done: int, serial: int | None, look: Look, *, next_step: str
) -> str:
    """The nodes as a plan draws them, then one line. `serial` is None when nothing was written.

    `done` is how many nodes are recorded without a resource.
    """
    lines = change_lines(plan, look) if plan.changes else []
    counts = f"{len(plan.changes):,} imported" + (f", {done:,} recorded as done" if done else "")
    differ = [change for change in plan.changes if change.fields or change.then]
    told = "nothing differs" if not differ else f"{len(differ):,} differ from the template"
    if not plan.changes and not done:
        what = f"{clean(workflow_id)} is taken over already: there is nothing left to do."
    elif serial is None:
        what = f"Nothing was written: {counts}, {told}."
    else:
        what = f"Took over {clean(workflow_id)}: {counts}, {told}. State serial {serial}."
    lines.append(look.paint("bold", what))
    if serial is not None:
        lines.append(f"Next: {next_step}")
    return "\n".join(lines)
