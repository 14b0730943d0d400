"""A state in a local file: the document, its journal, its lock and the one before it.

    template.state.json           the document, replaced whole
    template.state.json.journal   what an unfinished command did since
    template.state.json.lock      locked by whoever is at work
    template.state.json.backup    the document before the last write
    template.state.json.migrated  the document before the state was moved to another place

This module must not know what the records mean.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic, FlowplanError, StateError
from flowplan.state.backends.atomic import remove, sync_directory, write_file
from flowplan.state.backends.base import Snapshot
from flowplan.state.backends.filelog import FileLog
from flowplan.state.backends.flock import current_holder, exclusive, release
from flowplan.state.backends.snapshot import journal_name, refuse_work, snapshot_of
from flowplan.state.codec import encode
from flowplan.state.journal import JournalWriter, header_of
from flowplan.state.lines import frame
from flowplan.state.lock import LockHolder, here
from flowplan.state.model import State

__all__ = ["LocalBackend"]

_TRIES = 100
_MOVED = "migrated"
_PAUSE = 0.01


@dataclass(frozen=True, slots=True)
class _Files:
    """What was read at one moment, None for a file that is not there."""

    state: bytes | None
    journal: bytes | None


class LocalBackend:
    """Keeps a state in the file `path`; satisfies `flowplan.state.backends.Backend`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.location = os.fspath(path)
        self.warnings: tuple[Diagnostic, ...] = ()
        # Two links to one state share its journal and its lock.
        self._path = Path(os.path.realpath(path))
        self._held = False
        self._workflow = ""

    def load(self) -> Snapshot:
        """Read state and journal as they belong together; see `Backend.load`."""
        files = self._read()
        if files == _Files(None, None):
            self._refuse_moved()
        found = snapshot_of(
            files.state,
            files.journal,
            self.location,
            backup=self.backup,
            holder=None if self._held else current_holder(self._beside("lock")),
        )
        if found.state is not None:
            self._workflow = found.state.workflow
        return found

    @contextmanager
    def lock(
        self,
        operation: str,
        timeout: float = 0,
        waiting: Callable[[LockHolder], None] | None = None,
        took_over: Callable[[LockHolder, float], None] | None = None,
    ) -> Iterator[LockHolder]:
        """Be the only one at work; see `Backend.lock`."""
        me = here(operation, self._workflow)
        with exclusive(self._beside("lock"), self.location, me, timeout, waiting):
            self._held = True
            try:
                yield me
            finally:
                self._held = False

    def check(self) -> None:
        """Nothing to do: the operating system's lock can't be lost while its process lives."""

    def unlock(self, lock_id: str) -> LockHolder:
        """Clear what a dead process left; see `Backend.unlock`."""
        return release(self._beside("lock"), self.location, lock_id)

    def start(self, state: State, operation: str) -> JournalWriter:
        """Begin a journal; see `Backend.start`."""
        path = self._beside("journal")
        data = self._read_file(path, self._journal_name)
        refuse_work(state, data, self.location)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, frame(header_of(state, operation)))
        except OSError as error:
            raise _unwritable(self._journal_name, error) from None
        return JournalWriter(FileLog(path, self._journal_name))

    def save(self, state: State) -> None:
        """Replace the document, then drop the journal; see `Backend.save`.

        A crash between the two does no harm: the journal continues an older serial then, so
        it is known to be in the document.
        """
        data = encode(state)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_file(self._path, data, keep=self._beside("backup"))
            remove(self._beside("journal"))
        except OSError as error:
            raise _unwritable(self.location, error) from None
        self._workflow = state.workflow

    @property
    def _journal_name(self) -> str:
        return journal_name(self.location)

    def retire(self) -> str:
        """Take the document out of use, since another place has it: its new name.

        The lock must be held. Raises `StateError` FP405.
        """
        names = (f"{_MOVED}.{number}" if number else _MOVED for number in count())
        name = next(name for name in names if not self._beside(name).exists())
        try:
            self._path.rename(self._beside(name))
            sync_directory(self._path.parent)
        except OSError as error:
            raise _unwritable(self.location, error) from None
        return f"{self.location}.{name}"

    def _refuse_moved(self) -> None:
        """Nothing is here since the state moved: starting afresh would make all of it twice."""
        if not self._beside(_MOVED).exists():
            return
        moved = f"{self.location}.{_MOVED}"
        raise StateError.of(
            "FP472",
            f"the state in {self.location} was moved to another place",
            f"What it was then is in {moved}. A new state here would make everything twice.",
            hint="Name the place that it was moved to: --state PATH|URL, or state: in the project"
            f" file.\nIf a state is to be kept here again, first: rm {shlex.quote(moved)}",
        )

    @property
    def backup(self) -> str | None:
        """The backup as a command can name it; a linked state has it beside the real one."""
        names = (f"{self.location}.backup", str(self._beside("backup")))
        return next((name for name in names if Path(name).exists()), None)

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{suffix}")

    def _read(self) -> _Files:
        """Both files of one moment: read again when the state was replaced meanwhile.

        A journal that only grew is fine: it is read after the state that it continues.
        """
        for _ in range(_TRIES):
            before = self._stamp()
            state = self._read_file(self._path, self.location)
            journal = self._read_file(self._beside("journal"), self._journal_name)
            if self._stamp() == before:
                return _Files(state, journal)
            time.sleep(_PAUSE)
        raise StateError.of(
            "FP419",
            f"{self.location} is being replaced all the time",
            f"It changed during each of {_TRIES} tries to read it.",
            hint="Find out which program writes it, and try again.",
        )

    def _stamp(self) -> tuple[int, ...] | None:
        """What tells one version of the state file from the next; a rename changes all of it."""
        try:
            found = self._path.stat()
        except OSError:  # reading tells it better
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _read_file(self, path: Path, name: str) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError.of(
                "FP401",
                f"{name} can't be read: {error.strerror or error}",
                "A state is a file with the JSON document that flowplan wrote.",
                hint="Give this user the right to read it, or name another with --state PATH.",
            ) from None


def _unwritable(location: str, error: OSError) -> FlowplanError:
    return StateError.of(
        "FP405",
        f"{location} can't be written: {error.strerror or error}",
        "The file is as it was before; nothing that was recorded is lost.",
        hint="Make room or give this user the right to write there, then run the command again.",
    )
