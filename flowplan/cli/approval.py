"""Asking before the first change, and refusing where nobody can be asked."""

from __future__ import annotations

import sys

from flowplan.cli.call import Call
from flowplan.errors import UsageError
from flowplan.planner.plan import Plan
from flowplan.render.prompt import ask
from flowplan.render.screen import is_terminal

__all__ = ["NotApproved", "approve", "can_ask", "needs_approval"]


class NotApproved(UsageError):
    """Nobody said yes. Exit 1: nothing was changed, and the call itself was right."""

    exit_code = 1


def needs_approval(call: Call, plan: Plan) -> bool:
    """Whether somebody has to say yes before this plan is carried out."""
    return not call.flags.auto_approve and not plan.empty


def can_ask(call: Call) -> bool:
    """Whether somebody sits there: questions go to stderr, answers come from stdin."""
    return not call.flags.no_input and is_terminal(sys.stdin) and call.err.terminal


def approve(call: Call, plan: Plan) -> None:
    """Ask; anything but `yes` raises `NotApproved` FP631, nobody to ask FP630."""
    verb = call.flags.verb
    if not can_ask(call):
        raise NotApproved.of(
            "FP630",
            f"{verb} needs an approval, and there is nobody to ask",
            "The input is no terminal, or --no-input was given.",
            hint=f"Approve beforehand: flowplan {verb} --auto-approve\n"
            "Or save a plan, review it, and apply that one: flowplan apply --plan FILE",
        )
    what = "Delete all of this from" if plan.mode == "destroy" else "Make these changes to"
    answer = ask(call.err, f"{what} {plan.endpoint}? Only yes goes on: ", sys.stdin).strip()
    if answer != "yes":
        raise NotApproved.of("FP631", "not approved", f'The answer was "{answer[:40]}", not "yes".')
