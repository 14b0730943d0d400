"""The end of an apply or destroy for people: what was done, what is left, what to type next."""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.planner.events import Summary
from flowplan.planner.plan import Mode
from flowplan.render.look import Look
from flowplan.render.outputs import outputs_text
from flowplan.render.sanitise import clean
from flowplan.render.tables import wrapped
from flowplan.render.wording import seconds_text
from flowplan.state.model import OutputRecord

__all__ = ["summary_lines"]

_WORDS = ("created", "updated", "replaced", "deleted", "imported", "moved", "failed", "skipped")


def summary_lines(
    summary: Summary,
    mode: Mode,
    look: Look,
    *,
    outputs: Mapping[str, OutputRecord],
    next_step: str = "",
) -> str:
    """`Applied: 1 created in 14.2 s. State serial 8.` and the outputs; or what went wrong."""
    counts = [f"{getattr(summary, word):,} {word}" for word in _WORDS if getattr(summary, word)]
    done = ", ".join(counts)
    if summary.failed or summary.skipped or summary.left or summary.interrupted:
        return _unfinished(summary, done, look, next_step)
    if mode == "refresh-only":
        return _accepted(summary, look)
    verb = "Destroyed" if mode == "destroy" else "Applied"
    took = seconds_text(summary.elapsed_ms)
    head = look.paint("bold green", f"{verb}:") + f" {done or 'nothing changed'} in {took}."
    lines = [f"{head} State serial {summary.serial}."]
    if outputs and mode != "destroy":
        lines.append(outputs_text(outputs))
    if summary.checks:
        lines.append(_checks(summary, look, next_step))
    return "\n".join(lines)


def _accepted(summary: Summary, look: Look) -> str:
    several = "" if summary.accepted == 1 else "s"
    what = f"what changed on {summary.accepted:,} resource{several} is in the state now"
    head = look.paint("bold green", "Accepted:")
    return f"{head} {what}. State serial {summary.serial}."


def _checks(summary: Summary, look: Look, next_step: str) -> str:
    if not summary.checks_failed:
        return "1 check holds." if summary.checks == 1 else f"{summary.checks:,} checks hold."
    several = "s" if summary.checks > 1 else ""
    said = f"{summary.checks_failed:,} of {summary.checks:,} check{several} failed:"
    return f"{look.paint('bold red', said)} all is made and recorded.\nNext: {next_step}"


def _unfinished(summary: Summary, done: str, look: Look, next_step: str) -> str:
    changed = summary.changed
    stopped = "Stopped part-way:" if changed else "Failed:"
    head = "Interrupted:" if summary.interrupted else stopped
    # Stopped before the first state was written: the journal has it all.
    where = f"is in the state (serial {summary.serial})" if summary.serial else "is recorded"
    kept = f"Everything done {where}." if changed else "Nothing was changed."
    told = f"{head} {done or 'no step was started'}. {kept}"
    first, *lines = wrapped(told, look.width, "") if look.fold else [told]
    lines = [look.paint("bold red", head) + first.removeprefix(head), *lines]
    if summary.left:
        lines.append("Still on the cluster:")
        lines += [f"  {clean(item)}" for item in summary.left]
    if next_step:
        lines.append(f"Next: {next_step}")
    return "\n".join(lines)
