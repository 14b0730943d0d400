"""`status --watch`: the status again at each change, until the run that goes on is over.

It reads the state as `status` does, without a lock, so any number may watch, from anywhere.
"""

from __future__ import annotations

import time
from typing import Any

from flowplan.cli.call import Call
from flowplan.cli.runs import tell_of_runs
from flowplan.errors import StateError
from flowplan.render.watch import watching_on
from flowplan.state.backends import Backend, Snapshot
from flowplan.state.status import workflow_status

__all__ = ["watch"]

PARTLY_EXIT = 3
_SHORTEST = 0.05


def watch(call: Call, backend: Backend) -> int:
    """Show each change; the exit code: 0 when all is well, 3 when the run failed or was cut off.

    Raises `StateError` FP647 when it still goes on after `--timeout`.
    """
    flags = call.flags
    begun = time.monotonic()
    last: dict[str, Any] | None = None
    with watching_on(call.out, as_json=flags.json, verbose=flags.verbose) as show:
        while True:
            snapshot = backend.load()
            document = _document(call, snapshot)
            if document != last:
                show(document, snapshot.state.workflow if snapshot.state else "")
                last = document
            if snapshot.holder is None or call.out.failure is not None:
                break
            if flags.timeout is not None and time.monotonic() - begun >= flags.timeout:
                raise _still_running(snapshot, backend.location, flags.timeout)
            time.sleep(max(flags.interval, _SHORTEST))
    if not flags.json:
        tell_of_runs(call.err, snapshot, backend.location)
    failed = document["state"] == "FAILED" or snapshot.interrupted
    return PARTLY_EXIT if failed else 0


def _document(call: Call, snapshot: Snapshot) -> dict[str, Any]:
    running = snapshot.holder is not None
    return workflow_status(snapshot.state, provisioning=running, all=call.flags.all)


def _still_running(snapshot: Snapshot, location: str, timeout: float) -> StateError:
    holder = snapshot.holder
    who = f"{holder.operation} by {holder.who}, process {holder.pid}" if holder else "a run"
    return StateError.of(
        "FP647",
        f"the run on {location} is not over after {timeout:g} s",
        f"It is {who}. Only the watching has ended.",
        hint="Go on watching: flowplan status --watch",
    )
