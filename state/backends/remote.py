"""A state in a remote place: records as bytes, the lock as a lease, all of it through a `Store`.

Everything that PostgreSQL, S3 and OpenSearch have in common. This module must not know how a
place is reached.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from flowplan.errors import FlowplanError, LockLost
from flowplan.state.backends.base import Snapshot
from flowplan.state.backends.lease import HeldLease, TookOver, lease_seconds, take
from flowplan.state.backends.remotelog import RemoteLog
from flowplan.state.backends.snapshot import journal_name, refuse_work, snapshot_of
from flowplan.state.backends.store import Lease, Store
from flowplan.state.codec import encode
from flowplan.state.journal import JournalWriter, header_of
from flowplan.state.lines import frame
from flowplan.state.lock import LockHolder, held, here, lost, nothing_held, other_lock
from flowplan.state.model import State

__all__ = ["RemoteBackend"]


class RemoteBackend:
    """Keeps a state in `store`; satisfies `flowplan.state.backends.Backend`."""

    def __init__(self, store: Store, environ: Mapping[str, str] = os.environ) -> None:
        self.location = store.location
        self.warnings = store.warnings
        self._store = store
        self._ttl = lease_seconds(environ)
        self._lease: HeldLease | None = None
        self._log: RemoteLog | None = None
        self._workflow = ""
        self._serial: int | None = None

    def load(self) -> Snapshot:
        """Read what is there, in one look; see `Backend.load`."""
        stored = self._store.read()
        other = self._other(stored.lease)
        found = snapshot_of(
            stored.document,
            stored.journal or None,
            self.location,
            holder=other.holder if other else None,
            renewed=other.age if other else None,
        )
        self._serial = found.base_serial
        if found.state is not None:
            self._workflow = found.state.workflow
        return found

    @contextmanager
    def lock(
        self,
        operation: str,
        timeout: float = 0,
        waiting: Callable[[LockHolder], None] | None = None,
        took_over: TookOver | None = None,
    ) -> Iterator[LockHolder]:
        """Be the only one at work; see `Backend.lock`."""
        me = here(operation, self._workflow)
        lease, other = take(self._store, me, self._ttl, timeout, waiting)
        if lease is None:
            raise self._held_by(other)
        self._lease = lease
        try:
            if other is not None and took_over is not None:
                took_over(other.holder, other.age)
            yield me
        except LockLost as error:
            raise self._with_taker(error) from None
        finally:
            self._let_go(lease)

    def check(self) -> None:
        """See that the lock is still ours; see `Backend.check`."""
        if self._lease is not None:
            self._lease.check()

    def unlock(self, lock_id: str) -> LockHolder:
        """Release the lock of somebody who is gone; see `Backend.unlock`."""
        lease = self._store.read().lease
        if lease is None:
            raise nothing_held(self.location)
        if lease.holder.id != lock_id:
            raise other_lock(self.location, lease.holder, lease.age)
        self._store.release(lock_id)
        return lease.holder

    def start(self, state: State, operation: str) -> JournalWriter:
        """Begin a journal; see `Backend.start`."""
        lease = self._holding()
        refuse_work(state, self._store.read().journal or None, self.location)
        self._store.begin(lease.id, frame(header_of(state, operation)))
        self._log = RemoteLog(
            lambda lines: self._store.append(lease.id, lines),
            lease.check,
            journal_name(self.location),
        )
        return JournalWriter(self._log)

    def save(self, state: State) -> None:
        """Replace the document if nobody else did; see `Backend.save`."""
        lease = self._holding()
        lease.check()
        if self._serial is None:
            self.load()
        self._store.save(lease.id, encode(state), state.serial, self._serial or 0)
        self._serial, self._workflow = state.serial, state.workflow

    def _holding(self) -> HeldLease:
        if self._lease is None:
            raise RuntimeError("a remote state is written under its lock only")
        return self._lease

    def _other(self, lease: Lease | None) -> Lease | None:
        """Somebody else's lease that is good."""
        mine = self._lease.id if self._lease else None
        return None if lease is None or lease.expired or lease.holder.id == mine else lease

    def _let_go(self, lease: HeldLease) -> None:
        log, self._log, self._lease = self._log, None, None
        # A run that was told to end at once leaves its journal open.
        with suppress(FlowplanError):
            if log is not None:
                log.close()
        lease.release()

    def _with_taker(self, error: LockLost) -> LockLost:
        """The same error, saying who has the lock now."""
        with suppress(FlowplanError):
            other = self._other(self._store.read().lease)
            told = lost(self.location, "", other.holder if other else None)
            told.exit_code = error.exit_code
            return told if other else error
        return error

    def _held_by(self, lease: Lease | None) -> FlowplanError:
        holder = lease.holder if lease else LockHolder.unknown()
        command = f"flowplan state unlock --lock-id {shlex.quote(holder.id)}"
        remedy = (
            "Wait with --lock-timeout 5m, or if that job is dead:\n"
            f"  {command} --state {shlex.quote(self.location)}"
        )
        return held(self.location, holder, remedy, lease.age if lease else None)
