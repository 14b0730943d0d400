"""One line on a terminal while something takes longer than a second; it goes away by itself.

Silence reads as a hang, and a line that stays is noise above the plan. In a pipe: nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flowplan.render.screen import Screen

__all__ = ["patience"]

_AFTER = 1.0
_CLEAR = "\r\x1b[K"


@contextmanager
def patience(
    screen: Screen, text: str, *, quiet: bool = False, after: float = _AFTER
) -> Iterator[None]:
    """Show `text` if the context lasts longer than `after` seconds."""
    if quiet or not screen.terminal:
        yield
        return
    lock = threading.Lock()
    shown = over = False

    def show() -> None:
        nonlocal shown
        with lock:
            if not over:
                screen.write(text)
                shown = True

    timer = threading.Timer(after, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            over = True
            if shown:
                screen.write(_CLEAR)
