"""Holding a lease on a remote state: taken, renewed by a thread, and noticed when it is lost.

Whether it is still ours is decided here by our own clock, without asking: a process that was
frozen, or a laptop that slept, sees at its next request that its time is over. The place itself
refuses late writes (`Store`). This module must not know documents or journals.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Event, Thread

from flowplan.dataclass import replace
from flowplan.errors import FlowplanError, LockLost, UsageError
from flowplan.state.backends.store import Lease, Store
from flowplan.state.lock import LockHolder, lost

__all__ = ["HeldLease", "TookOver", "lease_seconds", "take"]

TookOver = Callable[[LockHolder, float], None]
"""Told whose expired lease was taken, and how many seconds ago it had been renewed."""

VARIABLE = "FLOWPLAN_LEASE_SECONDS"
DEFAULT_SECONDS = 30.0
LEAST_SECONDS, MOST_SECONDS = 0.2, 3600.0
_POLL = 1.0
_LEAVE_SECONDS = 1.0
# What is sent at the last moment still has to arrive while the lease is ours.
_MARGIN = 1 / 10


def _now() -> float:
    """Seconds that go on while the machine sleeps, which Linux' `monotonic` does not count."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(time.CLOCK_MONOTONIC if clock is None else clock)


def lease_seconds(environ: Mapping[str, str]) -> float:
    """How long a lease is good for without a renewal. Raises `UsageError` FP617."""
    text = environ.get(VARIABLE, "").strip()
    if not text:
        return DEFAULT_SECONDS
    with suppress(ValueError):
        seconds = float(text)
        if LEAST_SECONDS <= seconds <= MOST_SECONDS:
            return seconds
    raise UsageError.of(
        "FP617",
        f"{VARIABLE} is not a length of time for a lock",
        f"It is a number of seconds from {LEAST_SECONDS:g} to {MOST_SECONDS:g}.",
        hint=f"unset {VARIABLE}",
    )


class HeldLease:
    """A lease that we took at `since`; renewed until it is given back. Threads may share it."""

    def __init__(self, store: Store, me: LockHolder, ttl: float, since: float) -> None:
        self.id = me.id
        self._store = store
        self._ttl = ttl
        self._until = since + ttl * (1 - _MARGIN)
        self._over: FlowplanError | None = None
        self._why = "it was not renewed in time"
        self._left = Event()
        self._thread = Thread(target=self._renew, name="flowplan-lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise `LockLost` FP502 once the lease is no longer certainly ours. Asks nobody."""
        if self._over is None and _now() >= self._until:
            self._over = lost(self._store.location, self._why)
        if self._over is not None:
            # A fresh one each time: an exception that many threads raise collects their traces.
            raise LockLost(*self._over.diagnostics)

    def release(self) -> None:
        """Give it back. Where the place can't be reached, it ends by itself."""
        self._left.set()
        self._thread.join(_LEAVE_SECONDS)
        with suppress(FlowplanError):
            self._store.release(self.id)

    def _renew(self) -> None:
        pause = self._ttl / 3
        while not self._left.wait(pause):
            begun = _now()
            try:
                self._store.renew(self.id, self._ttl)
            except LockLost as error:
                self._over = error
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the lease goes on or ends
                said = error.diagnostics[0].summary if isinstance(error, FlowplanError) else None
                self._why = f"it could not be renewed: {said or type(error).__name__}"
                pause = self._ttl / 10
                if begun >= self._until:
                    return
            else:
                # From before the request: the place counts from when it got it.
                self._until = begun + self._ttl * (1 - _MARGIN)
                pause = self._ttl / 3


def take(
    store: Store,
    me: LockHolder,
    ttl: float,
    timeout: float,
    waiting: Callable[[LockHolder], None] | None = None,
) -> tuple[HeldLease | None, Lease | None]:
    """Take the lease, waiting `timeout` seconds for somebody else, whom `waiting` is told once.

    Gives what is held, or None, and whose it is or was: with None who stays, else an expired
    one that was taken over. Raises what the store raises.
    """
    ends = time.monotonic() + timeout
    seen, other = _now(), store.read().lease
    told = False
    while True:
        since = _now()
        found = _acquire(store, me, ttl)
        if found is None:
            before = None if other is None else replace(other, age=other.age + _now() - seen)
            return HeldLease(store, me, ttl, since), before if before and before.expired else None
        seen, other = _now(), found
        rest = ends - time.monotonic()
        if rest <= 0:
            return None, other
        if waiting is not None and not told:
            waiting(other.holder)
            told = True
        time.sleep(min(_POLL, ttl / 3, rest))


def _acquire(store: Store, me: LockHolder, ttl: float) -> Lease | None:
    try:
        return store.acquire(me, ttl)
    except BaseException:
        # It may have been taken all the same, with the answer lost or never waited for.
        with suppress(FlowplanError):
            store.release(me.id)
        raise
