"""Carrying a plan out: progress in the form that was asked for, signals, summary, exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from flowplan.cli.call import Call
from flowplan.cli.next_step import next_after_checks, next_after_failure, repeating
from flowplan.cli.places import placed
from flowplan.cli.session import Opened
from flowplan.cli.signals import Speaks, stop_on_signals
from flowplan.dataclass import dataclass, replace
from flowplan.errors import FlowplanError
from flowplan.planner.events import Event, Listener, Summary
from flowplan.planner.plan import Plan
from flowplan.planner.template import Template
from flowplan.render.events_json import EventLines, plan_event_document
from flowplan.render.json_file import JsonFile
from flowplan.render.json_text import write_json
from flowplan.render.validation import warn

__all__ = ["Done", "carry_out", "exit_code", "perform", "progress", "tell_end"]

PARTLY_EXIT = 3
PARALLELISM = 10


def carry_out(call: Call, opened: Opened, plan: Plan, *, saved: bool = False) -> int:
    """Execute an approved plan and say what came of it; the exit code."""
    with progress(call, plan, opened.workspace.template) as (listener, screen):
        done = perform(call, opened, plan, listener, screen, saved=saved)
    tell_end(call, opened, plan, done.summary)
    return done.exit_code


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a run, and the exit code for it."""

    summary: Summary
    exit_code: int


def perform(
    call: Call, opened: Opened, plan: Plan, listener: Listener, screen: Speaks, *, saved: bool
) -> Done:
    """Execute an approved plan, telling `listener`; signals stop it. Raises `FlowplanError`."""
    from flowplan.planner.execute import Stop, execute

    stop, last = Stop(), _Last(listener)
    with stop_on_signals(stop, screen) as caught, _partly(last) as watched:
        summary = execute(
            opened.workspace,
            plan,
            listener=watched,
            stop=stop,
            parallelism=call.flags.parallelism or call.settings.parallelism or PARALLELISM,
            saved=saved,
        )
        if stop.now:
            # Ended before its own last event; a reader of the stream waits for that line.
            last(Event("summary", summary=summary))
    code = exit_code(summary) if caught.exit_code is None else caught.exit_code
    try:
        if code == 0:
            summary = _checked(call, opened, plan, summary, listener)
            code = PARTLY_EXIT if summary.checks_failed else code
    finally:
        last.tell(summary)
    return Done(summary, code)


def _checked(
    call: Call, opened: Opened, plan: Plan, summary: Summary, listener: Listener
) -> Summary:
    """The summary of a run that did all it was to do, with what its checks said."""
    template = opened.workspace.template
    if template is None or not template.checks:
        return summary
    from flowplan.cli.checking import run_after

    results = [verdict.result for verdict in run_after(call, opened, plan, summary, listener)]
    failed = results.count("failed")
    return replace(summary, checks=failed + results.count("passed"), checks_failed=failed)


class _Last:
    """A listener that keeps the summary back: nothing comes after it in the stream."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.kept: Event | None = None

    def __call__(self, event: Event) -> None:
        if event.type == "summary":
            self.kept = event
        else:
            self.listener(event)

    def tell(self, summary: Summary) -> None:
        """Pass it on, with the summary as it is by now."""
        if self.kept is not None:
            self.listener(replace(self.kept, summary=summary, at=datetime.now(UTC)))


def tell_end(call: Call, opened: Opened, plan: Plan, summary: Summary) -> None:
    """What came of it, for people; a script has read it in the last event."""
    if call.flags.json:
        return
    ending = _ending(call, opened, plan, summary)
    if ending:
        if call.out.terminal and call.err.terminal and plan.pending:
            call.err.line()  # between what was done and what came of it
        call.out.line(ending)


@contextmanager
def _partly(listener: Listener) -> Iterator[Listener]:
    """A run that breaks off with an error after a step was done has changed something: exit 3."""
    done = False

    def watch(event: Event) -> None:
        nonlocal done
        done = done or event.type == "step_completed"
        listener(event)

    try:
        yield watch
    except FlowplanError as error:
        if done:
            error.exit_code = PARTLY_EXIT
        raise


def exit_code(summary: Summary) -> int:
    """0 all done, 1 nothing changed, 3 part-way."""
    if not summary.failed and not summary.skipped and not summary.left:
        return 0
    return PARTLY_EXIT if summary.changed else 1


def _ending(call: Call, opened: Opened, plan: Plan, summary: Summary) -> str:
    from flowplan.render.apply_summary import summary_lines
    from flowplan.render.outputs import outputs_text

    state = opened.workspace.backend.load().state
    if plan.empty and exit_code(summary) == 0:
        # The plan's own line has said that there is nothing to do.
        return outputs_text(state.outputs) if state and plan.mode == "apply" else ""
    return summary_lines(
        summary,
        plan.mode,
        call.look,
        outputs=state.outputs if state else {},
        next_step=next_after_checks(call.flags)
        if summary.checks_failed
        else next_after_failure(call.flags, opened.workspace.template),
    )


@contextmanager
def progress(
    call: Call, plan: Plan, template: Template | None
) -> Iterator[tuple[Listener, Speaks]]:
    """The listeners: events on stdout or progress on stderr, and events into the file.

    Beside them, where anything else is said meanwhile.
    """
    with ExitStack() as stack:
        listeners: list[Listener] = []
        screen: Speaks = call.err
        if call.flags.json:
            listeners.append(
                _lines(lambda document: write_json(call.out, document, line=True), plan)
            )
        else:
            people, screen = _people(call, plan, stack)
            listeners.append(people)
        if call.flags.json_into:
            file = stack.enter_context(JsonFile(call.flags.json_into))
            stack.callback(lambda: warn(call.err, file.told()))
            listeners.append(_lines(file.line, plan))

        def tell(event: Event) -> None:
            if event.diagnostic is not None:
                told = repeating(placed(event.diagnostic, template), call.flags)
                event = replace(event, diagnostic=told)
            for listener in listeners:
                listener(event)

        yield tell, screen


def _lines(write: Callable[[dict[str, Any]], None], plan: Plan) -> Listener:
    write(plan_event_document(plan, datetime.now(UTC)))
    lines = EventLines(write)
    # The first line, with the whole plan, is written above.
    return lambda event: None if event.type == "plan" else lines(event)


def _people(call: Call, plan: Plan, stack: ExitStack) -> tuple[Listener, Speaks]:
    redrawn = call.err.terminal and call.environ.get("TERM") != "dumb"
    if redrawn and not call.flags.quiet and plan.pending:
        from flowplan.render.live import LiveProgress

        live = stack.enter_context(LiveProgress.on(call.err, plan))
        return live, live
    from flowplan.render.events_plain import PlainProgress

    nodes = [change.node for change in plan.pending]
    return PlainProgress(call.err, nodes, quiet=call.flags.quiet), call.err
