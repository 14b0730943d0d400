"""Requests being executed right now, in any process on the same database.

For `GET /_tasks`, by which flowplan finds a request whose answer was lost (FACTS, "Finding a
request whose answer was lost"). Keeps action, time and X-Opaque-Id; must never see a path or a
body.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flowplan.dataclass import dataclass
from flowplan.providers.sandbox.node import Node

__all__ = ["InFlight", "executing", "executing_now"]


@dataclass(frozen=True)
class InFlight:
    """One request in execution."""

    id: int
    opaque_id: str | None
    action: str
    started: int


def _born(pid: int) -> str | None:
    """When a process started, None when it is gone: a pid alone may be another's by now."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # Field 22, counted after the command, which may itself hold spaces and brackets.
        return stat.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return ""


@contextmanager
def executing(node: Node, action: str, opaque_id: str | None) -> Iterator[None]:
    """Show a request in `_tasks` for the length of the block."""
    pid = os.getpid()
    row = (pid, _born(pid) or "", opaque_id, action, node.now())
    with node.store.writing() as tx:
        cursor = tx.sql.execute(
            "INSERT INTO in_flight (pid, born, opaque_id, action, started) VALUES (?, ?, ?, ?, ?)",
            row,
        )
        number = cursor.lastrowid
    try:
        yield
    finally:
        with node.store.writing() as tx:
            tx.sql.execute("DELETE FROM in_flight WHERE id = ?", (number,))


def executing_now(node: Node) -> Sequence[InFlight]:
    """What is in execution; what a killed process left behind is dropped."""
    with node.store.reading() as tx:
        rows = tx.sql.execute(
            "SELECT id, pid, born, opaque_id, action, started FROM in_flight ORDER BY id"
        ).fetchall()
    alive = {pid: _born(pid) for pid in {row[1] for row in rows}}
    dead = [row[0] for row in rows if alive[row[1]] != row[2]]
    if dead:
        with node.store.writing() as tx:
            tx.sql.executemany("DELETE FROM in_flight WHERE id = ?", [(id_,) for id_ in dead])
    return [
        InFlight(id_, opaque_id, action, started)
        for id_, pid, born, opaque_id, action, started in rows
        if alive[pid] == born
    ]
