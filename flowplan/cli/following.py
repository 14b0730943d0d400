"""A worker as its caller sees it: started, told what to do, and followed through its log.

The log is read as a file, not through a pipe: a pipe that nobody empties would stop the worker.
It must not know what the worker does.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import flowplan
from flowplan.cli.order import Order, write_order
from flowplan.dataclass import dataclass
from flowplan.errors import FlowplanError, UsageError

__all__ = ["NotStarted", "Worker", "draft_beside", "log_path", "refuse_elsewhere"]

_POLL = 0.05
# Neither the working directory nor what lies in it may stand for a module of ours, so `-P`;
# where flowplan is not installed its own directory comes last.
_BEGIN = (
    "import sys; sys.path.append(sys.argv[1]);"
    " from flowplan.cli.worker import main; sys.exit(main())"
)
_SYSTEMS = ("Linux", "Darwin")


class NotStarted(UsageError):
    """There is no worker. Exit 1: nothing was changed, and the call itself was right."""

    exit_code = 1


def refuse_elsewhere() -> None:
    """See that this system has what a worker needs. Raises `UsageError` FP640."""
    system = platform.system()
    if system not in _SYSTEMS or not sys.executable:
        raise UsageError.of(
            "FP640",
            f"--wait-timeout does not work on {system or 'this system'}",
            "The rest of the run is done by a process of its own, as Linux and macOS have them.",
            hint="Leave --wait-timeout out: the command returns when all is done.",
        )


def log_path(state: str, directory: Path) -> Path:
    """Where a run's log is: beside a local state, else in `directory`, under a name of its own."""
    if "://" not in state:
        return Path(os.path.realpath(state) + ".log")
    name = hashlib.sha256(state.encode()).hexdigest()[:12]
    return directory / f"state-{name}.log"


def draft_beside(log: Path) -> Path:
    """A new file for a log whose run has no lock yet. Raises `NotStarted` FP642."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        # Only its owner can read it.
        handle, name = tempfile.mkstemp(prefix=f"{log.name}.", dir=log.parent)
    except OSError as error:
        raise _not_started(f"its log can't be made beside {log}", error) from None
    os.close(handle)
    return Path(name)


def _not_started(why: str, error: OSError) -> NotStarted:
    return NotStarted.of(
        "FP642",
        f"the worker could not be started: {why}",
        f"{error.strerror or error}.",
        hint="Put that right, or leave --wait-timeout out.",
    )


@dataclass(slots=True)
class Worker:
    """A process at work. Its messages are those of `flowplan.cli.order.Teller`."""

    process: subprocess.Popen[bytes]
    draft: Path
    log: int

    @classmethod
    def start(cls, order: Order) -> Worker:
        """Start it and tell it what to do. Raises `NotStarted` FP642."""
        draft = Path(order.draft)
        log = os.open(draft, os.O_RDONLY)
        root = str(Path(flowplan.__file__).resolve().parents[1])
        title = ["flowplan", order.flags.verb]
        try:
            with draft.open("ab") as told:
                process = subprocess.Popen(  # noqa: S603 ourselves
                    [sys.executable, "-P", "-c", _BEGIN, root, *title],
                    stdin=subprocess.PIPE,
                    stdout=told,
                    stderr=told,
                    # A Ctrl-C here is not meant for it, nor is the end of this terminal.
                    start_new_session=True,
                )
        except OSError as error:
            os.close(log)
            draft.unlink(missing_ok=True)
            raise _not_started("no process can be made", error) from None
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(write_order(order))
        return cls(process, draft, log)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def messages(self) -> Iterator[Mapping[str, Any] | None]:
        """What it tells, until it ends; None where it has nothing to say for a moment."""
        rest = b""
        while True:
            ended = self.process.poll() is not None
            data = rest + self._new()
            *lines, rest = data.split(b"\n")
            yield from (message for line in lines if (message := _message(line)) is not None)
            if ended:
                return
            if not lines:
                yield None
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(_POLL)

    def _new(self) -> bytes:
        parts = []
        while part := os.read(self.log, 1 << 16):
            parts.append(part)
        return b"".join(parts)

    def ended_early(self, *, changed: bool) -> FlowplanError:
        """The error for a worker that ended without its last word."""
        code = self.process.wait()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        error = FlowplanError.of(
            "FP643",
            f"the worker (process {self.pid}) ended {how}, and did not finish",
            "What it had done until then is recorded.",
            hint="Run the same command again: it goes on from there.",
        )
        error.exit_code = 3 if changed else 1
        return error

    def leave(self) -> None:
        """Follow it no longer: it goes on by itself."""
        os.close(self.log)
        if self.process.poll() is None:
            # Whoever called us as a library would have a zombie otherwise.
            Thread(target=self.process.wait, daemon=True).start()
        else:
            # One that was killed before it had the lock could not clear up.
            with suppress(OSError):
                self.draft.unlink()


def _message(line: bytes) -> Mapping[str, Any] | None:
    """A message, None for what a library or the interpreter wrote there."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "kind" in found else None
