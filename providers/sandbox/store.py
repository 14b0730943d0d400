"""The sandbox's documents in one SQLite file that several processes and threads share.

WAL lets readers go on while one writes; `BEGIN IMMEDIATE` makes a guard and the write it protects
one step; a process killed at any point leaves the last committed state. Must not know what the
documents mean, and is never given a credential value: what is not written can't be found on disk,
neither in the database nor in its log or its freed pages.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from flowplan.dataclass import dataclass, field

__all__ = ["Doc", "Store", "Tx", "Written"]

# Columns that guards and bulk reads look for; everything else is filtered in Python.
Column = Literal["id", "name", "connector_id", "model_group_id", "model_id"]
_COLUMNS: tuple[Column, ...] = ("name", "connector_id", "model_group_id", "model_id")
_BATCH = 500  # below the 999 parameters a statement may have in older SQLite builds
_WAL_PATIENCE = 10.0
_FORMAT = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS docs (
  kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, seq_no INTEGER NOT NULL,
  deleted INTEGER NOT NULL, name TEXT, connector_id TEXT, model_group_id TEXT, model_id TEXT,
  source TEXT NOT NULL, private TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS docs_name ON docs (kind, name);
CREATE INDEX IF NOT EXISTS docs_connector_id ON docs (kind, connector_id);
CREATE INDEX IF NOT EXISTS docs_model_group_id ON docs (kind, model_group_id);
CREATE INDEX IF NOT EXISTS docs_model_id ON docs (kind, model_id);
CREATE TABLE IF NOT EXISTS in_flight (
  id INTEGER PRIMARY KEY AUTOINCREMENT, pid INTEGER NOT NULL, born TEXT NOT NULL,
  opaque_id TEXT, action TEXT NOT NULL, started INTEGER NOT NULL);
"""

# One writer at a time inside this process: waiting on a lock is cheaper than SQLite's busy polling.
_writers: dict[str, threading.RLock] = {}
_writers_guard = threading.Lock()


@dataclass(frozen=True)
class Doc:
    """A document: `source` is what the API shows, `private` what only the sandbox knows."""

    kind: str
    id: str
    source: dict[str, Any]
    private: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    seq_no: int = 0


@dataclass(frozen=True)
class Written:
    """What a write did, as the answer of a write reports it."""

    id: str
    version: int
    seq_no: int
    result: str


class Tx:
    """One transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.sql = connection

    def meta(self, key: str) -> str | None:
        """A value of the database itself."""
        row = self.sql.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Set a value of the database itself."""
        self.sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def count(self, key: str) -> int:
        """The next number of a counter, from 0."""
        value = int(self.meta(key) or "0")
        self.set_meta(key, str(value + 1))
        return value

    def get(self, kind: str, id: str) -> Doc | None:
        """One document."""
        return next(self.find(kind, "id", [id]), None)

    def find(
        self, kind: str, column: Column | None = None, values: Sequence[str] = ()
    ) -> Iterator[Doc]:
        """Documents of a kind, oldest write first; with `column` those that have a value."""
        if column is None:
            yield from self._rows("", (kind,))
            return
        wanted = list(dict.fromkeys(values))
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            yield from self._rows(f" AND {column} IN ({marks})", (kind, *batch))

    def _rows(self, condition: str, values: Sequence[str]) -> Iterator[Doc]:
        rows = self.sql.execute(
            "SELECT kind, id, source, private, version, seq_no FROM docs"  # noqa: S608
            f" WHERE kind = ? AND deleted = 0{condition} ORDER BY seq_no",
            values,
        )
        for kind, id_, source, private, version, seq_no in rows.fetchall():
            yield Doc(kind, id_, json.loads(source), json.loads(private), version, seq_no)

    def _bump(self, kind: str, id: str, seen: int) -> tuple[int, int]:
        row = self.sql.execute(
            "SELECT version FROM docs WHERE kind = ? AND id = ?", (kind, id)
        ).fetchone()
        version = max(seen, 0 if row is None else int(row[0])) + 1
        return version, self.count(f"seq_no:{kind}")

    def put(self, doc: Doc) -> Written:
        """Create or replace a document; its version goes up by one."""
        version, seq_no = self._bump(doc.kind, doc.id, doc.version)
        keys = [doc.source.get(column) for column in _COLUMNS]
        self.sql.execute(
            "INSERT OR REPLACE INTO docs VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)",
            (
                doc.kind,
                doc.id,
                version,
                seq_no,
                *(key if isinstance(key, str) else None for key in keys),
                json.dumps(doc.source, ensure_ascii=False),
                json.dumps(doc.private, ensure_ascii=False),
            ),
        )
        return Written(doc.id, version, seq_no, "created" if version == 1 else "updated")

    def delete(self, kind: str, id: str, seen: int = 0) -> Written:
        """Delete a document; the next delete of the id counts on from it (05: 44, 46)."""
        found = self.get(kind, id) is not None
        version, seq_no = self._bump(kind, id, seen)
        self.sql.execute(
            "INSERT OR REPLACE INTO docs"
            " VALUES (?, ?, ?, ?, 1, NULL, NULL, NULL, NULL, '{}', '{}')",
            (kind, id, version, seq_no),
        )
        return Written(id, version, seq_no, "deleted" if found else "not_found")


class Store:
    """Connections to the file, kept for reuse; each is used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with _writers_guard:
            self._writer = _writers.setdefault(str(path.resolve()), threading.RLock())
        self._idle: list[sqlite3.Connection] = []
        self._idle_guard = threading.Lock()
        self._pid = os.getpid()
        try:
            with self._writer, self._connection() as sql:
                self._prepare(sql)
        except sqlite3.DatabaseError as error:
            self.close()
            raise ValueError(
                f"{path} can't be used as a sandbox: {error}; "
                "name another file or delete this one, for example sandbox:other.db"
            ) from error

    def _prepare(self, sql: sqlite3.Connection) -> None:
        version = sql.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _FORMAT):
            raise sqlite3.DatabaseError(f"its format is {version}, this flowplan reads {_FORMAT}")
        deadline = time.monotonic() + _WAL_PATIENCE
        while True:
            try:
                sql.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError:
                # Two processes that make the file at once: SQLite doesn't wait for this one itself.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        if version != _FORMAT:
            sql.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA user_version = {_FORMAT};COMMIT;")

    def _connect(self) -> sqlite3.Connection:
        # autocommit: transactions are begun by hand, see `_transaction`
        return sqlite3.connect(
            self.path, timeout=30.0, isolation_level=None, check_same_thread=False
        )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._idle_guard:
            if self._pid != os.getpid():  # a connection must not cross a fork
                self._idle, self._pid = [], os.getpid()
            sql = self._idle.pop() if self._idle else None
        fresh = sql is None
        sql = self._connect() if sql is None else sql
        try:
            if fresh:
                # NORMAL: a kill loses nothing committed, a power cut perhaps the last writes.
                sql.execute("PRAGMA synchronous = NORMAL")
            yield sql
        finally:
            with self._idle_guard:
                self._idle.append(sql)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Tx]:
        with self._connection() as sql:
            sql.execute(begin)
            try:
                yield Tx(sql)
            except BaseException:
                sql.execute("ROLLBACK")
                raise
            sql.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """One consistent view; never waits for a writer."""
        with self._transaction("BEGIN") as tx:
            yield tx

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        """The only writer until the end of the block; an exception undoes everything."""
        with self._writer, self._transaction("BEGIN IMMEDIATE") as tx:
            yield tx

    def close(self) -> None:
        """Close the idle connections; the store may be used again afterwards."""
        with self._idle_guard:
            idle, self._idle = self._idle, []
        for sql in idle:
            sql.close()
