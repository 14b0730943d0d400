"""The threads that runs are carried out on: so many at once, one for a workflow, till they end.

A run belongs to nobody's request: who asked for it may wait for it, or go. It must not know what
a run does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flowplan.dataclass import dataclass, field
from flowplan.planner.execute import Stop
from flowplan.server.logs import request_id, told

__all__ = ["Run", "Runs", "TooMany"]

_log = logging.getLogger(__name__)


class TooMany(Exception):
    """No run may be added for now: `limit` are at work or wait already."""

    def __init__(self, limit: int) -> None:
        super().__init__(str(limit))
        self.limit = limit


@dataclass(slots=True, eq=False)
class Run:
    """A run of one workflow. `kind` is `provision` or `deprovision`.

    `resumed`: an earlier server had begun it. `request_id` is the request that asked for it, ""
    where that is not known any more. `outcome` is `completed`, `failed`, `interrupted`
    (the next server goes on with it), or `partial` of a deprovisioning that left something.
    """

    workflow_id: str
    kind: str
    resumed: bool = False
    stop: Stop = field(default_factory=Stop)
    error: BaseException | None = None
    outcome: str = "failed"
    began: float | None = None
    request_id: str = field(default_factory=request_id.get)
    _done: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it is over, waiting at most so long for it."""
        return self._done.wait(seconds)

    def finish(self) -> None:
        """Tell those that wait."""
        self._done.set()


class Runs:
    """Carries out runs, `at_once` at a time; of the rest at most `waiting` wait for their turn.

    `draining`: no more may be added. `on_end` is told each run that is over, and how many seconds
    it was at work.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self.on_end: Callable[[Run, float], None] = _nobody
        self._limit = at_once + waiting
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="flowplan-run")
        self._guard = threading.Lock()
        self._runs: dict[str, Run] = {}
        self.draining = False
        self._stopped = False

    def current(self, workflow_id: str) -> Run | None:
        """The run of a workflow that is at work or waits for its turn."""
        return self._runs.get(workflow_id)

    @property
    def count(self) -> int:
        """How many are at work or wait."""
        return len(self._runs)

    def counts(self) -> tuple[int, int]:
        """How many are at work, and how many wait for their turn."""
        there = self._there()
        running = sum(run.began is not None for run in there)
        return running, len(there) - running

    def start(
        self, workflow_id: str, kind: str, work: Callable[[Run], None], *, resumed: bool = False
    ) -> Run:
        """Begin a run of a workflow that has none. Raises `TooMany`, not of a resumed one."""
        run = Run(workflow_id, kind, resumed)
        with self._guard:
            if not resumed and len(self._runs) >= self._limit:
                raise TooMany(self._limit)
            self._runs[workflow_id] = run
        self._pool.submit(self._carry_out, run, work)
        return run

    def _carry_out(self, run: Run, work: Callable[[Run], None]) -> None:
        run.began = time.monotonic()
        try:
            if self._stopped:
                run.outcome = "interrupted"
            else:
                work(run)
        except BaseException as error:  # noqa: BLE001 who waits is told, whatever it was
            run.error = error
            _log.exception("run broke off", extra=told(kind=run.kind, workflow_id=run.workflow_id))
        finally:
            self.on_end(run, time.monotonic() - run.began)
            with self._guard:
                self._runs.pop(run.workflow_id, None)
            run.finish()

    def drain(self, seconds: float) -> None:
        """Wait so long for the runs, then let them stop at the next step, and wait for that."""
        self.draining = True
        end = time.monotonic() + seconds
        for run in self._there():
            run.wait(max(0.0, end - time.monotonic()))
        self._stopped = True
        for run in self._there():
            run.stop.request()
        for run in self._there():
            run.wait()
        self._pool.shutdown()

    def _there(self) -> list[Run]:
        with self._guard:
            return list(self._runs.values())


def _nobody(_run: Run, _seconds: float) -> None:
    """Until somebody wants to know."""
