"""Collects what is wrong with a template, and turns it into diagnostics with their places.

Places are looked up only when there is something to report. This module must not know what
makes a template wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic, nearest
from flowplan.planner.source import Document, Position
from flowplan.planner.source.document import MAX_EXCERPT
from flowplan.planner.values import Path

__all__ = ["Report", "listed", "once"]

MASK = "•"
# difflib costs about 10 µs a candidate; a template of 10,000 unknown names among 10,000 known
# ones would take a quarter of an hour over suggestions that nobody reads to the end.
SUGGESTION_BUDGET = 100_000


@dataclass(frozen=True, slots=True)
class _Finding:
    diagnostic: Diagnostic
    path: Path
    key: bool
    fragments: Sequence[str]


class Report:
    """The findings on one document. `secrets` are the paths that no excerpt may show."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.secrets: list[Path] = []
        self._findings: list[_Finding] = []
        self._budget = SUGGESTION_BUDGET

    @property
    def empty(self) -> bool:
        """Whether nothing was found, warnings included."""
        return not self._findings

    @property
    def failed(self) -> bool:
        """Whether anything found is an error."""
        return any(found.diagnostic.severity == "error" for found in self._findings)

    def error(
        self,
        code: str,
        summary: str,
        path: Path,
        *,
        key: bool = False,
        fragments: Sequence[str] = (),
        node: str | None = None,
        detail: str = "",
        hint: str = "",
        warning: bool = False,
    ) -> None:
        """Note an error at `path`: at its value, its key, or a fragment inside the value."""
        diagnostic = Diagnostic(
            "warning" if warning else "error", code, summary, detail, node=node or None, hint=hint
        )
        self._findings.append(_Finding(diagnostic, path, key, fragments))

    def did_you_mean(self, name: str, known: Sequence[str], otherwise: str = "") -> str:
        """A hint with the known name most like `name`, else `otherwise`."""
        found = self.nearest(name, known)
        return f'did you mean "{found}"?' if found else otherwise

    def nearest(self, name: str, known: Sequence[str]) -> str | None:
        """The known name most like `name`, None when there is none or too many were looked up."""
        self._budget -= len(known)
        return nearest(name, known) if self._budget >= 0 else None

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All findings, in the order of their places."""
        if not self._findings:
            return ()
        hidden = sorted(self.document.extent(path) for path in self.secrets)
        placed = [self._placed(found, hidden) for found in self._findings]
        return tuple(sorted(placed, key=lambda item: (item.line or 0, item.column or 0)))

    def _placed(self, found: _Finding, hidden: Sequence[tuple[int, int]]) -> Diagnostic:
        document = self.document
        if found.fragments:
            place = document.position_of(found.path, found.fragments)
        else:
            place = document.position(found.path, key=found.key)
        base = found.diagnostic
        excerpt = self._excerpt(place, hidden)
        return Diagnostic(
            base.severity,
            base.code,
            base.summary,
            base.detail,
            node=base.node,
            file=document.name,
            line=place.line,
            column=place.column,
            hint=base.hint,
            excerpt=excerpt,
            span=place.span if excerpt else 0,
        )

    def _excerpt(self, place: Position, hidden: Sequence[tuple[int, int]]) -> str:
        from bisect import bisect_left

        first = self.document.line_offset(place.line)
        if self.document.line_end(place.line) - first > MAX_EXCERPT:
            return ""
        text = self.document.excerpt(place.line)
        last = first + len(text)
        # Secrets don't overlap, so only the one before the line can reach into it.
        at = max(0, bisect_left(hidden, (first, 0)) - 1)
        while at < len(hidden) and hidden[at][0] < last:
            start, end = max(hidden[at][0], first) - first, min(hidden[at][1], last) - first
            if end > start:
                text = text[:start] + MASK * (end - start) + text[end:]
            at += 1
        return text


def once(found: Sequence[Diagnostic], told: Sequence[Diagnostic] = ()) -> tuple[Diagnostic, ...]:
    """Of what is said about one place with one code only the first, and nothing that was told.

    What is written once may be wrong in each node that a `for_each` makes of it.
    """
    seen = {(item.code, item.line, item.column) for item in told}
    first: dict[tuple[str, int | None, int | None], Diagnostic] = {}
    for item in found:
        first.setdefault((item.code, item.line, item.column), item)
    return tuple(item for place, item in first.items() if place not in seen)


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: `a`, `a and b`, `a, b and c`."""
    if len(names) < 2:  # noqa: PLR2004 - one name needs no "and"
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
