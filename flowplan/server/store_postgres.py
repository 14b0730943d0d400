"""Workflows in PostgreSQL: rows of a table beside those of their states, in the same schema.

    workflows(pool, id, version, document)

`key` of the URL names the pool, so several servers' workflows can share a schema; servers with one
pool share its workflows. A write is a compare-and-swap on the version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flowplan.dataclass import replace
from flowplan.errors import StateError
from flowplan.server.documents import Workflow
from flowplan.server.store import Changed
from flowplan.state.backends import Backend, open_backend
from flowplan.state.backends.postgres import PostgresStore
from flowplan.state.backends.postgres_sql import MAKE

__all__ = ["PostgresWorkflows"]

_POOL = "serve"
_MAKE = f"""{MAKE}
create table if not exists {{s}}.workflows (
    pool text not null,
    id text not null,
    version bigint not null,
    document jsonb not null,
    primary key (pool, id)
);
"""
_GET = "select document from {s}.workflows where pool = %(pool)s and id = %(id)s"
_ALL = """
select document from {s}.workflows where pool = %(pool)s
order by (document->>'created')::bigint, id
"""
_INSERT = """
insert into {s}.workflows (pool, id, version, document)
values (%(pool)s, %(id)s, 1, %(document)s::jsonb)
on conflict do nothing returning true
"""
_UPDATE = """
update {s}.workflows set version = version + 1, document = %(document)s::jsonb
where pool = %(pool)s and id = %(id)s and version = %(version)s returning true
"""
_PROBE = "select current_setting('transaction_read_only') = 'off'"
_REMOVE = "delete from {s}.workflows where pool = %(pool)s and id = %(id)s"
_FORGET = """
with a as (delete from {s}.states where key = %(key)s),
     b as (delete from {s}.backups where key = %(key)s),
     c as (delete from {s}.journal where key = %(key)s)
select true
"""


class PostgresWorkflows:
    """Satisfies `flowplan.server.store.Store`. Raises what `PostgresStore` raises."""

    def __init__(self, url: str, environ: Mapping[str, str]) -> None:
        self._url, self._environ = url, environ
        self._rows = PostgresStore.at(url, environ)
        self.location = self._rows.location
        self._pool = dict(parse_qsl(urlsplit(url).query)).get("key", _POOL)
        # Told now rather than with the first request.
        self.all()

    def get(self, workflow_id: str) -> Workflow | None:
        """The document of that id."""
        rows = self._ask(_GET, id=workflow_id)
        return _workflow(rows[0][0], self.location) if rows else None

    def put(self, workflow: Workflow) -> Workflow:
        """Replace or make a document; see `Store.put`."""
        fresh = replace(workflow, version=workflow.version + 1)
        statement = _UPDATE if workflow.version else _INSERT
        document = json.dumps(fresh.as_json())
        if not self._ask(statement, id=workflow.id, version=workflow.version, document=document):
            raise Changed(workflow.id)
        return fresh

    def remove(self, workflow: Workflow, *, state: bool) -> None:
        """Remove a document, with its state or without; see `Store.remove`."""
        self._ask(_REMOVE, id=workflow.id)
        if state:
            self._ask(_FORGET, key=self._key(workflow.id))

    def all(self) -> Sequence[Workflow]:
        """Every document, the oldest first."""
        return [_workflow(row[0], self.location) for row in self._ask(_ALL)]

    def backend(self, workflow_id: str) -> Backend:
        """The state beside the workflow's row."""
        parts = urlsplit(self._url)
        options = {**dict(parse_qsl(parts.query)), "key": self._key(workflow_id)}
        url = urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(options), ""))
        if "://" not in url:
            # An empty host, as of a socket, loses its slashes otherwise.
            url = url.replace(":", "://", 1)
        return open_backend(url, self._environ)

    def probe(self) -> None:
        """Ask whether this session may write."""
        if not self._ask(_PROBE)[0][0]:
            raise StateError.of(
                "FP684",
                f"the store of workflows in {self.location} can't be used: it is read-only",
                hint="Name the server that takes writes: --store postgresql://user@host/database",
            )

    def close(self) -> None:
        """Close the connection."""
        self._rows.close()

    def _key(self, workflow_id: str) -> str:
        return f"{self._pool}.{workflow_id}"

    def _ask(self, statement: str, **values: Any) -> Sequence[Sequence[Any]]:
        return self._rows.rows(statement, {**values, "pool": self._pool}, _MAKE)


def _workflow(document: Any, location: str) -> Workflow:
    try:
        return Workflow.from_json(document)
    except (KeyError, TypeError, ValueError) as error:
        raise StateError.of(
            "FP683",
            f"{location} has a workflow that can't be read",
            f"{type(error).__name__}: {error}.",
            hint="Restore it from a backup, or delete its row.",
        ) from None
