"""The run of apply and destroy: lock, reconcile, plan, show, ask, execute.

Everything that refuses does so before the first write.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from flowplan.cli.approval import approve, can_ask, needs_approval
from flowplan.cli.call import Call
from flowplan.cli.places import placing
from flowplan.cli.running import carry_out
from flowplan.cli.session import Opened, open_workspace
from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.build import build
from flowplan.planner.plan import Plan
from flowplan.render.patience import patience
from flowplan.render.plan_text import plan_text
from flowplan.render.validation import not_in_place, warn
from flowplan.state.lock import LockHolder

__all__ = ["change", "locked", "refuse_blocked", "show_plan"]


def change(call: Call, *, mode: Literal["apply", "destroy"]) -> int:
    """Plan and carry out under one lock; the exit code."""
    from flowplan.planner.reconcile import recover

    opened = open_workspace(call, mode=mode)
    with locked(call, opened, mode), placing(opened.workspace.template):
        with patience(call.err, "Looking at the cluster …", quiet=call.flags.quiet):
            snapshot = recover(opened.workspace)
            plan = build(
                opened.workspace,
                snapshot=snapshot,
                mode=mode,
                refresh=call.flags.refresh,
                allow_delete=frozenset(call.flags.allow_delete),
            )
        refuse_blocked(plan)
        asking = needs_approval(call, plan)
        show_plan(call, opened, plan, asking=asking and can_ask(call))
        if asking:
            approve(call, plan)
        return carry_out(call, opened, plan)


@contextmanager
def locked(call: Call, opened: Opened, operation: str) -> Iterator[None]:
    """Hold the state's lock; while waiting for it, say whose it is."""

    def waiting(holder: LockHolder) -> None:
        if not call.flags.quiet:
            call.err.line(
                f"Waiting for the lock: {holder.operation} by {holder.who}, process {holder.pid}."
            )

    backend = opened.workspace.backend
    with backend.lock(operation, call.flags.lock_timeout, waiting):
        yield


def refuse_blocked(plan: Plan) -> None:
    """Refuse deletes that nobody allowed. Raises `PlanError` FP230 for each."""
    blocked = [change for change in plan.changes if change.blocked]
    if not blocked:
        return
    told = {item.node: item for item in plan.diagnostics if item.severity == "error"}
    raise PlanError(
        *(
            told.get(change.node)
            or Diagnostic(
                "error", "FP230", "this delete needs permission", node=change.node,
                hint=f"--allow-delete {change.blocked}, or keep the node in the template",
            )
            for change in blocked
        )
    )  # fmt: skip


def show_plan(call: Call, opened: Opened, plan: Plan, *, asking: bool) -> None:
    """The plan before it is carried out; with JSON on stdout, on stderr if somebody is asked."""
    if not call.flags.json:
        warn(call.err, (*opened.warnings, *not_in_place(plan)))
        if not call.flags.quiet or asking or plan.empty:
            call.out.line(plan_text(plan, call.look) + ("" if plan.empty else "\n"))
    elif asking:
        call.err.line(plan_text(plan, call.err.look(verbose=call.flags.verbose)))
