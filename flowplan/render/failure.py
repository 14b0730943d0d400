"""Show why a command failed: text on stderr, or the diagnostics document on stdout."""

from __future__ import annotations

from pathlib import Path

from flowplan.errors import FlowplanError, PlanError, TemplateError, UsageError
from flowplan.render.diagnostics import count_text, diagnostics_document, diagnostics_text
from flowplan.render.json_text import json_line, write_json
from flowplan.render.screen import Screen

__all__ = ["ResultLost", "raise_unless_reader_left", "show_failure"]

_OUTCOME = {
    "plan": "Nothing was planned.",
    "apply": "Nothing was changed.",
    "destroy": "Nothing was changed.",
}


class ResultLost(UsageError):
    """The result could not be written. FP609; exit 1, or the exit code that the verb had."""

    exit_code = 1


def raise_unless_reader_left(failure: OSError, code: int) -> None:
    """Raise `ResultLost`, unless the reader just went away: that is no failure of ours."""
    if isinstance(failure, BrokenPipeError):
        return
    lost = ResultLost.of(
        "FP609",
        f"the result could not be written: {failure.strerror}",
        hint="Send stdout where there is room for it.",
    )
    lost.exit_code = code or lost.exit_code
    raise lost


def show_failure(
    error: FlowplanError,
    *,
    verb: str,
    as_json: bool,
    one_line: bool,
    json_into: str | None,
    out: Screen,
    err: Screen,
) -> None:
    """Show all diagnostics of an error in the form that was asked for."""
    document = diagnostics_document(error.diagnostics)
    if json_into:
        keep = one_line and (not isinstance(error, UsageError) or isinstance(error, ResultLost))
        _into_file(json_into, json_line(document), keep=keep)
    if as_json and not isinstance(error, ResultLost):
        write_json(out, document, line=one_line)
        if out.failure is None or isinstance(out.failure, BrokenPipeError):
            return
        # Nothing can be read there, so it is told where it can.
    err.line(diagnostics_text(error.diagnostics, err.look()))
    count = count_text(error.diagnostics)
    outcome = _OUTCOME.get(verb, "") if isinstance(error, (TemplateError, PlanError)) else ""
    if count:
        err.line(f"\n{count}. {outcome}".rstrip())


def _into_file(path: str, line: str, *, keep: bool) -> None:
    """Write the line; `keep` what stands there: the events of the run that failed."""
    try:
        with Path(path).open("a" if keep else "w", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError:
        # The failure itself is what must be told; the file is told of by FP608 when it is opened.
        return
