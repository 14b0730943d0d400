"""A journal in a remote place: lines go there in batches, one after the other.

One thread sends whatever has come together meanwhile, so results leave at once and many
threads' intents share a request. A batch that was not acknowledged is sent again as it is,
before anything else: the place can tell that it has it already. This module must not know
what the entries mean.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread

from flowplan.errors import FlowplanError, LockLost, StateError
from flowplan.state.lines import Entry, frame

__all__ = ["RemoteLog"]


class RemoteLog:
    """Appends through `send`; satisfies `flowplan.state.journal.Log`.

    Positions count entries. `held` raises `LockLost` when the lock is not ours, and so do
    all methods from then on. A result is on its way at once, and there some milliseconds
    later: a `kill -9` in between leaves its intent, which the next run looks after.
    """

    def __init__(
        self, send: Callable[[bytes], None], held: Callable[[], None], location: str
    ) -> None:
        self._send = send
        self._held = held
        self._location = location
        self._changed = Condition()
        self._pending: list[bytes] = []
        self._batch: tuple[bytes, int] = (b"", 0)
        self._given = self._durable = 0
        self._failure: FlowplanError | None = None
        self._try_again = False
        self._closing = False
        self._thread = Thread(target=self._run, name="flowplan-journal", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise `LockLost`, or `StateError` FP414 once a batch was refused."""
        if self._failure is not None:
            raise self._refusal(self._failure)
        self._held()

    def append(self, entry: Entry) -> int:
        """Hand one entry over. Raises `LockLost`, and `StateError` FP414 after `close`."""
        line = frame(entry)
        with self._changed:
            if self._closing or isinstance(self._failure, LockLost):
                raise self._refusal(self._failure)
            self._pending.append(line)
            self._given += 1
            self._try_again = True
            self._changed.notify_all()
            return self._given

    def commit(self, position: int) -> None:
        """Return when everything up to `position` is in the journal; raises like `check`."""
        with self._changed:
            while self._durable < position:
                if self._failure is not None:
                    raise self._refusal(self._failure)
                self._changed.wait()

    def close(self) -> None:
        """Send what is left and end; raises like `check` what was not told before."""
        with self._changed:
            if self._closing:
                return
            known = self._failure is not None
            self._closing = self._try_again = True
            self._changed.notify_all()
        self._thread.join()
        if self._durable < self._given and not known:
            raise self._refusal(self._failure)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._has_work() and not self._closing:
                    self._changed.wait()
                if not self._has_work():
                    return
                self._try_again = False
                if not self._batch[1]:
                    self._batch = b"".join(self._pending), len(self._pending)
                    self._pending.clear()
                lines, count = self._batch
            failure = self._attempt(lines)
            with self._changed:
                if failure is None:
                    self._durable += count
                    self._batch = b"", 0
                    self._try_again = bool(self._pending)
                else:
                    self._failure = failure
                self._changed.notify_all()

    def _has_work(self) -> bool:
        """Whether a batch is to be sent: after a failure, only when something new came."""
        if isinstance(self._failure, LockLost):
            return False
        return bool(self._pending or self._batch[1]) and self._try_again

    def _attempt(self, lines: bytes) -> FlowplanError | None:
        try:
            self._send(lines)
        except FlowplanError as error:
            return error
        except Exception as error:  # noqa: BLE001 - whoever waits for this batch must be told
            return StateError.of("FP414", type(error).__name__)
        return None

    def _refusal(self, error: FlowplanError | None) -> FlowplanError:
        if isinstance(error, LockLost):
            return LockLost(*error.diagnostics)
        why = "it is closed" if error is None else error.diagnostics[0].summary
        return StateError.of(
            "FP414",
            f"{self._location} can't be written: {why}",
            "Nothing more is sent to the cluster, since it could not be recorded. What was"
            " done until now is in the journal.",
            hint="Run the same command again once the place answers: it goes on from there.",
        )
