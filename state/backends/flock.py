"""The lock on a local state: the operating system decides, a file beside it says who.

The lock is an `flock` on a file that is never removed: it ends with its holder's process,
however that ends, so it can't be left behind. The details are for people only; left behind
by a process that was killed, they mean nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from flowplan.errors import StateError
from flowplan.state.backends.atomic import write_file
from flowplan.state.lock import LockHolder, held, nothing_held, other_lock, still_at_work

if TYPE_CHECKING:
    from filelock import FileLock

__all__ = ["current_holder", "exclusive", "release"]

_GRACE = 0.5
"""Seconds that a lock is tried for at least: `current_holder` of others takes it for an instant."""
_POLL = 0.05
_DETAILS_TRIES = 10


@contextmanager
def exclusive(
    path: Path,
    location: str,
    me: LockHolder,
    timeout: float,
    waiting: Callable[[LockHolder], None] | None,
) -> Iterator[LockHolder]:
    """Hold the lock file `path` as `me`; see `Backend.lock`."""
    # On first use: commands that only read need no filelock, which takes 50 ms to load.
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, mode=0o600, thread_local=False)
        try:
            _acquire(lock, _GRACE)
        except Timeout:
            if timeout <= _GRACE:
                raise
            if waiting is not None:
                waiting(_holder_of(path))
            _acquire(lock, timeout - _GRACE)
    except Timeout:
        holder = _holder_of(path)
        raise held(location, holder, _remedy(holder)) from None
    except OSError as error:
        raise _unlockable(location, error) from None
    details = _details(path)
    try:
        # Without its details the lock is as good, only not as talkative.
        with suppress(OSError):
            text = json.dumps(me.as_json(), indent=2) + "\n"
            write_file(details, text.encode(), durable=False)
        yield me
    finally:
        with suppress(OSError):
            details.unlink()
        lock.release()


def _acquire(lock: FileLock, timeout: float) -> None:
    lock.acquire(timeout=timeout, poll_interval=_POLL)


def current_holder(path: Path) -> LockHolder | None:
    """Who holds the lock file `path` right now, None when nobody does.

    Takes a shared lock for an instant, and only where details lie: they are there while the
    lock is held.
    """
    if not _details(path).exists() or not _is_held(path):
        return None
    return _holder_of(path)


def release(path: Path, location: str, lock_id: str) -> LockHolder:
    """Remove the details that a dead process left behind under `lock_id`; see `Backend.unlock`.

    The lock itself went with that process, so nothing else is to be done.
    """
    if _is_held(path):
        holder = _holder_of(path)
        raise (still_at_work if holder.id == lock_id else other_lock)(location, holder)
    holder = _read_details(path) or LockHolder.unknown()
    if not holder.id:
        raise nothing_held(location)
    if holder.id != lock_id:
        raise other_lock(location, holder)
    try:
        _details(path).unlink(missing_ok=True)
    except OSError as error:
        raise _unlockable(location, error) from None
    return holder


def _is_held(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _holder_of(path: Path) -> LockHolder:
    """The details of a lock that is held; a holder writes them just after it took it."""
    found: LockHolder | None = None
    for _ in range(_DETAILS_TRIES):
        found = _read_details(path)
        if found is not None and not _gone(found):
            return found
        time.sleep(_POLL / 5)
    return found or LockHolder.unknown()


def _read_details(path: Path) -> LockHolder | None:
    try:
        return LockHolder.from_json(json.loads(_details(path).read_bytes()))
    except (OSError, ValueError, RecursionError):
        return None


def _gone(holder: LockHolder) -> bool:
    """Whether these details are of a process of this host that has ended."""
    if holder.pid is None or holder.host != os.uname().nodename:
        return False
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _details(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _remedy(holder: LockHolder) -> str:
    where = f" on {holder.host}" if holder.host else ""
    return (
        f"Wait with --lock-timeout 5m, or end that process{where}: the lock of a local state"
        " goes with its process, so there is nothing to unlock."
    )


def _unlockable(location: str, error: OSError) -> Exception:
    return StateError.of(
        "FP417",
        f"{location} can't be locked: {error.strerror or error}",
        "A lock file is made beside the state, so that two commands never change it at once.",
        hint="Give this user the right to write there, or name another place with --state PATH.",
    )
