"""Asking before the first change, and refusing where nobody can be asked."""

from __future__ import annotations

import sys

from flowplan.cli.call import Call
from flowplan.errors import UsageError
from flowplan.planner.losses import losing
from flowplan.planner.plan import Plan
from flowplan.planner.workspace import Workspace
from flowplan.render.prompt import ask
from flowplan.render.screen import is_terminal

__all__ = ["NotApproved", "approve", "can_ask", "confirm", "needs_approval"]

_NAMED = 5


class NotApproved(UsageError):
    """Nobody said yes. Exit 1: nothing was changed, and the call itself was right."""

    exit_code = 1


def needs_approval(call: Call, plan: Plan) -> bool:
    """Whether somebody has to say yes before this plan is carried out."""
    return not call.flags.auto_approve and not plan.empty


def can_ask(call: Call) -> bool:
    """Whether somebody sits there: questions go to stderr, answers come from stdin."""
    return not call.flags.no_input and is_terminal(sys.stdin) and call.err.terminal


def approve(call: Call, workspace: Workspace, plan: Plan) -> None:
    """Ask whether to carry the plan out; see `confirm`.

    Where data would be deleted with it, only the workflow's name goes on: `yes` is typed by habit.
    """
    lost = _lost(workspace, plan)
    question = _question(plan)
    if lost:
        shown = ", ".join(lost[:_NAMED]) + (" and others" if len(lost) > _NAMED else "")
        question = f"{question} The data of {shown} is deleted."
    confirm(
        call,
        question,
        "Or save a plan, review it, and apply that one: flowplan apply --plan FILE",
        word=plan.workflow if lost else "yes",
    )


def _lost(workspace: Workspace, plan: Plan) -> tuple[str, ...]:
    """The nodes whose data goes."""
    state = workspace.backend.load().state
    return losing(workspace.steps, plan.changes, state.resources) if state else ()


def _question(plan: Plan) -> str:
    if plan.mode == "refresh-only":
        return f"Take this over into {plan.state_location}, and change nothing on the cluster?"
    what = "Delete all of this from" if plan.mode == "destroy" else "Make these changes to"
    return f"{what} {plan.endpoint}?"


def confirm(call: Call, question: str, otherwise: str = "", *, word: str = "yes") -> None:
    """Ask; anything but `word` raises `NotApproved` FP631, nobody to ask FP630.

    `otherwise` is another way than approving beforehand.
    """
    verb = call.flags.verb
    if not can_ask(call):
        raise NotApproved.of(
            "FP630",
            f"{verb} needs an approval, and there is nobody to ask",
            "The input is no terminal, or --no-input was given.",
            hint=f"Approve beforehand: flowplan {verb} --auto-approve\n{otherwise}".rstrip(),
        )
    only = "Only yes goes on:" if word == "yes" else f"Type {word} to go on:"
    answer = ask(call.err, f"{question} {only} ", sys.stdin).strip()
    if answer != word.strip():
        raise NotApproved.of(
            "FP631", "not approved", f'The answer was "{answer[:40]}", not "{word}".'
        )
