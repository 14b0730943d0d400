"""Carrying a plan out: progress in the form that was asked for, signals, summary, exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from flowplan.cli.call import Call
from flowplan.cli.next_step import next_after_failure
from flowplan.cli.session import Opened
from flowplan.cli.signals import stop_on_signals
from flowplan.planner.events import Event, Listener, Summary
from flowplan.planner.plan import Plan
from flowplan.render.events_json import EventLines, plan_event_document
from flowplan.render.json_file import JsonFile
from flowplan.render.json_text import write_json

__all__ = ["carry_out", "exit_code"]

PARTLY_EXIT = 3


def carry_out(call: Call, opened: Opened, plan: Plan) -> int:
    """Execute an approved plan and say what came of it; the exit code."""
    from flowplan.planner.execute import Stop, execute

    stop = Stop()
    with _progress(call, plan) as listener, stop_on_signals(stop, call.err) as caught:
        summary = execute(
            opened.workspace,
            plan,
            listener=listener,
            stop=stop,
            parallelism=call.flags.parallelism,
        )
    if not call.flags.json:
        call.out.line(_ending(call, opened, plan, summary))
    if caught.exit_code is not None and (summary.interrupted or summary.skipped):
        return caught.exit_code
    return exit_code(summary)


def exit_code(summary: Summary) -> int:
    """0 all done, 1 nothing changed, 3 part-way."""
    if not summary.failed and not summary.skipped and not summary.left:
        return 0
    changed = summary.created + summary.updated + summary.replaced + summary.deleted
    return PARTLY_EXIT if changed else 1


def _ending(call: Call, opened: Opened, plan: Plan, summary: Summary) -> str:
    from flowplan.render.apply_summary import summary_lines

    state = opened.workspace.backend.load().state
    return summary_lines(
        summary,
        plan.mode,
        call.look,
        outputs=state.outputs if state else {},
        next_step=next_after_failure(call.flags),
    )


@contextmanager
def _progress(call: Call, plan: Plan) -> Iterator[Listener]:
    """The listeners: events on stdout or progress on stderr, and events into the file."""
    with ExitStack() as stack:
        listeners: list[Listener] = []
        if call.flags.json:
            listeners.append(
                _lines(lambda document: write_json(call.out, document, line=True), plan)
            )
        else:
            listeners.append(_people(call, plan, stack))
        if call.flags.json_into:
            file = stack.enter_context(JsonFile(call.flags.json_into))
            listeners.append(_lines(file.line, plan))

        def tell(event: Event) -> None:
            for listener in listeners:
                listener(event)

        yield tell


def _lines(write: Callable[[dict[str, Any]], None], plan: Plan) -> Listener:
    write(plan_event_document(plan, datetime.now(UTC)))
    lines = EventLines(write)
    # The first line, with the whole plan, is written above.
    return lambda event: None if event.type == "plan" else lines(event)


def _people(call: Call, plan: Plan, stack: ExitStack) -> Listener:
    if call.err.terminal and not call.flags.quiet and plan.pending:
        from flowplan.render.live import LiveProgress

        return stack.enter_context(LiveProgress.on(call.err, plan))
    from flowplan.render.events_plain import PlainProgress

    nodes = [change.node for change in plan.pending]
    return PlainProgress(call.err, nodes, quiet=call.flags.quiet)
