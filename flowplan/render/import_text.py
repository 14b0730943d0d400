"""Draw what an import took over: the node, what differs, what comes of it. Pure."""

from __future__ import annotations

from flowplan.planner.plan import Plan
from flowplan.render.look import Look
from flowplan.render.plan_text import change_lines
from flowplan.render.sanitise import clean

__all__ = ["import_text"]


def import_text(plan: Plan, serial: int | None, look: Look, *, next_step: str) -> str:
    """The node as a plan draws it, then one line. `serial` is the state's, None for a dry run.

    `next_step` is the command that shows what an apply would do about what differs.
    """
    (change,) = plan.changes
    lines = change_lines(plan, look)
    done = f"Imported {clean(change.node)}" if serial is not None else "Nothing was written"
    number = len(change.fields)
    if not number and change.then is None:
        differs = "it is as the template says"
    elif not number:
        differs = "the next apply finishes it"
    else:
        differs = f"{number:,} field{'' if number == 1 else 's'} differ{'s' if number == 1 else ''}"
    where = f" State serial {serial}." if serial is not None else ""
    lines.append(look.paint("bold", f"{done}: {differs}.{where}"))
    if serial is not None and (number or change.then):
        lines.append(f"Next: {next_step}")
    return "\n".join(lines)
