"""`flowplan serve` as a process of its own, to be asked over HTTP, told to end, and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from flowplan.server.routes import PREFIX

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 60.0


class Served:
    """A server whose working directory is `directory`: started again, it finds what was there."""

    def __init__(
        self,
        directory: Path,
        *arguments: str,
        endpoint: str = "sandbox:",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.command = [
            sys.executable, "-m", "flowplan", "serve", "--port", "0", "--endpoint", endpoint,
            *arguments,
        ]  # fmt: skip
        self.environ = {**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})}
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def start(self) -> str:
        """Start it; the line that says where it listens."""
        with (self.directory / "serve.err").open("a") as errors:
            self.process = subprocess.Popen(
                self.command, cwd=self.directory, env=self.environ, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), (self.directory / "serve.err").read_text()
        self.url = line.removeprefix("listening on ").strip()
        return line

    def end(self, number: int = signal.SIGTERM) -> int:
        """Tell it to end, and wait; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(_PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        self.end(signal.SIGKILL)

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        """Status and body."""
        where = path if path.startswith("/") else f"{PREFIX}/{path}".rstrip("/")
        answer = self.session.request(
            method, self.url + where, json=body, timeout=_PATIENCE, **options
        )
        return answer.status_code, answer.json()

    def state(self, workflow: str) -> dict[str, Any]:
        """The status of a workflow."""
        found: dict[str, Any] = self.ask("GET", f"{workflow}/_status?all=true")[1]
        return found

    def until(self, workflow: str, *states: str) -> dict[str, Any]:
        """The status once its state is one of these."""
        end = time.monotonic() + _PATIENCE
        while True:
            found = self.state(workflow)
            if found["state"] in states:
                return found
            assert time.monotonic() < end, found
            time.sleep(0.02)
