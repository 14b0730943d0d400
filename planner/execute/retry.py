"""Trying a failed step again in the same run: the node's setting `retries`.

Must not know what the step does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from flowplan.errors import FlowplanError, ProviderError, Refused
from flowplan.planner.events import Event
from flowplan.planner.execute.context import Run
from flowplan.planner.plan import NodeChange

__all__ = ["retrying"]

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds; each pause is twice the one before."""
SLICE = 0.1
SERVER_ERROR_FROM = 500
PASSING = frozenset({408, 409, 425, 429})
"""Refusals that another try may not meet: a conflict, a timeout, too many requests."""


def retrying(
    run: Run, change: NodeChange, retries: int, stopping: Callable[[], bool], act: Callable[[], T]
) -> T:
    """What `act` gives; after a failure that may pass it is done again, up to `retries` times.

    `stopping` says that no further try is to begin. Raises the last failure.
    """
    for attempt in range(1, retries + 1):
        try:
            return act()
        except FlowplanError as error:
            pause = min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE)
            if not _may_pass(error) or _is_open(run, change.node) or stopping():
                raise
            first = error.diagnostics[0]
            told = f"{first.code}: {first.summary}; trying again in {pause:g} s"
            run.tell(
                Event(
                    "step_progress", change.node, change.action,
                    f"{told} ({attempt} of {retries})",
                )
            )  # fmt: skip
            if not _slept(pause, stopping):
                raise
    return act()


def _may_pass(error: FlowplanError) -> bool:
    """Whether the same request may succeed later. A refusal of what was sent never does."""
    if isinstance(error, Refused):
        return error.status >= SERVER_ERROR_FROM or error.status in PASSING
    return isinstance(error, ProviderError)


def _is_open(run: Run, node: str) -> bool:
    """Whether nobody knows yet what came of a request: a second one could make a second thing."""
    return any(intent.node == node for intent in list(run.undecided.values()))


def _slept(seconds: float, stopping: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if stopping():
            return False
        time.sleep(min(SLICE, left))
    return True
