"""A terminal for the commands that ask, or redraw: what is typed, and all that it showed."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

from tests.acceptance.chat import ROOT

__all__ = ["run_on_terminal"]


def run_on_terminal(*argv: str, typed: str = "", seconds: float = 60.0) -> tuple[int, str]:
    """The exit code of flowplan and what the terminal showed; `typed` is there from the start."""
    leader, follower = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}
    env["NO_COLOR"] = "1"
    child = subprocess.Popen(
        [sys.executable, "-m", "flowplan", *argv],
        stdin=follower, stdout=follower, stderr=follower, env=env, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    os.write(leader, typed.encode())
    shown = b""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            ready, _, _ = select.select([leader], [], [], 0.1)
            try:
                part = os.read(leader, 1 << 16) if ready else b""
            except OSError:  # the other side is closed
                break
            shown += part
            if not part and child.poll() is not None:
                break
        return child.wait(1), shown.decode(errors="replace").replace("\r\n", "\n")
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        os.close(leader)
