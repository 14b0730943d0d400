"""What is answered in the place of what was asked for, in Flow Framework's words.

Its error body is `{"error": "text"}`, whatever went wrong. It must not know HTTP frameworks.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from flowplan.errors import (
    Diagnostic,
    FlowplanError,
    LockHeld,
    LockLost,
    StateError,
    Unreachable,
)

__all__ = ["Rejected", "in_their_words", "not_found", "one_line", "rejected"]

_DURING = re.compile(
    r"\w+ during step (?P<node>.+?), (?P<why>.*), restStatus: (?P<status>\d+)", re.DOTALL
)


class Rejected(Exception):
    """A request that is not done: the status to answer, and the text."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


def not_found(workflow_id: str) -> Rejected:
    """What Flow Framework says of a workflow that it has no template of."""
    return Rejected(f"Failed to retrieve template ({workflow_id}) from global context.", 404)


def one_line(item: Diagnostic) -> str:
    """A diagnostic as one sentence: node, problem, code, reason and remedy."""
    where = f"{item.node}: " if item.node else ""
    more = " ".join(" ".join(text.split()) for text in (item.detail, item.hint) if text)
    return f"{where}{item.summary} ({item.code}). {more}".strip()


def rejected(error: FlowplanError) -> Rejected:
    """The answer to a request that failed before anything was changed."""
    first = next((item for item in error.diagnostics if item.severity == "error"), None)
    return Rejected(one_line(first or error.diagnostics[0]), _status(error))


def _status(error: FlowplanError) -> int:
    if isinstance(error, LockHeld):
        return HTTPStatus.CONFLICT
    if isinstance(error, StateError | Unreachable | LockLost):
        # The request was right: the store or the cluster can't be used just now.
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.BAD_REQUEST


def in_their_words(text: str) -> str:
    """The `error` of a failed run as Flow Framework writes it.

    That is "WorkflowStepException during step NODE, REASON, restStatus: NOT_FOUND"; the planner
    names the status by its number and the exception by its own name.
    """
    found = _DURING.fullmatch(text)
    if found is None:
        return text
    try:
        status = HTTPStatus(int(found["status"])).name
    except ValueError:
        status = found["status"]
    where, why = found["node"], found["why"]
    return f"WorkflowStepException during step {where}, {why}, restStatus: {status}"
