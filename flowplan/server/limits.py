"""How much is taken on: runs a minute from one caller, and requests that wait for a run.

It must not know requests, nor what a run does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flowplan.server.errors import Rejected

__all__ = ["Limits"]

_MINUTE = 60.0
_MOST_CALLERS = 1000


class Limits:
    """Bounds of one server; threads may share it.

    `waiting` requests may wait for the end of a run: each of them keeps a thread, and some have to
    be left for statuses. `a_minute` runs may be begun by each caller, any number where it is 0.
    """

    def __init__(
        self, waiting: int, a_minute: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._waiting = waiting
        self._a_minute = a_minute
        self._clock = clock
        self._guard = threading.Lock()
        self._there = 0
        # By caller: how many runs are left, and since when.
        self._left: dict[str | None, tuple[float, float]] = {}

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Be one of those that wait. Raises `Rejected` 429 when there are too many."""
        with self._guard:
            if self._there >= self._waiting:
                raise Rejected(
                    f"Exceeded max simultaneous waiting requests: {self._waiting}. Send it without"
                    " wait_for_completion_timeout, or again later.",
                    429,
                )
            self._there += 1
        try:
            yield
        finally:
            with self._guard:
                self._there -= 1

    def begin(self, caller: str | None) -> None:
        """Count a run that is to begin. Raises `Rejected` 429."""
        if not self._a_minute:
            return
        now = self._clock()
        with self._guard:
            left, since = self._left.get(caller, (float(self._a_minute), now))
            left = min(self._a_minute, left + (now - since) * self._a_minute / _MINUTE)
            if left < 1:
                raise Rejected(
                    f"Exceeded max provisioning requests per minute: {self._a_minute}", 429
                )
            if len(self._left) >= _MOST_CALLERS:
                self._left = {
                    name: item for name, item in self._left.items() if now - item[1] < _MINUTE
                }
            self._left[caller] = (left - 1, now)
