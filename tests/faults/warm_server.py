"""Runs command lines in forked children: what takes half a second to import is imported once.

    python warm_server.py < jobs > events

A job is a line of JSON: number, argv, directory, environ, output (a file), limit, error. An event is one
too: the child's pid as it begins, its status as it ends. One thread only, since a fork of several
inherits locks that nobody gives back.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
from importlib import import_module
from typing import Any

from tests.faults import kill_at


def load() -> None:
    """Import what the verbs of these tests import on their way; another one is only slower."""
    from flowplan.providers.registry import Registry

    for name in ("jinja2", "deepdiff", "flowplan.planner.execute", "flowplan.planner.reconcile"):
        import_module(name)
    import_module("flowplan.providers.sandbox.adapter")
    for verb in ("plan", "apply", "destroy"):
        import_module(f"flowplan.cli.commands.{verb}")
    registry = Registry()
    for name in registry.names():
        registry.step(name)


def child(job: dict[str, Any]) -> int:
    """Become the command; the exit code."""
    from flowplan.__main__ import main

    output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.chdir(job["directory"])
    os.environ.update(job["environ"])
    random.seed()
    if job["limit"] is not None and job["error"] is not None:
        kill_at.fail(job["limit"], job["error"])
    elif job["limit"] is not None:
        kill_at.arm(job["limit"])
    code = main(job["argv"])
    if job["limit"] is not None:
        print(f"boundaries: {kill_at.passed()}")
    return code


def start(job: dict[str, Any]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        code = child(job)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def tell(**event: Any) -> None:
    EVENTS.write(json.dumps(event) + "\n")
    EVENTS.flush()


def ended(running: dict[int, int]) -> None:
    """Tell of every child that ended by now."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        tell(number=running.pop(pid), code=os.waitstatus_to_exitcode(status))


def serve() -> None:
    awake, wakes = os.pipe()
    for end in (awake, wakes):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    running: dict[int, int] = {}
    left = b""
    while True:
        ready, _, _ = select.select([0, awake], [], [])
        if awake in ready:
            os.read(awake, 4096)
            ended(running)
        if 0 in ready:
            got = os.read(0, 65536)
            if not got:
                return
            *lines, left = (left + got).split(b"\n")
            for line in lines:
                job = json.loads(line)
                pid = start(job)
                running[pid] = job["number"]
                tell(number=job["number"], pid=pid)


if __name__ == "__main__":
    EVENTS = os.fdopen(os.dup(1), "w")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    load()
    serve()
