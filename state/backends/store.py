"""What a remote place must be able to do so that `RemoteBackend` can keep a state in it.

A store moves bytes and leases: it knows no records and no journal entries, only a document
with a serial, a journal that grows by whole lines, and one lease. Every write names the lock
it is made under and is refused once that lease is somebody else's, by the place itself and in
the same step as the write: a holder that slept past its lease can't write afterwards.
"""

from __future__ import annotations

from typing import Protocol

from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic
from flowplan.state.lock import LockHolder

__all__ = ["Lease", "Store", "Stored"]


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is at work: good for `ttl` seconds from its last renewal, `age` seconds ago.

    `age` is by the store's clock where it has one: clocks of the machines at work may differ.
    """

    holder: LockHolder
    age: float
    ttl: float

    @property
    def expired(self) -> bool:
        """Whether its holder has not renewed it in time, so anybody may take it."""
        return self.age > self.ttl


@dataclass(frozen=True, slots=True)
class Stored:
    """What is there at one moment: `document` as encoded, `journal` as framed lines, b"" for none.

    The two belong together: a journal that an older serial began is told apart by its header.
    """

    document: bytes | None = None
    journal: bytes = b""
    lease: Lease | None = None


class Store(Protocol):
    """One state in one remote place.

    Every method raises `StateError` when the place can't be reached or refuses (FP440-FP454),
    and the writing ones `LockLost` FP502 when the lease is not `lock_id`'s. Threads may share it.
    An `append` that raised is called again with the same bytes: they must be there once.
    """

    @property
    def location(self) -> str:
        """Its URL for people, without credentials."""

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What its user should know before it is used: certificates that are not checked."""

    def read(self) -> Stored:
        """Document, journal and lease, as they belong together; without a lock."""

    def acquire(self, holder: LockHolder, ttl: float) -> Lease | None:
        """Take the lease if it is free or expired: None. Else the one that is in the way."""

    def renew(self, lock_id: str, ttl: float) -> None:
        """Make the lease good for `ttl` seconds from now. Raises `LockLost`."""

    def release(self, lock_id: str) -> None:
        """Give the lease back; nothing happens if it is no longer `lock_id`'s."""

    def begin(self, lock_id: str, header: bytes) -> None:
        """Make `header`, one framed line, the whole journal."""

    def append(self, lock_id: str, lines: bytes) -> None:
        """Add whole framed lines to the journal; on return they outlive a power cut."""

    def save(self, lock_id: str, document: bytes, serial: int, expected: int) -> None:
        """Replace the document and drop the journal, whole or not at all.

        A compare-and-swap: raises `StateError` FP410 unless the document there has the serial
        `expected` (0 for none). The one before it is kept as a backup.
        """
