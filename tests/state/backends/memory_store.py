"""A place for one state in this process, whose answers a test can hold up, refuse or lose."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from threading import RLock
from typing import Any

from flowplan.errors import Diagnostic, StateError
from flowplan.state.backends.store import Lease, Stored
from flowplan.state.lock import LockHolder, lost


class MemoryStore:
    """Satisfies `flowplan.state.backends.store.Store`; `before` is called with each method's name."""

    location = "memory://states/chat"
    warnings: tuple[Diagnostic, ...] = ()

    def __init__(self) -> None:
        self.document: bytes | None = None
        self.journal = b""
        self.batches: list[bytes] = []
        self.calls: list[str] = []
        self.before: Callable[[str], None] = lambda _name: None
        self.after: Callable[[str], None] = lambda _name: None
        self._lease: tuple[LockHolder, float, float] | None = None
        self._turn = RLock()

    @property
    def lease(self) -> Lease | None:
        if self._lease is None:
            return None
        holder, at, ttl = self._lease
        return Lease(holder, time.monotonic() - at, ttl)

    def read(self) -> Stored:
        found: Stored = self._do("read", lambda: Stored(self.document, self.journal, self.lease))
        return found

    def acquire(self, holder: LockHolder, ttl: float) -> Lease | None:
        def take() -> Lease | None:
            there = self.lease
            if there is not None and not there.expired and there.holder.id != holder.id:
                return there
            self._lease = holder, time.monotonic(), ttl
            return None

        found: Lease | None = self._do("acquire", take)
        return found

    def renew(self, lock_id: str, ttl: float) -> None:
        def again() -> None:
            self._lease = self._mine(lock_id), time.monotonic(), ttl

        self._do("renew", again)

    def release(self, lock_id: str) -> None:
        def free() -> None:
            if self._lease is not None and self._lease[0].id == lock_id:
                self._lease = None

        self._do("release", free)

    def begin(self, lock_id: str, header: bytes) -> None:
        def put() -> None:
            self._mine(lock_id)
            self.journal = header

        self._do("begin", put)

    def append(self, lock_id: str, lines: bytes) -> None:
        def add() -> None:
            self._mine(lock_id)
            if self.batches[-1:] != [lines]:
                self.batches.append(lines)
                self.journal += lines

        self._do("append", add)

    def save(self, lock_id: str, document: bytes, serial: int, expected: int) -> None:
        def put() -> None:
            self._mine(lock_id)
            there = json.loads(self.document)["serial"] if self.document else 0
            if there != expected:
                raise StateError.of("FP410", f"serial {there}, and {expected} was expected")
            self.document, self.journal = document, b""

        self._do("save", put)

    def _mine(self, lock_id: str) -> LockHolder:
        if self._lease is None or self._lease[0].id != lock_id:
            raise lost(self.location, "it was not renewed in time")
        return self._lease[0]

    def _do(self, name: str, work: Callable[[], Any]) -> Any:
        self.calls.append(name)
        self.before(name)
        with self._turn:
            found = work()
        self.after(name)
        return found
