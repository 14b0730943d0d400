"""What can go wrong, as data: diagnostics with a code, a place, a cause and a remedy.

A leaf that every layer imports. It must not know click, HTTP, templates or how a
diagnostic is drawn; `flowplan.render` draws them and `flowplan.cli` turns an error
into an exit code.

    FlowplanError
    ├── TemplateError       FP1xx  exit 1    what the user wrote
    ├── PlanError           FP2xx  exit 1    what can't be planned
    ├── ProviderError       FP3xx  exit 1    what the cluster answered
    │   ├── Unreachable     FP322            nothing answered
    │   ├── Refused                          an answer that says no
    │   │   └── InUse       FP334            no, since something else uses it
    │   └── AnswerLost                       sent, and nobody knows whether it took effect
    ├── StateError          FP4xx  exit 1    what is recorded
    │   └── StalePlan       FP2xx  exit 5    a saved plan that no longer fits
    ├── ProjectError        FP62x  exit 1    what the project file says
    ├── LockHeld            FP5xx  exit 4
    ├── LockLost            FP502  exit 4
    └── UsageError          FP6xx  exit 64   how it was called
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from flowplan.dataclass import dataclass, replace

__all__ = [
    "AnswerLost",
    "Diagnostic",
    "FlowplanError",
    "InUse",
    "LockHeld",
    "LockLost",
    "PlanError",
    "ProjectError",
    "ProviderError",
    "Refused",
    "StalePlan",
    "StateError",
    "TemplateError",
    "Unreachable",
    "UsageError",
    "nearest",
]

Severity = Literal["error", "warning"]


IMPORT = "flowplan import NODE "
"""How a hint names the command that takes something over, before its node is known."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to tell the user: what is wrong, why, and what to do.

    `line` and `column` count from 1. `excerpt` is the source line and `span` the number of
    characters to underline in it; both serve the text renderer only.
    """

    severity: Severity
    code: str
    summary: str
    detail: str = ""
    node: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str = ""
    excerpt: str = ""
    span: int = 0

    def as_json(self) -> dict[str, Any]:
        """The object that CONTRACT.md's "Diagnostics" describes."""
        return {
            "severity": self.severity,
            "code": self.code,
            "summary": self.summary,
            "detail": self.detail,
            "node": self.node,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "hint": self.hint,
        }

    def at_node(self, node: str) -> Diagnostic:
        """The same at a node, unless it has one; the commands in its hint get the node's name.

        What goes wrong below the planner knows no names, and says NODE in their place.
        """
        if self.node:
            return self
        hint = self.hint
        if IMPORT in hint:
            import shlex  # only where a command is told

            hint = hint.replace(IMPORT, f"flowplan import {shlex.quote(node)} ")
        return replace(self, node=node, hint=hint)

    def without_place(self) -> Diagnostic:
        """The same without file, line and column: plans of equal templates are byte-equal."""
        return replace(self, file=None, line=None, column=None, excerpt="", span=0)


class FlowplanError(Exception):
    """Anything that ends a command with a diagnostic instead of a traceback."""

    exit_code = 1

    def __init__(self, *diagnostics: Diagnostic) -> None:
        self.diagnostics = diagnostics
        super().__init__("; ".join(f"{d.code}: {d.summary}" for d in diagnostics))

    @classmethod
    def of(
        cls, code: str, summary: str, detail: str = "", *, hint: str = "", node: str | None = None
    ) -> Self:
        """An error of this class with one diagnostic."""
        return cls(Diagnostic("error", code, summary, detail, node=node, hint=hint))


class TemplateError(FlowplanError):
    """The template or its params can't be used. FP1xx."""


class PlanError(FlowplanError):
    """The difference can't be planned or must not be carried out. FP2xx."""


class ProviderError(FlowplanError):
    """A provider or the cluster failed. FP3xx."""


class Unreachable(ProviderError):
    """Nothing answered at the endpoint. FP322."""


class Refused(ProviderError):
    """The cluster answered, and the answer is no.

    `status` is the HTTP status, `reason` the cluster's own words.
    """

    def __init__(self, diagnostic: Diagnostic, *, status: int, reason: str) -> None:
        super().__init__(diagnostic)
        self.status = status
        self.reason = reason


class InUse(Refused):
    """The cluster does not change a resource in place while something uses it. FP334."""


class AnswerLost(ProviderError):
    """A request was sent and no answer came: it may have taken effect or not. FP323."""


class StateError(FlowplanError):
    """The state can't be read, written or used here. FP4xx."""


class ProjectError(FlowplanError):
    """The project file can't be used, or not as it is. FP62x, and what is wrong with any file."""


class StalePlan(FlowplanError):
    """A saved plan that no longer fits the template, the params or the state. FP22x."""

    exit_code = 5


class LockHeld(FlowplanError):
    """Somebody else works on this state. FP5xx.

    `holder` has at least `host`, `pid`, `operation` and `since`.
    """

    exit_code = 4

    def __init__(self, diagnostic: Diagnostic, *, holder: Mapping[str, Any]) -> None:
        super().__init__(diagnostic)
        self.holder = holder


class LockLost(FlowplanError):
    """The lock that a command worked under is somebody else's now, so it stops. FP502."""

    exit_code = 4


class UsageError(FlowplanError):
    """The command line is wrong. FP6xx."""

    exit_code = 64


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name most like `name`, or None when none is alike enough to suggest."""
    from difflib import get_close_matches

    found = get_close_matches(name, known, n=1, cutoff=0.6)
    return found[0] if found else None
