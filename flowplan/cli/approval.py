"""Asking before the first change, and refusing where nobody can be asked."""

from __future__ import annotations

import sys

from flowplan.cli.call import Call
from flowplan.errors import UsageError
from flowplan.planner.plan import Plan
from flowplan.render.prompt import ask

__all__ = ["NotApproved", "approve", "must_ask"]


class NotApproved(UsageError):
    """Nobody said yes. Exit 1: nothing was changed, and the call itself was right."""

    exit_code = 1


def must_ask(call: Call, plan: Plan) -> bool:
    """Whether approval is needed; raises `NotApproved` FP620 where it can't be given."""
    if call.flags.auto_approve or plan.empty:
        return False
    if call.flags.no_input or not sys.stdin.isatty() or not call.err.terminal:
        verb = call.flags.verb
        raise NotApproved.of(
            "FP620",
            f"{verb} needs an approval, and there is nobody to ask",
            "The input is no terminal, or --no-input was given.",
            hint=f"Approve beforehand: flowplan {verb} --auto-approve\n"
            "Or save a plan, review it, and apply that one: flowplan apply --plan FILE",
        )
    return True


def approve(call: Call, plan: Plan) -> None:
    """Ask on stderr; anything but `yes` raises `NotApproved` FP621."""
    what = "Delete all of this from" if plan.mode == "destroy" else "Make these changes to"
    answer = ask(call.err, f"\n{what} {plan.endpoint}? Only yes goes on: ", sys.stdin)
    if answer.strip() != "yes":
        raise NotApproved.of(
            "FP621", "not approved", f'The answer was "{answer.strip()[:40]}", not "yes".'
        )
