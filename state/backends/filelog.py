"""A journal in a local file: appended in single writes, made durable in group commits.

Many threads wait for their intents at the same time; whoever comes first syncs the file for
all that is written by then, and the others wait for it. No thread of its own is needed. This
module must not know what the entries mean.
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Condition

from flowplan.errors import FlowplanError, StateError
from flowplan.state.backends.atomic import write_all
from flowplan.state.lines import Entry, frame

__all__ = ["FileLog"]


class FileLog:
    """Appends to an existing journal file; satisfies `flowplan.state.journal.Log`.

    Positions are offsets in bytes. After a failed write the file is cut back to its last
    whole line, so it stays readable, and `check` and `commit` refuse from then on.
    """

    def __init__(self, path: Path, location: str) -> None:
        self._location = location
        self._changed = Condition()
        self._failure: OSError | None = None
        self._syncing = False
        self._torn = False
        self._closed = False
        try:
            # Not inherited by child processes: os.open closes on exec.
            self._handle = os.open(path, os.O_WRONLY | os.O_APPEND)
            self._size = self._durable = os.fstat(self._handle).st_size
        except OSError as error:
            raise self._refusal(error) from None

    def check(self) -> None:
        """Raise `StateError` FP414 once any write has failed."""
        if self._failure is not None:
            raise self._refusal(self._failure)

    def append(self, entry: Entry) -> int:
        """Write one line. Raises `StateError` FP414; then the line is not in the file."""
        line = frame(entry)
        with self._changed:
            if self._closed or self._torn:
                raise self._refusal(self._failure)
            try:
                write_all(self._handle, line)
            except OSError as error:
                self._failure = error
                self._cut_back()
                raise self._refusal(error) from None
            except BaseException:
                self._cut_back()
                raise
            self._size += len(line)
            return self._size

    def commit(self, position: int) -> None:
        """Return when the file is durable up to `position`. Raises `StateError` FP414."""
        with self._changed:
            while self._durable < position:
                self.check()
                if self._syncing:
                    self._changed.wait()
                else:
                    self._sync()

    def close(self) -> None:
        """Commit everything and close the file. Raises `StateError` FP414 for that commit.

        A failure that was told before is not told again: closing is part of dealing with it.
        """
        with self._changed:
            while self._syncing:
                self._changed.wait()
            if self._closed:
                return
            known = self._failure is not None
            try:
                self._sync()
            finally:
                self._closed = True
                os.close(self._handle)
            if not known:
                self.check()

    def _sync(self) -> None:
        """Sync as the leader, with the condition given back so that others can write on."""
        self._syncing = True
        reached = self._size
        self._changed.release()
        failure: OSError | None = None
        try:
            os.fsync(self._handle)
        except OSError as error:
            # The kernel may have dropped what it could not write: a second try proves nothing.
            failure = error
        finally:
            self._changed.acquire()
            self._syncing = False
            self._changed.notify_all()
        if failure is not None:
            self._failure = failure
        elif self._failure is None:
            self._durable = reached

    def _cut_back(self) -> None:
        """Drop a half-written line: with another after it the journal would be damaged."""
        try:
            os.ftruncate(self._handle, self._size)
        except OSError as error:
            self._torn = True
            self._failure = self._failure or error

    def _refusal(self, error: OSError | None) -> FlowplanError:
        why = "it is closed" if error is None else error.strerror or str(error)
        return StateError.of(
            "FP414",
            f"{self._location} can't be written: {why}",
            "Nothing more is sent to the cluster, since it could not be recorded. What was"
            " done until now is in the journal.",
            hint="Make room or repair the disk, then run the same command again: it goes on"
            " from there.",
        )
