"""The run of apply and destroy: lock, reconcile, plan, show, ask, execute.

Everything that refuses does so before the first write.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flowplan.cli.approval import approve, can_ask, needs_approval
from flowplan.cli.call import Call
from flowplan.cli.next_step import repeating
from flowplan.cli.permission import allowed, most_deletes, refuse_many, tell_who_allows
from flowplan.cli.places import placing
from flowplan.cli.running import carry_out
from flowplan.cli.selecting import mode_of, selection_of
from flowplan.cli.session import Opened, open_workspace
from flowplan.dataclass import replace
from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.build import build
from flowplan.planner.plan import Mode, Plan
from flowplan.render.patience import patience
from flowplan.render.plan_text import plan_text
from flowplan.render.validation import not_in_place, warn
from flowplan.state.backends import Backend
from flowplan.state.lock import LockHolder, span

__all__ = [
    "change", "holding", "locked", "planned", "refuse_blocked", "show_and_ask", "show_plan",
]  # fmt: skip


def change(call: Call) -> int:
    """Plan and carry out under one lock; the exit code."""
    mode = mode_of(call.flags)
    opened = open_workspace(call, mode=mode)
    if call.flags.wait_timeout is not None:
        from flowplan.cli.waiting import change_elsewhere

        return change_elsewhere(call, opened, mode)
    with locked(call, opened, mode), placing(opened.workspace.template):
        plan = planned(call, opened, mode)
        show_and_ask(call, opened, plan)
        return carry_out(call, opened, plan)


def planned(call: Call, opened: Opened, mode: Mode, *, recovering: bool = True) -> Plan:
    """The plan of this call, unless it may not be carried out. Raises `PlanError`.

    Without the lock nothing may be recovered: then the plan shows what is known until now.
    """
    from flowplan.planner.reconcile import recover

    with patience(call.err, "Looking at the cluster …", quiet=call.flags.quiet):
        plan = build(
            opened.workspace,
            snapshot=recover(opened.workspace) if recovering else None,
            mode=mode,
            refresh=call.flags.refresh,
            allow_delete=allowed(call),
            selection=selection_of(call.flags),
        )
        plan = tell_who_allows(call, opened.workspace, plan)
    told = tuple(repeating(item, call.flags) for item in plan.diagnostics)
    plan = replace(plan, diagnostics=told)
    refuse_blocked(plan)
    refuse_many(plan, most_deletes(call))
    return plan


def show_and_ask(call: Call, opened: Opened, plan: Plan) -> None:
    """Show what will be done, and have it approved. Raises `NotApproved`."""
    asking = needs_approval(call, plan)
    show_plan(call, opened, plan, asking=asking and can_ask(call))
    if asking:
        approve(call, opened.workspace, plan)


@contextmanager
def locked(call: Call, opened: Opened, operation: str) -> Iterator[None]:
    """Hold the lock of the state that is worked on."""
    with holding(call, opened.workspace.backend, operation):
        yield


@contextmanager
def holding(call: Call, backend: Backend, operation: str) -> Iterator[None]:
    """Hold a state's lock; while waiting for it, say whose it is."""

    def waiting(holder: LockHolder) -> None:
        if not call.flags.quiet:
            call.err.line(
                f"Waiting for the lock: {holder.operation} by {holder.who}, process {holder.pid}."
            )

    def took_over(holder: LockHolder, age: float) -> None:
        taken = Diagnostic(
            "warning", "FP506", f"took over the lock of {holder.who} (process {holder.pid})",
            f"It was held for {holder.operation} and has not been renewed for {span(age)}.",
        )  # fmt: skip
        warn(call.err, (taken,))

    with backend.lock(operation, call.flags.lock_timeout, waiting, took_over):
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
