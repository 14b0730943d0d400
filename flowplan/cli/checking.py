"""Running a template's checks: after an apply that changed something, and for `flowplan check`.

It must not know how a check is judged, or how it is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from flowplan.cli.call import Call
from flowplan.cli.session import Opened
from flowplan.errors import UsageError, nearest
from flowplan.planner.events import Event, Listener, Summary
from flowplan.planner.plan import Plan
from flowplan.planner.template import Check, Template
from flowplan.planner.verify import Verdict, verify

__all__ = ["chosen", "run_after"]


def run_after(
    call: Call, opened: Opened, plan: Plan, summary: Summary, listener: Listener
) -> tuple[Verdict, ...]:
    """The verdicts after a run that did all it was to do; none where nothing is to be checked.

    A run that changed nothing has nothing new to show, and predictions cost money.
    """
    template = opened.workspace.template
    if template is None or plan.mode != "apply" or not summary.changed or not call.flags.check:
        return ()
    state = opened.workspace.backend.load().state
    records = state.resources if state is not None else {}
    return verify(
        opened.workspace,
        template,
        records,
        checks=template.checks,
        tell=lambda verdict: listener(_event(verdict)),
        partial=plan.partial is not None,
    )


def _event(verdict: Verdict) -> Event:
    words = {"passed": "check_completed", "failed": "check_failed", "skipped": "check_skipped"}
    told = verdict.diagnostic
    return Event(
        words[verdict.result],  # type: ignore[arg-type]
        check=verdict.name,
        elapsed_ms=verdict.elapsed_ms,
        diagnostic=told if verdict.result == "failed" else None,
        text=told.summary.partition(": ")[2] if told and verdict.result == "skipped" else "",
    )


def chosen(template: Template, patterns: Sequence[str]) -> tuple[Check, ...]:
    """The checks that the patterns name, all without one. Raises `UsageError` FP664."""
    for pattern in patterns:
        names = [check.name for check in template.checks]
        if any(fnmatchcase(name, pattern) for name in names):
            continue
        near = nearest(pattern, names)
        raise UsageError.of(
            "FP664",
            f'no check is called "{pattern}"',
            f"The template has {', '.join(names)}." if names else "The template has no checks.",
            hint=f'did you mean "{near}"?' if near else "",
        )
    return tuple(
        check
        for check in template.checks
        if not patterns or any(fnmatchcase(check.name, pattern) for pattern in patterns)
    )
