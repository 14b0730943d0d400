"""`apply --plan FILE`: carry out a plan that was reviewed, if it still fits.

It is not asked for approval again: saving and naming it is the approval.
"""

from __future__ import annotations

from pathlib import Path

from flowplan.cli.call import Call
from flowplan.cli.changing import locked, refuse_blocked, show_plan
from flowplan.cli.permission import most_deletes, refuse_many
from flowplan.cli.places import placing
from flowplan.cli.running import carry_out
from flowplan.cli.session import Opened, open_workspace
from flowplan.dataclass import replace
from flowplan.errors import UsageError
from flowplan.planner.absent import refuse_without_secrets
from flowplan.planner.planfile import SavedPlan

__all__ = ["apply_saved", "check_saved", "named"]


def _other_environment(named: str, bound: str | None) -> UsageError:
    made = f"for the environment {bound}" if bound else "without an environment"
    return UsageError.of(
        "FP633",
        f"the saved plan was made {made}, not for {named}",
        "It holds that environment's endpoint, state and params.",
        hint=f"Leave -e out, or make a plan for the other: flowplan plan -e {named} --out FILE",
    )


def apply_saved(call: Call) -> int:
    """Load, check, execute; the exit code. Raises `StalePlan`, exit 5."""
    call, saved = named(call)
    plan = saved.plan
    opened = open_workspace(call, mode=plan.mode, saved=saved)
    if call.flags.wait_timeout is not None:
        from flowplan.cli.waiting import apply_elsewhere

        return apply_elsewhere(call, opened, plan.mode)
    with locked(call, opened, plan.mode), placing(opened.workspace.template):
        check_saved(call, opened, saved)
        show_plan(call, opened, plan, asking=False)
        return carry_out(call, opened, plan, saved=True)


def named(call: Call) -> tuple[Call, SavedPlan]:
    """The saved plan that a call names, and the call with the template and state of the plan."""
    from flowplan.planner.planfile import load

    saved = load(Path(call.flags.plan_file or ""))
    refuse_without_secrets(saved.plan)
    if call.flags.env not in (None, saved.environment):
        raise _other_environment(call.flags.env or "", saved.environment)
    flags = replace(
        call.flags,
        project=call.flags.project or saved.project,
        env=saved.environment,
        template=call.flags.template or saved.template_path,
        state=call.flags.state or saved.state,
    )
    return replace(call, flags=flags), saved


def check_saved(call: Call, opened: Opened, saved: SavedPlan) -> None:
    """See that the plan still fits; under the lock. Raises `StalePlan` and `PlanError`."""
    from flowplan.planner.planfile import check_fresh, check_reached
    from flowplan.planner.reconcile import recover

    workspace = opened.workspace
    # As found, then once more: reconciling an earlier run makes the plan stale, too.
    check_fresh(saved, workspace, workspace.backend.load())
    check_reached(saved, workspace)
    check_fresh(saved, workspace, recover(workspace))
    refuse_blocked(saved.plan)
    refuse_many(saved.plan, most_deletes(call))
