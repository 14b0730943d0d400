"""What a document and its journal say together, the same for every place that keeps them.

This module must not know where the bytes come from; `location` and `backup` are words.
"""

from __future__ import annotations

from functools import lru_cache

from flowplan.errors import StateError
from flowplan.state.backends.base import Snapshot
from flowplan.state.codec import decode
from flowplan.state.lines import Lines, unframe
from flowplan.state.lock import LockHolder
from flowplan.state.model import State
from flowplan.state.replay import replay

__all__ = ["journal_name", "refuse_work", "snapshot_of"]


def journal_name(location: str) -> str:
    """The journal's name for people."""
    return f"{location}.journal" if "://" not in location else f"the journal of {location}"


def snapshot_of(
    document: bytes | None,
    journal: bytes | None,
    location: str,
    *,
    backup: str | None = None,
    holder: LockHolder | None = None,
    renewed: float | None = None,
) -> Snapshot:
    """The document with its journal applied. Raises `StateError` for what can't be read."""
    state = None if document is None else _decoded(document, location, backup)
    name = journal_name(location)
    lines = Lines() if journal is None else unframe(journal, name)
    replayed = replay(state, lines.entries, name)
    return Snapshot(
        state=replayed.state,
        base_serial=0 if state is None else state.serial,
        open=replayed.open,
        journal_length=replayed.length,
        torn=lines.torn and not replayed.stale,
        holder=holder,
        operation=replayed.operation,
        renewed=renewed,
    )


@lru_cache(maxsize=1)
def _decoded(document: bytes, location: str, backup: str | None) -> State:
    """The state in `document`, decoded once for a command that loads it several times.

    By its bytes, so it needs no lock to be right; nothing changes a state in place.
    """
    return decode(document, location, backup=backup)


def refuse_work(state: State, journal: bytes | None, location: str) -> None:
    """Raise `StateError` FP418 where a journal holds work that `state` lacks."""
    name = journal_name(location)
    lines = Lines() if journal is None else unframe(journal, name)
    if replay(state, lines.entries, name).length:
        raise StateError.of(
            "FP418",
            f"{name} holds work that is in no state yet",
            "A new journal would take its place.",
            hint="Run flowplan apply: it takes that work over first.",
        )
