"""Makes this process kill itself at the n-th boundary of durable work, or lets its disk fail there.

A boundary is: before a request leaves, after it took effect and before its answer is used,
before and after every write, fsync and rename of a file, and before every statement of the
sandbox's database. Counted, not timed, so a point is the same on every machine.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from threading import Lock
from typing import Any

__all__ = ["arm", "fail", "passed"]

WATCHED = ("write", "fsync", "fdatasync", "rename", "replace", "unlink", "truncate", "ftruncate")
OWN_SCREEN = (1, 2)


class _Count:
    """How many boundaries were passed, and at which to end."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.passed = 0
        self.limit = 0

    def boundary(self) -> None:
        with self.lock:
            self.passed += 1
            if self.passed == self.limit:
                os.kill(os.getpid(), signal.SIGKILL)


_count = _Count()


def passed() -> int:
    """The boundaries so far."""
    return _count.passed


def fail(limit: int, number: int) -> None:
    """Let every write, fsync and rename fail with that error number from number `limit` on.

    0 only counts them. What gives room or takes a file away still works.
    """
    _count.limit = limit
    for name in ("write", "fsync", "rename", "replace", "link"):
        setattr(os, name, _failing(getattr(os, name), number))


def _failing(function: Callable[..., Any], number: int) -> Callable[..., Any]:
    on_screen = function is os.write

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if on_screen and args and args[0] in OWN_SCREEN:
            return function(*args, **kwargs)
        with _count.lock:
            _count.passed += 1
            bad = 0 < _count.limit <= _count.passed
        if bad:
            raise OSError(number, os.strerror(number))
        return function(*args, **kwargs)

    return wrapped


def arm(limit: int) -> None:
    """Watch the boundaries from now on, and end at number `limit`; 0 only counts them."""
    from requests.adapters import HTTPAdapter

    from flowplan.providers.sandbox.adapter import SandboxAdapter

    _count.limit = limit
    for name in WATCHED:
        setattr(os, name, _around(getattr(os, name)))
    for adapter in (SandboxAdapter, HTTPAdapter):
        adapter.send = _around(adapter.send)  # type: ignore[method-assign]
    connect = sqlite3.connect

    def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        connection.set_trace_callback(lambda _: _count.boundary())
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]


def _around(function: Callable[..., Any]) -> Callable[..., Any]:
    on_screen = function is os.write

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if on_screen and args and args[0] in OWN_SCREEN:
            return function(*args, **kwargs)
        _count.boundary()
        result = function(*args, **kwargs)
        _count.boundary()
        return result

    return wrapped
