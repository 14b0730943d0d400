"""The words and signs for what becomes of a step, shared by live and plain progress."""

from __future__ import annotations

from flowplan.planner.events import Event
from flowplan.render.look import Look
from flowplan.render.sanitise import clean

__all__ = ["DOING", "DONE", "EventWords", "seconds_text"]

DOING = {
    "create": "creating",
    "update": "updating",
    "replace": "replacing",
    "delete": "deleting",
    "import": "importing",
    "move": "moving",
    "forget": "forgetting",
    "no-op": "checking",
}
DONE = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "import": "imported",
    "move": "moved",
    "forget": "forgotten",
    "no-op": "unchanged",
}
_MINUTE = 60.0
_TENTHS = 10.0


def seconds_text(milliseconds: float) -> str:
    """`0.05 s`, `14.2 s`, `3 min 20 s`."""
    seconds = milliseconds / 1000
    if seconds < _TENTHS:
        return f"{seconds:.2f} s"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    return f"{int(seconds // _MINUTE)} min {int(seconds % _MINUTE)} s"


class EventWords:
    """Turns events into lines of text: node, sign, what happened, seconds."""

    def __init__(self, look: Look, column: int) -> None:
        self.look = look
        self.column = min(column, 32)

    def line(self, event: Event) -> str:
        """One line for an event that belongs to a node."""
        name = clean(event.node or f"check {event.check}").ljust(self.column)
        return f"{name} {self.state(event)}".rstrip()

    def state(self, event: Event) -> str:
        """Sign and words, without the node."""
        action = event.action or "no-op"
        if event.type == "step_started":
            return f"… {DOING[action]}"
        if event.type == "step_progress":
            return f"… {clean(event.text)}"
        if event.type == "step_completed":
            sign = self.look.paint("green", "✔")
            what = f"{DONE[action]} {self.look.id(event.resource_id)}".rstrip()
            took = "" if event.elapsed_ms is None else f"  {seconds_text(event.elapsed_ms)}"
            return f"{sign} {what.ljust(24)}{took}".rstrip()
        if event.type == "check_completed":
            took = "" if event.elapsed_ms is None else f"  {seconds_text(event.elapsed_ms)}"
            return f"{self.look.paint('green', '✔')} {'holds'.ljust(24)}{took}".rstrip()
        if event.type in ("step_failed", "check_failed"):
            return f"{self.look.paint('bold red', '✘')} failed"
        return self._skipped(event)

    def _skipped(self, event: Event) -> str:
        if event.waits_for:
            why = f"needs {', '.join(clean(node) for node in event.waits_for)}"
        else:
            why = clean(event.text)
        return self.look.paint("dim", f"– skipped, {why}" if why else "– skipped")
