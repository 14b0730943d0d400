"""Workflows in a directory: one folder each, for one server at a time.

The documents are kept in memory as well: nobody else may write them while the server runs, and a
status is asked for far more often than one is written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

from flowplan.dataclass import replace
from flowplan.errors import FlowplanError, StateError
from flowplan.server.documents import Workflow
from flowplan.server.store import Changed
from flowplan.state.backends import Backend, open_backend
from flowplan.state.backends.atomic import remove, sync_directory, write_file
from flowplan.state.backends.flock import exclusive
from flowplan.state.lock import here

__all__ = ["DirectoryStore"]

_DOCUMENT, _STATE, _PROBE = "workflow.json", "state.json", "probe"


class DirectoryStore:
    """Satisfies `flowplan.server.store.Store`; holds the directory's lock until it is closed."""

    def __init__(self, directory: Path) -> None:
        self.location = str(directory)
        # Absolute: a state's place must mean the same whatever the working directory.
        self._directory = directory.absolute()
        self._guard = Lock()
        self._held = ExitStack()
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.location, error) from None
        lock = self._directory / "serve.lock"
        self._held.enter_context(exclusive(lock, self.location, here("serve", ""), 0, None))
        try:
            self._known = {item.id: item for item in self._read_all()}
        except BaseException:
            self._held.close()
            raise

    def get(self, workflow_id: str) -> Workflow | None:
        """The document of that id."""
        return self._known.get(workflow_id)

    def put(self, workflow: Workflow) -> Workflow:
        """Replace or make a document; see `Store.put`. On return it outlives a power cut."""
        with self._guard:
            there = self._known.get(workflow.id)
            if workflow.version != (there.version if there else 0):
                raise Changed(workflow.id)
            fresh = replace(workflow, version=workflow.version + 1)
            folder = self._directory / workflow.id
            try:
                if not folder.is_dir():
                    folder.mkdir(mode=0o700)
                    sync_directory(self._directory)
                write_file(folder / _DOCUMENT, json.dumps(fresh.as_json()).encode())
            except OSError as error:
                raise _unusable(self.location, error) from None
            self._known[workflow.id] = fresh
            return fresh

    def remove(self, workflow: Workflow, *, state: bool) -> None:
        """Remove a document, with its state or without; see `Store.remove`."""
        with self._guard:
            folder = self._directory / workflow.id
            try:
                remove(folder / _DOCUMENT)
                if state:
                    shutil.rmtree(folder)
            except OSError as error:
                raise _unusable(self.location, error) from None
            self._known.pop(workflow.id, None)

    def all(self) -> Sequence[Workflow]:
        """Every document, the oldest first."""
        with self._guard:
            found = list(self._known.values())
        return sorted(found, key=lambda item: (item.created or 0, item.id))

    def backend(self, workflow_id: str) -> Backend:
        """The state in the workflow's folder."""
        return open_backend(str(self._directory / workflow_id / _STATE))

    def probe(self) -> None:
        """Write a file that nobody needs."""
        with self._guard:
            try:
                write_file(self._directory / _PROBE, b"\n", durable=False)
            except OSError as error:
                raise _unusable(self.location, error) from None

    def close(self) -> None:
        """Release the directory."""
        self._held.close()

    def _read_all(self) -> list[Workflow]:
        found = []
        for path in sorted(self._directory.glob(f"*/{_DOCUMENT}")):
            try:
                found.append(Workflow.from_json(json.loads(path.read_bytes())))
            except OSError as error:
                raise _unusable(str(path), error) from None
            except (KeyError, TypeError, ValueError) as error:
                raise StateError.of(
                    "FP683",
                    f"{path} can't be read as a workflow",
                    f"{type(error).__name__}: {error}.",
                    hint="Restore it from a backup, or move its folder out of the store.",
                ) from None
        return found


def _unusable(place: str, error: OSError) -> FlowplanError:
    why = error.strerror or type(error).__name__
    return StateError.of(
        "FP684",
        f"the store of workflows in {place} can't be used: {why}",
        hint="Give this user the right to write there and make room, or name another: --store PATH",
    )
