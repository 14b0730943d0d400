"""A state in an index of OpenSearch; satisfies `flowplan.state.backends.store.Store`.

    <key>           the head: lease, serial, which parts are the document and the journal, and
                    the journal's last lines themselves
    <key>:<random>  a part: a document, or an older piece of the journal; never changed

OpenSearch changes one document at a time, so all that decides lies in one, the head. Every
write is one compare-and-swap on it, with the number (`if_seq_no`, `if_primary_term`) under
which the writer saw its own lease there. Taking a lease over is such a write, too, and moves
the number on; so nothing that was begun under the old lease can take effect after it, however
long it was on its way. Parts come before the head that names them and go after the one that
no longer does. So a reader has all of one moment, and at worst reads again; what a crash
leaves is a part that nobody names.

Considered and not taken: a document for each journal line, created under the next number, and
a seal there by whoever takes over. It holds only while seals are kept for ever, and reading
means asking for numbers until one is missing. Here an append writes the lines since the last
part again, at most `SPILL` bytes; that is as fast.

A lease's age is by the cluster's clock, which any account that may read can ask for. A script
in `_update` could compare it in the same request, but clusters may forbid scripts; watching
whether the head changes needs no clock, but keeps everybody out for a whole ttl after a crash.
The clock only decides when a lease may be taken: a wrong one can't lose a write.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Lock

from flowplan.dataclass import dataclass, replace
from flowplan.errors import Diagnostic, FlowplanError, LockLost, StateError
from flowplan.state.backends.opensearch_head import Head, Held, Pointer, Unreadable, pack, unpack
from flowplan.state.backends.opensearch_index import Documents, Version
from flowplan.state.backends.opensearch_url import connect, parse_url
from flowplan.state.backends.store import Lease, Stored
from flowplan.state.lock import LockHolder, lost

__all__ = ["OpenSearchStore"]

SPILL = 65_536
REMEMBERED = 8
_TRIES = 100


@dataclass(frozen=True, slots=True)
class _Seen:
    """The head as it was read or written, and which write of it that is."""

    head: Head
    version: Version

    def held_by(self, lock_id: str) -> bool:
        """Whether the lease is `lock_id`'s."""
        return self.head.lease is not None and self.head.lease.holder.id == lock_id


class OpenSearchStore:
    """One state in one index, safe to share by threads."""

    def __init__(
        self,
        documents: Documents,
        key: str,
        location: str,
        warnings: tuple[Diagnostic, ...] = (),
    ) -> None:
        self.location = location
        self.warnings = warnings
        self._documents = documents
        self._key = key
        self._turn = Lock()
        self._seen: _Seen | None = None
        self._dropped: set[str] = set()
        self._unsure: dict[tuple[str, bytes], str] = {}

    @classmethod
    def at(cls, url: str, environ: Mapping[str, str] = os.environ) -> OpenSearchStore:
        """The store that `url` names; nothing is sent yet.

        Raises `StateError` FP454 for the URL, `ProviderError` for credentials and certificates
        that can't be used.
        """
        place = parse_url(url)
        connection = connect(place, environ)
        documents = Documents(connection, place.index, place.location)
        return cls(documents, place.key, place.location, connection.warnings)

    def read(self) -> Stored:
        """Everything of one moment; see `Store.read`."""
        seen = self._fetch()
        for _ in range(_TRIES):
            if seen is None:
                return Stored()
            head = seen.head
            sources = self._documents.many([self._named(part) for part in head.needed])
            if len(sources) == len(head.needed):
                return self._stored(head, sources)
            before, seen = seen, self._fetch()
            if seen == before:
                raise self._unreadable("a part of it is missing")
        raise self._restless()

    def acquire(self, holder: LockHolder, ttl: float) -> Lease | None:
        """Take the lease; see `Store.acquire`. Makes the index where there is none."""
        with self._turn:
            seen = self._fetch()
            if seen is None:
                self._documents.prepare()
            for _ in range(_TRIES):
                head = Head() if seen is None else seen.head
                now = self._documents.now()
                if head.lease is not None and head.lease.holder.id != holder.id:
                    there = head.lease.at(now)
                    if not there.expired:
                        return there
                if self._swap(seen, replace(head, lease=Held(holder, now, ttl))):
                    return None
                seen = self._seen
        raise self._restless()

    def renew(self, lock_id: str, ttl: float) -> None:
        """Make the lease good from now; see `Store.renew`."""

        def renewed(head: Head) -> Head:
            now = self._documents.now()
            return replace(head, lease=head.lease and Held(head.lease.holder, now, ttl))

        self._change(lock_id, renewed)

    def release(self, lock_id: str) -> None:
        """Give the lease back; see `Store.release`."""
        with suppress(LockLost):
            self._change(lock_id, lambda head: replace(head, lease=None))

    def begin(self, lock_id: str, header: bytes) -> None:
        """Begin a journal; see `Store.begin`."""
        self._change(
            lock_id,
            lambda head: replace(
                head, parts=(), tail=header, batch="", trash=head.trash + head.parts
            ),
        )
        self._sweep()

    def append(self, lock_id: str, lines: bytes) -> None:
        """Add to the journal; see `Store.append`. One request, from time to time two.

        Called again with the lines of a call that failed, it finds out whether they are there.
        """
        batch = self._unsure.pop((lock_id, lines), "") or secrets.token_hex(8)

        def longer(head: Head) -> Head:
            tail = head.tail + lines
            if len(tail) <= SPILL:
                return replace(head, tail=tail, batch=batch)
            parts = (*head.parts, self._make_part(tail))
            return replace(head, parts=parts, tail=b"", batch=batch)

        try:
            self._change(lock_id, longer, known=True, done=lambda head: head.batch == batch)
        except BaseException:
            self._unsure[lock_id, lines] = batch
            raise

    def save(self, lock_id: str, document: bytes, serial: int, expected: int) -> None:
        """Replace the document and drop the journal; see `Store.save`."""
        made: list[str] = []

        def saved(head: Head) -> Head:
            if head.serial != expected:
                raise self._moved_on(head.serial, expected)
            made[:] = made or [self._make_part(document)]
            gone = () if head.previous is None else (head.previous.part,)
            return replace(
                head,
                document=Pointer(made[0], serial),
                previous=head.document,
                parts=(),
                tail=b"",
                trash=head.trash + gone + head.parts,
            )

        self._change(lock_id, saved)
        self._sweep()

    def _change(
        self,
        lock_id: str,
        edit: Callable[[Head], Head],
        *,
        known: bool = False,
        done: Callable[[Head], bool] = lambda _: False,
    ) -> None:
        """Swap the head for an edited one while the lease is `lock_id`'s. Raises `LockLost`.

        `known`: begin with the head that was seen last; one that is outdated costs a try.
        `done` says whether a head has the edit already, from an earlier call.
        """
        with self._turn:
            seen = self._seen if known else None
            if seen is None or not seen.held_by(lock_id):
                seen = self._fetch()
            for _ in range(_TRIES):
                if seen is not None and done(seen.head):
                    return
                if seen is None or not seen.held_by(lock_id):
                    raise self._lost(seen)
                if self._swap(seen, edit(seen.head)):
                    return
                seen = self._seen
        raise self._restless()

    def _swap(self, seen: _Seen | None, head: Head) -> bool:
        """Write `head` unless another than `seen` is there; what is there then is `_seen`.

        The mark tells a write whose answer was lost from somebody else's. A few are kept, so
        that it is found even if others wrote since.
        """
        mark = secrets.token_hex(8)
        marked = replace(
            head,
            writes=(mark, *head.writes)[:REMEMBERED],
            trash=tuple(part for part in head.trash if part not in self._dropped),
        )
        version = self._documents.put(
            self._key, marked.as_json(), None if seen is None else seen.version
        )
        if version is not None:
            self._seen = _Seen(marked, version)
            return True
        self._seen = self._fetch()
        return self._seen is not None and mark in self._seen.head.writes

    def _fetch(self) -> _Seen | None:
        """The head as it is now, None where nothing was written yet."""
        found = self._documents.get(self._key)
        if found is None:
            return None
        try:
            return _Seen(Head.from_json(found.source), found.version)
        except Unreadable as error:
            raise self._unreadable(str(error)) from None

    def _stored(self, head: Head, sources: Mapping[str, Mapping[str, object]]) -> Stored:
        try:
            parts = [unpack(sources[self._named(part)].get("data")) for part in head.needed]
        except Unreadable as error:
            raise self._unreadable(str(error)) from None
        document = parts.pop(0) if head.document is not None else None
        lease = None if head.lease is None else head.lease.at(self._documents.now())
        return Stored(document, b"".join(parts) + head.tail, lease)

    def _make_part(self, data: bytes) -> str:
        part = secrets.token_hex(8)
        # Found there already: the answer to the first try was lost.
        self._documents.put(self._named(part), {"data": pack(data)}, None)
        return part

    def _sweep(self) -> None:
        """Delete what nobody refers to any more. What stays is tried again after the next save."""
        with self._turn, suppress(StateError):
            for part in () if self._seen is None else self._seen.head.trash:
                self._documents.drop(self._named(part))
                self._dropped.add(part)

    def _named(self, part: str) -> str:
        return f"{self._key}:{part}"

    def _lost(self, seen: _Seen | None) -> FlowplanError:
        held = None if seen is None else seen.head.lease
        return lost(self.location, "it was released", None if held is None else held.holder)

    def _moved_on(self, found: int, expected: int) -> FlowplanError:
        return StateError.of(
            "FP410",
            f"{self.location} was changed by somebody else",
            f"It has serial {found}, and {expected} was expected.",
            hint="See what is there now: flowplan plan",
        )

    def _unreadable(self, why: str) -> FlowplanError:
        return StateError.of(
            "FP453",
            f"{self.location} can't be understood",
            f"The document {self._key}: {why}.",
            hint="Upgrade flowplan if a newer one works on this state; else restore the index from"
            " a snapshot.",
        )

    def _restless(self) -> FlowplanError:
        return StateError.of(
            "FP419",
            f"{self.location} is being replaced all the time",
            f"It changed during each of {_TRIES} tries.",
            hint="Find out who writes it, and try again.",
        )
