"""Runs a flowplan command line and kills itself at the n-th boundary of durable work.

    python kill_at.py N COUNTFILE -- apply template.yaml --auto-approve

A boundary is: before a request leaves, after it took effect and before its answer is used,
before and after every write, fsync and rename of a file, and before every statement of the
sandbox's database. COUNTFILE gets the number of boundaries passed when the command ends.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

LIMIT = int(sys.argv[1])
COUNT = Path(sys.argv[2])
WATCHED = ("write", "fsync", "fdatasync", "rename", "replace", "unlink", "truncate", "ftruncate")

_lock = Lock()
_passed = 0


def boundary() -> None:
    global _passed  # noqa: PLW0603
    with _lock:
        _passed += 1
        if _passed == LIMIT:
            os.kill(os.getpid(), signal.SIGKILL)


def around(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if function is os_write and args and args[0] in (1, 2):
            return function(*args, **kwargs)
        boundary()
        result = function(*args, **kwargs)
        boundary()
        return result

    return wrapped


os_write = os.write


def main() -> int:
    from flowplan.__main__ import main as flowplan
    from flowplan.providers.sandbox.adapter import SandboxAdapter

    for name in WATCHED:
        setattr(os, name, around(getattr(os, name)))
    SandboxAdapter.send = around(SandboxAdapter.send)  # type: ignore[method-assign]
    connect = sqlite3.connect

    def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        connection.set_trace_callback(lambda _: boundary())
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]
    code = flowplan(sys.argv[sys.argv.index("--") + 1 :])
    COUNT.write_text(str(_passed))
    return code


if __name__ == "__main__":
    sys.exit(main())
