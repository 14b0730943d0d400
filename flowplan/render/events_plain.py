"""Progress where nothing can be redrawn: one line a change of state, failures with their cause."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from flowplan.planner.events import Event
from flowplan.render.diagnostics import diagnostic_text
from flowplan.render.screen import Screen
from flowplan.render.wording import EventWords

__all__ = ["PlainProgress"]


class PlainProgress:
    """A listener for pipes and logs; `quiet` leaves failures only."""

    def __init__(self, screen: Screen, nodes: Sequence[str], *, quiet: bool = False) -> None:
        self.screen = screen
        self.quiet = quiet
        self.words = EventWords(screen.look(), max(map(len, nodes), default=0))
        self.last: dict[str, str] = {}
        self.lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Write the line of one event, unless it says nothing new."""
        about = event.node or event.check
        if not about or (self.quiet and not event.type.endswith("_failed")):
            return
        with self.lock:
            line = self.words.line(event)
            if self.last.get(about) == line:
                return
            self.last[about] = line
            self.screen.line(line)
            if event.diagnostic is not None:
                self.screen.line(diagnostic_text(event.diagnostic, self.screen.look()))
