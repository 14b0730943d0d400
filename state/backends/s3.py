"""A state in Amazon S3 or in a server that speaks its protocol with conditional writes.

    chat.state.json                       the document
    chat.state.json.backup                the one before it
    chat.state.json.lock                  the lease, see `s3_lease`
    chat.state.json.journal/0000000017    one link of the chain that all writes go through
    chat.state.json.probe                 what the server's conditions are tried on

S3 changes one object at a time, so nothing is written but through the chain (`s3_chain`). A
save is decided by its link in there, which holds the whole document; putting that in its place
comes after, can be done by anybody, and takes effect once: it replaces the version that the
link names. So whoever lost the lease can neither add a link nor undo a successor's.
This module must not know records.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Any, Self

from flowplan.errors import Diagnostic, FlowplanError, LockLost, StateError
from flowplan.state.backends.s3_bucket import THREADS, Bucket, Found, Listed
from flowplan.state.backends.s3_chain import Chain, Gap, Segment, walk
from flowplan.state.backends.s3_lease import LeaseObject
from flowplan.state.backends.s3_url import Address, parse_url
from flowplan.state.backends.store import Lease, Stored
from flowplan.state.lock import LockHolder

__all__ = ["S3Store"]

# As many segments of a journal are made one: reading it must not take thousands of requests.
MERGE = 250
# A seal refuses late writes, so it stays for longer than one can be under way.
KEEP_SECONDS = 3600.0
_SEALS = 16
_TRIES = 50
_PAUSE = 0.02


class S3Store:
    """One state in one bucket; satisfies `flowplan.state.backends.store.Store`."""

    def __init__(self, address: Address) -> None:
        self.location = address.location
        self.warnings: tuple[Diagnostic, ...] = ()
        self._key = address.key
        self._bucket = Bucket(address)
        self._lease = LeaseObject(self._bucket, f"{address.key}.lock", address.location)
        # Links have an order; renewing the lease doesn't wait for one that takes long.
        self._mutex = Lock()
        self._held = ""
        self._next = 0
        self._tail: list[tuple[int, bytes]] = []
        self._spent: list[int] = []
        self._proved = False

    @classmethod
    def at(cls, url: str, environ: Mapping[str, str] = os.environ) -> Self:
        """The store that a URL names; nothing is sent yet. Raises `StateError` FP445."""
        return cls(parse_url(url, environ))

    def read(self) -> Stored:
        """Document, journal and lease, as they belong together; see `Store.read`."""
        for _ in range(_TRIES):
            found = self._bucket.get(self._key)
            with suppress(Gap):
                chain = self._walk([item.key for item in self._links()])
                again = self._bucket.head(self._key)
                if _etag(found) == _etag(again):
                    document = None if found is None else found.body
                    if chain.saved is not None and chain.saved.after == _etag(found):
                        document = chain.saved.payload
                    return Stored(document, chain.journal, self._lease.look())
            time.sleep(_PAUSE)
        raise StateError.of(
            "FP419",
            f"{self.location} is being replaced all the time",
            f"It changed during each of {_TRIES} tries to read it.",
            hint="Find out who writes it, and try again.",
        )

    def acquire(self, holder: LockHolder, ttl: float) -> Lease | None:
        """Take the lease and seal the chain of whoever had it; see `Store.acquire`.

        Raises `StateError` FP449 where the server's conditions can't be relied on.
        """
        with self._mutex:
            if not self._proved:
                self._bucket.prove(f"{self._key}.probe")
                self._proved = True
            while True:
                other = self._lease.take(holder, ttl)
                if other is not None:
                    return other
                try:
                    self._enter(holder.id)
                except LockLost:
                    continue
                except BaseException:
                    with suppress(FlowplanError):
                        self._lease.free(holder.id)
                    raise
                return None

    def renew(self, lock_id: str, ttl: float) -> None:
        """Make the lease good for `ttl` seconds from now; see `Store.renew`."""
        self._lease.renew(lock_id, ttl)

    def release(self, lock_id: str) -> None:
        """Give the lease back, our own or somebody else's; see `Store.release`."""
        ours = self._held == lock_id
        freed = self._lease.free(lock_id)
        with self._mutex:
            if ours:
                self._held = ""
            elif freed:
                # Its holder may be alive, and is kept from writing from now on.
                self._seal("")

    def begin(self, lock_id: str, header: bytes) -> None:
        """Make `header` the whole journal; see `Store.begin`."""
        with self._mutex:
            self._add(lock_id, Segment("begin", lock_id, header))

    def append(self, lock_id: str, lines: bytes) -> None:
        """Add lines to the journal as one link; see `Store.append`."""
        with self._mutex:
            self._add(lock_id, Segment("append", lock_id, lines))
            if len(self._tail) >= MERGE:
                # The lines are safe already; the next append tries it again.
                with suppress(StateError):
                    self._merge(lock_id)

    def save(self, lock_id: str, document: bytes, serial: int, expected: int) -> None:
        """Replace the document and drop the journal; see `Store.save`."""
        with self._mutex:
            found = self._current()
            there = 0 if found is None else int(found.metadata["serial"])
            if there != expected:
                self._lease.check(lock_id)
                raise self._moved_on(there, expected)
            link = Segment("save", lock_id, document, serial=serial, after=_etag(found))
            self._add(lock_id, link)
            if not self._put_in_place(link):
                found = self._current()
                there = 0 if found is None else int(found.metadata["serial"])
                raise self._moved_on(there, expected)
            # It is saved; what this leaves undone the next holder does.
            with suppress(FlowplanError):
                self._mark(lock_id)

    def _enter(self, lock_id: str) -> None:
        """Go on with the chain from here. Raises `LockLost` if we were too slow."""
        self._seal(lock_id)
        self._lease.check(lock_id)
        links = list(self._links())
        try:
            chain = self._walk([item.key for item in links])
        except Gap:
            self._lease.check(lock_id)
            raise self._broken() from None
        self._held, self._tail, self._spent = lock_id, [], list(chain.spent)
        if chain.saved is not None and chain.saved.after == _etag(self._bucket.head(self._key)):
            self._put_in_place(chain.saved)
        with suppress(StateError):
            if not chain.journal and chain.last - chain.stop > _SEALS:
                self._mark(lock_id)
            old = [item.key for item in links if item.age > KEEP_SECONDS]
            self._bucket.delete([key for key in old if self._number(key) < chain.stop])

    def _seal(self, lock_id: str) -> None:
        """Write the chain's next link, so that nobody else can."""
        body = Segment("seal", lock_id).encode()
        while True:
            number = max((self._number(item.key) for item in self._links()), default=0) + 1
            if self._bucket.put(self._name(number), body, None):
                self._next = number + 1
                return
            if lock_id:
                self._lease.check(lock_id)

    def _add(self, lock_id: str, segment: Segment) -> int:
        """Write the next link; gives its number. Raises `LockLost` when it is somebody's."""
        if self._held != lock_id:
            raise self._lease.lost(self._lease.look())
        while True:
            number = self._next
            written = self._bucket.put(self._name(number), segment.encode(), None)
            if written is not None:
                self._lease.confirm(lock_id, written.now)
                self._note(number, segment)
                return number
            found = self._bucket.get(self._name(number))
            there = None if found is None else Segment.decode(found.body, self._name(number))
            if there is None or there.lock != lock_id:
                self._held = ""
                raise self._lease.lost(self._lease.look())
            # Ours: an earlier write failed without an answer, and took effect.
            self._note(number, there)

    def _note(self, number: int, segment: Segment) -> None:
        self._next = number + 1
        self._spent.append(number)
        if segment.kind == "append":
            self._tail.append((number, segment.payload))
        else:
            self._tail = []

    def _merge(self, lock_id: str) -> None:
        """Write what the last links hold as one, and delete them."""
        small = self._tail
        lines = b"".join(lines for _, lines in small)
        self._add(lock_id, Segment("merge", lock_id, lines, first=small[0][0]))
        gone = {number for number, _ in small}
        self._spent = [number for number in self._spent if number not in gone]
        self._bucket.delete([self._name(number) for number in sorted(gone)])

    def _mark(self, lock_id: str) -> None:
        """Write that nothing before this counts any more, and delete it."""
        spent = self._spent
        self._spent = []
        self._add(lock_id, Segment("mark", lock_id))
        self._bucket.delete([self._name(number) for number in spent])

    def _put_in_place(self, link: Segment) -> bool:
        """Make a saved document the document; False if another one is there."""
        if link.after:
            self._bucket.copy(self._key, f"{self._key}.backup", link.after)
        metadata = {"serial": str(link.serial)}
        over = link.after or None
        return self._bucket.put(self._key, link.payload, over, metadata) is not None

    def _current(self) -> Found | None:
        """The document, with its serial as metadata even where a hand put it there."""
        found = self._bucket.head(self._key)
        if found is None or found.metadata.get("serial", "").isdecimal():
            return found
        found = self._bucket.get(self._key)
        if found is None:
            return None
        try:
            value: Any = json.loads(found.body)
            serial = int(value["serial"])
        except (ValueError, KeyError, TypeError, RecursionError):
            serial = -1
        return Found(b"", found.etag, found.modified, found.now, {"serial": str(serial)})

    def _links(self) -> list[Listed]:
        found = self._bucket.list(f"{self._key}.journal/")
        return [item for item in found if self._number(item.key)]

    def _walk(self, keys: Sequence[str]) -> Chain:
        return walk([self._number(key) for key in keys], self._fetch)

    def _fetch(self, numbers: Sequence[int]) -> dict[int, Segment]:
        names = [self._name(number) for number in numbers]
        if len(names) == 1:
            bodies = [self._bucket.get(names[0])]
        else:
            with ThreadPoolExecutor(min(THREADS, len(names))) as pool:
                bodies = list(pool.map(self._bucket.get, names))
        return {
            number: Segment.decode(found.body, name)
            for number, name, found in zip(numbers, names, bodies, strict=True)
            if found is not None
        }

    def _name(self, number: int) -> str:
        return f"{self._key}.journal/{number:010d}"

    def _number(self, key: str) -> int:
        """The number of a link, 0 for an object that is none."""
        name = key.removeprefix(f"{self._key}.journal/")
        return int(name) if name.isascii() and name.isdecimal() else 0

    def _moved_on(self, found: int, expected: int) -> FlowplanError:
        return StateError.of(
            "FP410",
            f"{self.location} was changed by somebody else",
            f"It has serial {found}, and {expected} was expected.",
            hint="See what is there now: flowplan plan",
        )

    def _broken(self) -> FlowplanError:
        return StateError.of(
            "FP411",
            f"{self.location}.journal is damaged",
            "An object is missing in the middle of it, so what an unfinished apply did is not"
            " known for certain.",
            hint="Restore the object from an older version of the bucket. Without one, move all"
            " of them away and compare the resources on the cluster with the state by hand.",
        )


def _etag(found: Found | None) -> str:
    return "" if found is None else found.etag
