"""What came of checks, for people and as a document. Must not know how they are run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flowplan.planner.verify import Verdict
from flowplan.render.look import Look
from flowplan.render.sanitise import clean
from flowplan.render.wording import seconds_text

__all__ = ["check_document", "check_text"]

FORMAT_VERSION = "1.0"
_WIDEST = 40


def check_text(verdicts: Sequence[Verdict], look: Look) -> str:
    """A line a check, and how many hold; why one does not is told by its diagnostic."""
    if not verdicts:
        return "No checks. The template declares none."
    column = min(max(len(clean(verdict.name)) for verdict in verdicts), _WIDEST)
    lines = [f"  {_line(verdict, column, look)}" for verdict in verdicts]
    count = Counter(verdict.result for verdict in verdicts)
    if not count["failed"]:
        return "\n".join([*lines, look.paint("bold green", _holding(count["passed"]))])
    said = f"{count['failed']:,} of {len(verdicts):,} check{'s' * (len(verdicts) > 1)} failed."
    return "\n".join([*lines, look.paint("bold red", said)])


def _holding(number: int) -> str:
    return "1 check holds." if number == 1 else f"{number:,} checks hold."


def _line(verdict: Verdict, column: int, look: Look) -> str:
    name = clean(verdict.name).ljust(column)
    tries = f"  {verdict.tries} tries" if verdict.tries > 1 else ""
    if verdict.result == "passed":
        sign, word = look.paint("green", "✔"), "holds "
    else:
        sign, word = look.paint("bold red", "✘"), "failed"
    asked = f"  {clean(verdict.kind)} {look.id(verdict.subject)}" if verdict.subject else ""
    return f"{name}  {sign} {word}  {seconds_text(verdict.elapsed_ms)}{tries}{asked}"


def check_document(verdicts: Sequence[Verdict], workflow: str, endpoint: str) -> dict[str, Any]:
    """The document of `flowplan check --format json`."""
    count = Counter(verdict.result for verdict in verdicts)
    told = [verdict.diagnostic for verdict in verdicts if verdict.diagnostic is not None]
    return {
        "format_version": FORMAT_VERSION,
        "workflow": workflow,
        "endpoint": endpoint,
        "checks": [_check(verdict) for verdict in verdicts],
        "summary": {key: count[key] for key in ("passed", "failed", "skipped")},
        "diagnostics": [diagnostic.as_json() for diagnostic in told],
    }


def _check(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "kind": verdict.kind,
        "subject": verdict.subject or None,
        "result": verdict.result,
        "tries": verdict.tries,
        "elapsed_ms": verdict.elapsed_ms,
        "diagnostic": verdict.diagnostic.as_json() if verdict.diagnostic else None,
    }
