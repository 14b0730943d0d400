"""Command lines by the hundred: each in a process of its own that begins at once.

It must not know what the commands do. See `warm_server.py`.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Ended", "Warm", "warm"]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. `code` is negative for a signal; `text` is both of its streams."""

    code: int
    text: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def boundaries(self) -> int:
        """How many boundaries it passed, where they were counted."""
        found = re.findall(r"^boundaries: (\d+)$", self.text, re.MULTILINE)
        return int(found[-1])


@dataclass(slots=True)
class _Job:
    begun: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    pid: int = 0
    code: int = 0


class Warm:
    """A server of command lines; safe to share by threads."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm_server.py"))],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._guard = threading.Lock()
        self._numbers = itertools.count()
        self._jobs: dict[int, _Job] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def run(
        self,
        argv: Sequence[str],
        directory: Path,
        environ: Mapping[str, str] | None = None,
        *,
        limit: int | None = None,
        error: int | None = None,
        begun: Callable[[int], None] = lambda _: None,
    ) -> Ended:
        """Run to the end. `limit`: kill it at that boundary, or with `error` let its disk
        fail so from that write on; `begun` is called with its pid."""
        job = _Job()
        number = next(self._numbers)
        output = directory / f"output-{number}"
        ask = {
            "number": number, "argv": list(argv), "directory": str(directory),
            "environ": dict(environ or {}), "output": str(output), "limit": limit, "error": error,
        }  # fmt: skip
        with self._guard:
            self._jobs[number] = job
            assert self._server.stdin is not None
            self._server.stdin.write(json.dumps(ask) + "\n")
            self._server.stdin.flush()
        assert job.begun.wait(PATIENCE), "the server of commands answers no more"
        begun(job.pid)
        if not job.over.wait(PATIENCE):
            os.kill(job.pid, signal.SIGKILL)
            raise AssertionError(f"{argv} did not end: {output.read_text()}")
        text = output.read_text() if output.exists() else ""
        output.unlink(missing_ok=True)
        return Ended(job.code, text)

    def close(self) -> None:
        """End the server. No command may be running."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(PATIENCE)
        self._listener.join()
        self._server.stdout.close()

    def _listen(self) -> None:
        assert self._server.stdout is not None
        for line in self._server.stdout:
            event = json.loads(line)
            job = self._jobs[event["number"]]
            if "pid" in event:
                job.pid = event["pid"]
                job.begun.set()
            else:
                job.code = event["code"]
                with self._guard:
                    del self._jobs[event["number"]]
                job.over.set()


@contextmanager
def warm() -> Iterator[Warm]:
    """A server of command lines for the length of the block."""
    server = Warm()
    try:
        yield server
    finally:
        server.close()
