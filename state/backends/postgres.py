"""A state in PostgreSQL: rows in a schema of its own, written only while the lease row is ours.

    states(key, serial, document)          the document
    backups(key, serial, document)         the ten before it
    journal(key, seq, batch, lines)        what an unfinished command did since
    leases(key, id, holder, renewed, ttl)  who is at work; ages are by the server's clock

Every write is one statement that locks the lease row, sees that it is ours and not expired,
and writes: so whoever takes the lease waits for a write under way, the next one is refused,
and a client that is frozen never holds a row. A statement whose answer was lost is sent again;
each of them does nothing the second time. An advisory lock, held for one transaction, makes
the tables once. No lock is bound to the session: behind a pooler such as PgBouncer a session is
somebody else's a moment later, and a connection that breaks is not a command that died.
This module must not know records, nor what lines mean.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any, Self, TypeVar

from flowplan.errors import Diagnostic, StateError
from flowplan.state.backends import postgres_sql as sql
from flowplan.state.backends.postgres_url import Address, parse_url
from flowplan.state.backends.store import Lease, Stored
from flowplan.state.lock import LockHolder, lost

if TYPE_CHECKING:
    import psycopg

__all__ = ["PostgresStore"]

T = TypeVar("T")

_TRIES = 5


class _NoTables(Exception):
    """Nobody has kept a state here yet."""


class PostgresStore:
    """One state in one database; satisfies `flowplan.state.backends.store.Store`.

    Threads may share it: they take turns on one connection, which is kept open while a lease
    is held. Every method raises `StateError`: FP441 when nothing answers, FP442 without the
    right, FP443 for what else the database says.
    """

    def __init__(self, address: Address) -> None:
        self.location = address.location
        self.warnings: tuple[Diagnostic, ...] = ()
        self._address = address
        self._turn = RLock()
        self._connection: psycopg.Connection[Any] | None = None
        self._kept = False
        self._number = 0
        self._unanswered: tuple[object, ...] | None = None

    @classmethod
    def at(
        cls,
        url: str,
        environ: Mapping[str, str] = os.environ,  # noqa: ARG003 - stores are opened alike
    ) -> Self:
        """The store that a URL names; nothing is sent yet. libpq reads its own environment.

        Raises `StateError` FP440 for the URL, FP408 without psycopg.
        """
        address = parse_url(url)
        _psycopg()
        return cls(address)

    def read(self) -> Stored:
        """Document, journal and lease of one moment; see `Store.read`."""
        row = self._ask(sql.READ)
        if row is None:
            return Stored()
        document, journal, *lease = row
        return Stored(document, journal or b"", _lease(lease))

    def acquire(self, holder: LockHolder, ttl: float) -> Lease | None:
        """Take the lease; see `Store.acquire`. Makes the tables where there are none."""
        wanted = {"id": holder.id, "holder": json.dumps(holder.as_json()), "ttl": ttl}
        with self._turn:
            for _ in range(_TRIES):
                try:
                    taken = self._asked(sql.ACQUIRE, wanted)
                except _NoTables:
                    self._try(self._make)
                    continue
                if taken is not None:
                    self._kept, self._number, self._unanswered = True, 0, None
                    return None
                other = self._current()
                if other is not None:
                    return other
        raise StateError.of(
            "FP419",
            f"{self.location} is being replaced all the time",
            f"Its lock changed hands during each of {_TRIES} tries.",
            hint="Find out who works on it, and try again.",
        )

    def renew(self, lock_id: str, ttl: float) -> None:
        """Make the lease good from now; see `Store.renew`."""
        self._held(self._ask(sql.RENEW, id=lock_id, ttl=ttl))

    def release(self, lock_id: str) -> None:
        """Give the lease back; see `Store.release`."""
        with self._turn:
            self._kept = False
            self._ask(sql.RELEASE, id=lock_id)

    def begin(self, lock_id: str, header: bytes) -> None:
        """Make `header` the whole journal; see `Store.begin`."""
        self._write(sql.BEGIN, lock_id, lines=header)

    def append(self, lock_id: str, lines: bytes) -> None:
        """Add lines to the journal; see `Store.append`. One statement, one commit."""
        self._write(sql.APPEND, lock_id, lines=lines)

    def save(self, lock_id: str, document: bytes, serial: int, expected: int) -> None:
        """Replace the document and drop the journal; see `Store.save`."""
        _, written, there = self._write(
            sql.SAVE, lock_id, document=document, serial=serial, expected=expected
        )
        if not written:
            raise StateError.of(
                "FP410",
                f"{self.location} was changed by somebody else",
                f"It has serial {there or 0}, and {expected} was expected.",
                hint="See what is there now: flowplan plan",
            )

    def rows(self, statement: str, values: Mapping[str, Any], make: str) -> Sequence[Sequence[Any]]:
        """All rows that a statement gives, on a connection that stays open until `close`.

        For who keeps something beside states. `make` are the statements that make its tables where
        they are not there; `{s}` stands for the schema in both.
        """

        def ask(connection: psycopg.Connection[Any]) -> Sequence[Sequence[Any]]:
            cursor = connection.execute(self._address.named(statement), dict(values))
            return cursor.fetchall() if cursor.description else ()

        with self._turn:
            self._kept = True
            try:
                return self._try(ask)
            except _NoTables:
                self._try(lambda connection: self._make(connection, make))
                return self._try(ask)

    def close(self) -> None:
        """Close the connection that `rows` keeps."""
        with self._turn:
            self._kept = False
            self._close()

    def _write(self, statement: str, lock_id: str, **values: Any) -> Any:
        """Send a write under a number that it keeps until there is an answer to it."""
        with self._turn:
            same = (statement, lock_id, *values.values())
            if self._unanswered != same:
                self._number += 1
                self._unanswered = same
            row = self._ask(statement, id=lock_id, number=self._number, **values)
            self._unanswered = None
            return self._held(row)

    def _held(self, row: Any) -> Any:
        """The row of a write, which begins with whether the lease was ours. Raises `LockLost`."""
        if row is None or not row[0]:
            current = self._current()
            taker = None if current is None or current.expired else current.holder
            raise lost(self.location, "it was not renewed in time, or somebody released it", taker)
        return row

    def _current(self) -> Lease | None:
        return _lease(self._ask(sql.LEASE))

    def _make(self, connection: psycopg.Connection[Any], statements: str = sql.MAKE) -> None:
        """Make schema and tables; one at a time, since two `if not exists` can collide."""
        with connection.transaction():
            connection.execute(sql.SCHEMA_LOCK, [self._address.schema])
            connection.execute(self._address.named(statements))

    def _ask(self, statement: str, **values: Any) -> Any:
        """The first row that a statement gives; None where there are no tables."""
        try:
            return self._asked(statement, values)
        except _NoTables:
            return None

    def _asked(self, statement: str, values: Mapping[str, Any]) -> Any:
        def ask(connection: psycopg.Connection[Any]) -> Any:
            named = {**values, "key": self._address.key}
            cursor = connection.execute(self._address.named(statement), named, binary=True)
            return cursor.fetchone() if cursor.description else None

        return self._try(ask)

    def _try(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        """Do it on the connection; once more on a new one if the server closed that."""
        psycopg = _psycopg()
        with self._turn:
            again = self._connection is not None
            try:
                while True:
                    try:
                        return work(self._connected())
                    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
                        raise _NoTables from None
                    except psycopg.Error as error:
                        if not (again and self._drop_closed()):
                            raise self._address.failure(error.sqlstate, str(error)) from None
                        again = False
            finally:
                if not self._kept:
                    self._close()

    def _drop_closed(self) -> bool:
        """Whether the connection is gone, so that the statement may be tried on a new one."""
        gone = self._connection is None or self._connection.closed
        if gone:
            self._connection = None
        return gone

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            # Nothing is prepared on the server: a pooler's next session would not know it.
            self._connection = _psycopg().connect(
                self._address.conninfo, autocommit=True, prepare_threshold=None
            )
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _lease(row: Sequence[Any] | None) -> Lease | None:
    """The lease of its three columns, None when there is none."""
    if row is None or row[0] is None:
        return None
    holder, age, ttl = row
    return Lease(LockHolder.from_json(holder) or LockHolder.unknown(), age, ttl)


def _psycopg() -> Any:
    # On first use: a database's client is an extra, and takes 60 ms to load.
    try:
        import psycopg
    except ImportError:
        raise StateError.of(
            "FP408",
            "a state in PostgreSQL needs the package psycopg, which is not installed",
            hint="pip install 'flowplan[postgres]'",
        ) from None
    return psycopg
