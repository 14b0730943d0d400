"""Ctrl-C and SIGTERM while changes are made: the first asks to stop, the second stops now.

Outside of this context a signal ends the command at once (`flowplan.cli.guard`).
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Protocol

__all__ = ["Caught", "Speaks", "stop_on_signals"]

_EXITS = {signal.SIGINT: 130, signal.SIGTERM: 143}
_LAST = 3


class Stoppable(Protocol):
    """What the execution listens to: `flowplan.planner.execute.Stop`."""

    def request(self) -> Any:
        """First: start nothing more. Second: stop now."""


class Speaks(Protocol):
    """Where it is told: a `Screen`, or the live display, which must not be written across."""

    def line(self, text: str = "", /) -> None:
        """Write a line."""


class Caught:
    """Which signals came. `exit_code` is the first one's, None when there was none."""

    def __init__(self) -> None:
        self.count = 0
        self.exit_code: int | None = None


@contextmanager
def stop_on_signals(stop: Stoppable, screen: Speaks) -> Iterator[Caught]:
    """Send signals to `stop` while the context lasts. Elsewhere than in the main thread, none."""
    caught = Caught()

    def handle(number: int, _: FrameType | None) -> None:
        caught.count += 1
        if caught.exit_code is None:
            caught.exit_code = _EXITS[signal.Signals(number)]
        if caught.count >= _LAST:
            raise KeyboardInterrupt
        stop.request()
        with suppress(RuntimeError):  # the signal came in the middle of another write there
            screen.line(
                "\nStopping: no new steps; waiting for those that run. Once more stops now."
                if caught.count == 1
                else "\nStopping now. What was sent is in the journal; the next run looks after it."
            )

    try:
        before = {number: signal.signal(number, handle) for number in _EXITS}
    except ValueError:
        before = {}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
