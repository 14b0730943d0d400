"""`apply --plan FILE`: carry out a plan that was reviewed, if it still fits.

It is not asked for approval again: saving and naming it is the approval.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flowplan.cli.call import Call
from flowplan.cli.changing import locked, refuse_blocked, show_plan
from flowplan.cli.places import placing
from flowplan.cli.running import carry_out
from flowplan.cli.session import open_workspace

__all__ = ["apply_saved"]


def apply_saved(call: Call) -> int:
    """Load, check, execute; the exit code. Raises `StalePlan`, exit 5."""
    from flowplan.planner.planfile import check_fresh, check_reached, load
    from flowplan.planner.reconcile import recover

    saved = load(Path(call.flags.plan_file or ""))
    plan = saved.plan
    flags = replace(
        call.flags,
        template=call.flags.template or saved.template_path,
        state=call.flags.state or saved.state,
    )
    call = replace(call, flags=flags)
    opened = open_workspace(call, mode=plan.mode, saved=saved)
    with locked(call, opened, plan.mode), placing(opened.workspace.template):
        # As found, then once more: reconciling an earlier run makes the plan stale, too.
        check_fresh(saved, opened.workspace, opened.workspace.backend.load())
        check_reached(saved, opened.workspace)
        check_fresh(saved, opened.workspace, recover(opened.workspace))
        refuse_blocked(plan)
        show_plan(call, opened, plan, asking=False)
        return carry_out(call, opened, plan, saved=True)
