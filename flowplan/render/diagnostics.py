"""Draw diagnostics: for people with the source line and a caret, for scripts as one document.

CONTRACT "Diagnostics". The order is kept; what is wrong comes first, then why, then what to do.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from flowplan.errors import Diagnostic
from flowplan.render.look import Look
from flowplan.render.sanitise import clean, clean_lines
from flowplan.render.tables import wrapped

__all__ = ["count_text", "diagnostic_text", "diagnostics_document", "diagnostics_text"]

_WINDOW = 16


def diagnostics_document(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """The document that any verb prints when it fails with `--format json`."""
    return {"diagnostics": [diagnostic.as_json() for diagnostic in diagnostics]}


def diagnostics_text(diagnostics: Sequence[Diagnostic], look: Look) -> str:
    """All of them, one after the other."""
    return "\n".join(diagnostic_text(diagnostic, look) for diagnostic in diagnostics)


def diagnostic_text(diagnostic: Diagnostic, look: Look) -> str:
    """One: `error[FP104]: file:line:column: node: summary`, source line, detail, hint."""
    where = [part for part in (_place(diagnostic), diagnostic.node or "") if part]
    head = ": ".join(clean(part) for part in where)
    summary = clean(diagnostic.summary)
    lines = _head(diagnostic, f"{head}: {summary}" if head else summary, look)
    hint = diagnostic.hint
    if diagnostic.excerpt and diagnostic.line is not None:
        drawn, hint = _excerpt(diagnostic, look)
        lines += drawn
    for line in clean_lines(diagnostic.detail).split("\n"):
        lines += wrapped(line, look.width, "  ") if line[:1] != " " else [f"  {line}"]
    if hint:
        for line in clean_lines(hint).split("\n"):
            lines += _advice(line, look)
    return "\n".join(lines)


def _head(diagnostic: Diagnostic, text: str, look: Look) -> list[str]:
    style = "bold red" if diagnostic.severity == "error" else "bold yellow"
    label = f"{diagnostic.severity}[{diagnostic.code}]:"
    first, *rest = [f"{label} {text}"]
    if look.fold:
        first, *rest = wrapped(first, look.width, "")
        rest = wrapped(" ".join(rest), look.width, "    ")
    return [look.paint(style, label) + first.removeprefix(label), *rest]


def _advice(line: str, look: Look) -> list[str]:
    """A line of the hint; whole where it may hold a command to copy."""
    if look.fold and "flowplan " not in line and line[:1] != " ":
        return wrapped(line, look.width, "  ") or [""]
    return [f"  {line}".rstrip()]


def count_text(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors and 1 warning in template.yaml`, or "" for a single diagnostic."""
    if len(diagnostics) < 2:  # noqa: PLR2004 one speaks for itself
        return ""
    errors = sum(1 for diagnostic in diagnostics if diagnostic.severity == "error")
    parts = [
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((errors, "error"), (len(diagnostics) - errors, "warning"))
        if number
    ]
    files = {diagnostic.file for diagnostic in diagnostics if diagnostic.file}
    place = f" in {clean(files.pop())}" if len(files) == 1 else ""
    return " and ".join(parts) + place


def _place(diagnostic: Diagnostic) -> str:
    numbers = (diagnostic.line, diagnostic.column)
    if diagnostic.file is None:
        return ""
    if diagnostic.line is None and diagnostic.summary.startswith(diagnostic.file):
        return ""  # "x.yaml: x.yaml can't be read" says it twice
    return ":".join([diagnostic.file, *(str(number) for number in numbers if number is not None)])


def _excerpt(diagnostic: Diagnostic, look: Look) -> tuple[list[str], str]:
    """The source line with a caret under what is meant; a short hint stands beside it."""
    number = str(diagnostic.line)
    margin = " " * max(5 - len(number), 1) + number
    start = max((diagnostic.column or 1) - 1, 0)
    source = diagnostic.excerpt.rstrip("\r\n").replace("\t", " ")
    room = max(look.width - len(margin) - 3, 20)
    if len(source) > room and start > room - _WINDOW:
        cut = start - _WINDOW
        source, start = "…" + source[cut + 1 :], _WINDOW
    if len(source) > room:
        source = source[: room - 1] + "…"
    before, marked = source[:start], source[start : start + max(diagnostic.span, 1)]
    pad = " " * _columns(clean(before))
    caret = "^" * max(_columns(clean(marked)), 1)
    below = f"{' ' * len(margin)} | {pad}{caret}"
    hint = diagnostic.hint
    if hint and "\n" not in hint and len(below) + 1 + len(hint) <= look.width:
        beside, hint = f" {clean(hint)}", ""
    else:
        beside = ""
    shown = [
        f"{margin} | {clean(source)}".rstrip(),
        f"{' ' * len(margin)} | {pad}{look.paint('bold red', caret)}{beside}",
    ]
    return shown, hint


def _columns(text: str) -> int:
    """How many columns a terminal needs for it."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
