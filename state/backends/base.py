"""What every backend offers: a state document, a journal beside it and a lock on both.

A remote one keeps the document under its serial, the journal as entries and the lock as a
lease; nothing here says more than all of them can do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic
from flowplan.state.journal import JournalWriter
from flowplan.state.lock import LockHolder
from flowplan.state.model import State
from flowplan.state.replay import OpenIntent

__all__ = ["Backend", "Snapshot"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a backend holds at one moment.

    `state` has the journal's entries applied, None where neither is there; `base_serial` is
    the document's serial, 0 without one. `open` are the intents without an outcome,
    `journal_length` counts entries, `torn` says that the journal ends in an unfinished line,
    `holder` is somebody else at work right now, who said so `renewed` seconds ago where locks
    are renewed; `operation` is the journal's.
    """

    state: State | None = None
    base_serial: int = 0
    open: tuple[OpenIntent, ...] = ()
    journal_length: int = 0
    torn: bool = False
    holder: LockHolder | None = None
    operation: str | None = None
    renewed: float | None = None

    @property
    def interrupted(self) -> bool:
        """Whether a journal was left behind by somebody who is no longer at work."""
        return self.journal_length > 0 and self.holder is None


class Backend(Protocol):
    """One workflow's state in one environment."""

    @property
    def location(self) -> str:
        """Where it is, for people."""

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What people should know of the way there."""

    def load(self) -> Snapshot:
        """Read without a lock, even while somebody writes. Raises `StateError`."""

    def lock(
        self,
        operation: str,
        timeout: float = 0,
        waiting: Callable[[LockHolder], None] | None = None,
        took_over: Callable[[LockHolder, float], None] | None = None,
    ) -> AbstractContextManager[LockHolder]:
        """Be the only one at work until the context ends.

        `timeout` is how many seconds to wait for somebody else, whom `waiting` is told once.
        `took_over` is told whose lock was taken because it was no longer renewed, and how many
        seconds ago it had been.
        Raises `LockHeld` FP501 when they stay, `StateError` FP417 when it can't be locked.
        """

    def check(self) -> None:
        """Raise `LockLost` FP502 once the lock that we took is no longer ours. Asks nobody.

        To be called before each request that changes something.
        """

    def unlock(self, lock_id: str) -> LockHolder:
        """Release the lock `lock_id` of somebody who is gone: whose it was.

        Raises `LockHeld`: FP503 when the lock has another id, FP505 when its process is alive
        and would keep it; `StateError` FP504 when there is no lock.
        """

    def start(self, state: State, operation: str) -> JournalWriter:
        """Begin the journal that continues `state`, which must be saved or empty.

        The lock must be held. Raises `StateError`; FP418 when a journal with entries is
        there: they must be in a saved state first.
        """

    def save(self, state: State) -> None:
        """Make `state` the document, whole or not at all, and drop the journal.

        Its serial must be greater than the document's: the caller counts. The lock must be
        held. Raises `StateError`; FP410 when the document is no longer the one that was loaded,
        and `LockLost`, in remote places.
        """
