"""Ctrl-C and SIGTERM while changes are made: the first asks to stop, the second stops now.

Outside of this context a signal ends the command at once (`flowplan.__main__`).
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

from flowplan.render.screen import Screen

__all__ = ["Caught", "stop_on_signals"]

_EXITS = {signal.SIGINT: 130, signal.SIGTERM: 143}
_LAST = 3


class Stoppable(Protocol):
    """What the execution listens to: `flowplan.planner.execute.Stop`."""

    def request(self) -> Any:
        """First: start nothing more. Second: stop now."""


class Caught:
    """Which signals came. `exit_code` is the first one's, None when there was none."""

    def __init__(self) -> None:
        self.count = 0
        self.exit_code: int | None = None


@contextmanager
def stop_on_signals(stop: Stoppable, screen: Screen) -> Iterator[Caught]:
    """Send signals to `stop` while the context lasts. Elsewhere than in the main thread, none."""
    caught = Caught()

    def handle(number: int, _: FrameType | None) -> None:
        caught.count += 1
        if caught.exit_code is None:
            caught.exit_code = _EXITS[signal.Signals(number)]
        if caught.count >= _LAST:
            raise KeyboardInterrupt
        screen.line(
            "\nStopping: no more steps are started, those that run are waited for. "
            "Once more stops now."
            if caught.count == 1
            else "\nStopping now. What was sent is in the journal; the next run looks after it."
        )
        stop.request()

    try:
        before = {number: signal.signal(number, handle) for number in _EXITS}
    except ValueError:
        before = {}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
