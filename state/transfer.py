"""A whole state carried from one place to another: pushed over what is there, or moved.

Both ends are backends under their locks, held by the caller. This module must not know where
a document comes from or what is printed.
"""

from __future__ import annotations

import hashlib

from flowplan.dataclass import replace
from flowplan.errors import StateError
from flowplan.state.backends import Backend, Snapshot
from flowplan.state.codec import encode
from flowplan.state.model import State

__all__ = ["at_rest", "check_push", "copy", "digest", "finished", "pushed"]


def digest(state: State) -> str:
    """SHA-256 of the document as it is stored, in hexadecimal."""
    return hashlib.sha256(encode(state)).hexdigest()


def at_rest(snapshot: Snapshot, location: str) -> None:
    """See that no unfinished run's journal is there: only apply and destroy may fold it in.

    Raises `StateError` FP455.
    """
    if not snapshot.journal_length:
        return
    what = snapshot.operation or "run"
    raise StateError.of(
        "FP455",
        f"{location} can't be edited: {'an' if what[0] in 'aeiou' else 'a'} {what} was cut off",
        "Its journal holds work that is in no state yet.",
        hint="Finish or take over that work first: flowplan apply",
    )


def finished(snapshot: Snapshot, state: State) -> State:
    """The snapshot's state as the next write stores it: a journal counts as a write."""
    return replace(state, serial=snapshot.base_serial + 1) if snapshot.journal_length else state


def check_push(there: State, given: State, location: str) -> None:
    """Refuse to push `given` over `there` unless it is a later version of the same state.

    Raises `StateError`: FP460 for another lineage, FP462 for another workflow, FP461 for a
    serial that is not higher.
    """
    if given.lineage != there.lineage:
        raise StateError.of(
            "FP460",
            f"{location} has another lineage than the state that is pushed",
            f"There: {there.lineage} ({there.workflow}), pushed: {given.lineage}"
            f" ({given.workflow}). They were made apart, so one is no version of the other.",
            hint=_DESPITE,
        )
    if given.workflow != there.workflow:
        raise StateError.of(
            "FP462",
            f"{location} is the state of another workflow than the one that is pushed",
            f'There: "{there.workflow}", pushed: "{given.workflow}".',
            hint=f"If it was renamed, do that first: flowplan state rename NAME\n{_DESPITE}",
        )
    if given.serial <= there.serial:
        raise StateError.of(
            "FP461",
            f"{location} has serial {there.serial}, the state that is pushed {given.serial}",
            "A push must be newer than what is there, so that no write of others is undone.",
            hint="Edit what is there now: flowplan state pull. Raise its serial by one to push"
            f" it.\n{_DESPITE}",
        )


_DESPITE = "To put it there all the same: flowplan state push --force FILE"


def pushed(there: State | None, given: State, *, force: bool) -> State:
    """`given` as it is to be stored: forced over a newer one, it gets the next serial."""
    if there is None or not force:
        return given
    return replace(given, serial=max(given.serial, there.serial + 1))


def copy(state: State, target: Backend) -> bool:
    """Put `state` into `target`, which must be empty or hold just it, and read it back.

    Gives whether it had to be written. Raises `StateError`: FP464 when another state is there,
    FP465 when what is read back is not what was written.
    """
    snapshot = target.load()
    at_rest(snapshot, target.location)
    there = snapshot.state
    if there is not None and digest(there) == digest(state):
        return False
    if there is not None:
        raise StateError.of(
            "FP464",
            f"there is another state in {target.location} already",
            f"It is serial {there.serial} of {there.lineage} ({there.workflow}), this is serial"
            f" {state.serial} of {state.lineage} ({state.workflow}).",
            hint="Name an empty place with --to, or delete that state there.",
        )
    target.save(state)
    back = target.load().state
    if back is None or digest(back) != digest(state):
        raise StateError.of(
            "FP465",
            f"{target.location} does not give back the state that was written to it",
            "The state stays where it was, and is used from there.",
            hint="Delete what is there, then try again or name another place with --to.",
        )
    return True
