"""Where workflows are kept: a document each, beside the state that the planner works on.

    .flowplan/serve/           a directory, the default       postgresql://…   a database
        key                    seals credentials
        ID/workflow.json       `documents.Workflow`
        ID/state.json          the state, its journal and lock

This module must not know what may be done with a workflow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from flowplan.errors import UsageError
from flowplan.server.documents import Workflow
from flowplan.state.backends import Backend

__all__ = ["Changed", "Store", "directory_of", "open_store"]


class Changed(Exception):
    """A document is not the one that was read: somebody else wrote it meanwhile."""


class Store(Protocol):
    """All workflows of one server, or of several that share a database. Threads may share it.

    Every method raises `StateError` when the place can't be read or written.
    """

    @property
    def location(self) -> str:
        """Where it is, for people."""

    def get(self, workflow_id: str) -> Workflow | None:
        """The document of that id."""

    def put(self, workflow: Workflow) -> Workflow:
        """Replace the document that has this version, or make it (version 0); with the next one.

        Raises `Changed` when that is no longer the version there.
        """

    def remove(self, workflow: Workflow, *, state: bool) -> None:
        """Remove a document; with `state` its state too, else that stays where it is."""

    def all(self) -> Sequence[Workflow]:
        """Every document, the oldest first."""

    def backend(self, workflow_id: str) -> Backend:
        """Where this workflow's state is."""

    def probe(self) -> None:
        """See that a document could be written now."""

    def close(self) -> None:
        """Let go of what is held."""


def directory_of(location: str | None, default: Path) -> Path:
    """The directory that is used: the one that is named, else `default`, where the key is too."""
    scheme, mark, path = (location or "").partition("://")
    if mark and scheme != "file":
        return default
    named = path if mark else location
    return Path(named) if named else default


def open_store(location: str | None, default: Path, environ: Mapping[str, str]) -> Store:
    """The store that `--store` names, else the one in `default`.

    Raises `UsageError` FP682 for a place that can't keep workflows, `LockHeld` FP501 when another
    server works in the directory, and what the place raises.
    """
    scheme, mark, _ = (location or "").partition("://")
    if mark and scheme in {"postgres", "postgresql"}:
        # On use: the database's client is an extra.
        from flowplan.server.store_postgres import PostgresWorkflows

        return PostgresWorkflows(str(location), environ)
    if mark and scheme != "file":
        raise UsageError.of(
            "FP682",
            f"{scheme}:// is no place for workflows",
            "They are kept in a directory or in PostgreSQL.",
            hint="Name one: --store PATH, or --store postgresql://user@host/database",
        )
    from flowplan.server.store_directory import DirectoryStore

    return DirectoryStore(directory_of(location, default))
