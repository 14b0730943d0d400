"""How a run is asked to end early: once to finish what is in flight, twice to end now.

Safe to call from a signal handler. Must not know signals, threads or what runs.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Stop"]


class Stop:
    """The wish to stop, counted."""

    def __init__(self) -> None:
        self._asked = 0
        self._wake: list[Callable[[], None]] = []

    def request(self) -> None:
        """Ask once more: the first stops starting steps, the second stops waiting for them."""
        self._asked += 1
        for wake in self._wake:
            wake()

    @property
    def requested(self) -> bool:
        """No further step shall start."""
        return self._asked > 0

    @property
    def now(self) -> bool:
        """Nothing shall be waited for."""
        return self._asked > 1

    def on_request(self, wake: Callable[[], None]) -> None:
        """Call `wake` at every request; it must be safe inside a signal handler."""
        self._wake.append(wake)
