"""Says of a state that is read that another run changes it, or was cut off while it did.

What it says is the planner's; this module only keeps it from being loaded in vain.
"""

from __future__ import annotations

from flowplan.render.screen import Screen
from flowplan.state.backends import Snapshot

__all__ = ["tell_of_runs"]


def tell_of_runs(screen: Screen, snapshot: Snapshot, location: str) -> None:
    """Warn of a held lock and of a journal that was left behind."""
    if snapshot.holder is None and not snapshot.interrupted:
        return
    from flowplan.planner.checks import journal_warnings
    from flowplan.render.validation import warn

    warn(screen, tuple(journal_warnings(snapshot, location)))
