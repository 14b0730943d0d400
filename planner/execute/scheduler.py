"""A dynamic ready queue over a few threads, longest remaining path first.

It runs tasks that need other tasks. A failure skips what depends on it and lets the rest
finish. This module must not know nodes, providers or journals.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from typing import TypeAlias

from flowplan.dataclass import dataclass, field
from flowplan.planner.execute.stop import Stop

__all__ = ["HeldBack", "Key", "Outcome", "Task", "run"]

Key: TypeAlias = tuple[str, str]
"""What part of the work, and of what: opaque here."""
PAUSE = 0.2
"""Seconds between two passes over what was held back."""


class HeldBack(Exception):
    """Raised by a task that something else holds back: tried again while progress is made."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work. `weight` is its expected length in seconds.

    It starts when what it `needs` is done, and when what it comes `after` is over, whether
    that was done, failed or skipped.
    """

    key: Key
    run: Callable[[], None]
    needs: Sequence[Key] = ()
    after: Sequence[Key] = ()
    weight: float = 1.0


@dataclass(slots=True)
class Outcome:
    """What became of the tasks. `skipped` says for each which failed or unstarted task it needs."""

    done: list[Key] = field(default_factory=list)
    failed: dict[Key, Exception] = field(default_factory=dict)
    skipped: dict[Key, Key] = field(default_factory=dict)
    unstarted: list[Key] = field(default_factory=list)
    abandoned: list[Key] = field(default_factory=list)


def run(
    tasks: Sequence[Task],
    *,
    parallelism: int,
    stop: Stop,
    on_fail: Callable[[Key, Exception], None] = lambda _key, _error: None,
    on_skip: Callable[[Key, Key], None] = lambda _key, _cause: None,
) -> Outcome:
    """Run every task after those it needs; returns when all are done, failed or skipped.

    The order in which ready tasks start is total: longest remaining path, then the order of
    `tasks`. Needs that are not among the tasks count as done.
    """
    return _Scheduler(tasks, parallelism, stop, on_fail, on_skip).run()


class _Scheduler:
    def __init__(
        self,
        tasks: Sequence[Task],
        parallelism: int,
        stop: Stop,
        on_fail: Callable[[Key, Exception], None],
        on_skip: Callable[[Key, Key], None],
    ) -> None:
        self.tasks = {task.key: task for task in tasks}
        self.order = {task.key: index for index, task in enumerate(tasks)}
        self.parallelism = parallelism
        self.stop = stop
        self.on_fail = on_fail
        self.on_skip = on_skip
        self.outcome = Outcome()
        self.dependants: dict[Key, list[Key]] = {key: [] for key in self.tasks}
        self.followers: dict[Key, list[Key]] = {key: [] for key in self.tasks}
        self.waiting: dict[Key, int] = {}
        for task in tasks:
            needs = {key for key in task.needs if key in self.tasks}
            after = {key for key in task.after if key in self.tasks} - needs
            self.waiting[task.key] = len(needs) + len(after)
            for key in needs:
                self.dependants[key].append(task.key)
            for key in after:
                self.followers[key].append(task.key)
        both = {key: [*self.dependants[key], *self.followers[key]] for key in self.tasks}
        self.rank = _ranks(self.tasks, both, self.waiting)
        self.ready: list[tuple[float, int, Key]] = []
        self.held: dict[Key, Exception] = {}
        self.progress = 0
        self.running: set[Key] = set()
        self.work: SimpleQueue[Task | None] = SimpleQueue()
        self.results: SimpleQueue[tuple[Key, BaseException | None] | None] = SimpleQueue()
        self.threads = 0

    def run(self) -> Outcome:
        self.stop.on_request(lambda: self.results.put(None))
        for key, count in self.waiting.items():
            if count == 0:
                self._push(key)
        while True:
            self._start()
            if self.running:
                if self._wait():
                    continue
                break
            if not self._retry():
                break
        for _ in range(self.threads):
            self.work.put(None)
        self._finish()
        return self.outcome

    def _push(self, key: Key) -> None:
        heapq.heappush(self.ready, (-self.rank[key], self.order[key], key))

    def _start(self) -> None:
        while self.ready and len(self.running) < self.parallelism and not self.stop.requested:
            key = heapq.heappop(self.ready)[2]
            self.running.add(key)
            if len(self.running) > self.threads:
                self.threads += 1
                # Daemons: a second Ctrl-C must not wait for requests in flight at exit.
                threading.Thread(target=self._work, daemon=True).start()
            self.work.put(self.tasks[key])

    def _work(self) -> None:
        while (task := self.work.get()) is not None:
            error: BaseException | None = None
            try:
                task.run()
            except BaseException as caught:  # noqa: BLE001 - a lost result would be waited for
                error = caught
            self.results.put((task.key, error))

    def _wait(self) -> bool:
        """Take one result; False when the run is to end now."""
        result = self.results.get()
        if self.stop.now:
            return False
        if result is None:
            return True
        key, error = result
        self.running.discard(key)
        if error is None:
            self._succeed(key)
        elif isinstance(error, HeldBack):
            self.held[key] = error.cause
        elif isinstance(error, Exception):
            self._fail(key, error)
        else:
            raise error
        return True

    def _succeed(self, key: Key) -> None:
        self.outcome.done.append(key)
        self.held.pop(key, None)
        self.progress += 1
        self._release([*self.dependants[key], *self.followers[key]])

    def _release(self, keys: Sequence[Key]) -> None:
        for key in keys:
            self.waiting[key] -= 1
            if self.waiting[key] == 0 and key not in self.outcome.skipped:
                self._push(key)

    def _fail(self, key: Key, error: Exception) -> None:
        self.outcome.failed[key] = error
        self.held.pop(key, None)
        self.on_fail(key, error)
        over = [key]
        queue = [(other, key) for other in self.dependants[key]]
        while queue:
            other, cause = queue.pop()
            if other in self.outcome.skipped:
                continue
            self.outcome.skipped[other] = cause
            self.on_skip(other, cause)
            over.append(other)
            queue += [(next_one, other) for next_one in self.dependants[other]]
        for ended in over:
            self._release(self.followers[ended])

    def _retry(self) -> bool:
        """Another pass over what was held back, if anything moved since the last one."""
        if not self.held or self.stop.requested:
            return False
        if self.progress == 0:
            for key, cause in list(self.held.items()):
                self._fail(key, cause)
            # What only came after them may go now.
            return bool(self.ready)
        self.progress = 0
        time.sleep(PAUSE)
        for key in self.held:
            self._push(key)
        return True

    def _finish(self) -> None:
        for key, cause in list(self.held.items()):
            self._fail(key, cause)
        over = {*self.outcome.done, *self.outcome.failed, *self.outcome.skipped, *self.running}
        self.outcome.abandoned = sorted(self.running, key=self.order.__getitem__)
        self.outcome.unstarted = [key for key in self.tasks if key not in over]


def _ranks(
    tasks: Mapping[Key, Task], dependants: Mapping[Key, Sequence[Key]], waiting: Mapping[Key, int]
) -> dict[Key, float]:
    """The length of the longest path from each task to an end."""
    left = dict(waiting)
    order = [key for key, count in left.items() if count == 0]
    for key in order:
        for other in dependants[key]:
            left[other] -= 1
            if left[other] == 0:
                order.append(other)
    if len(order) != len(tasks):
        raise ValueError("the tasks need one another in a circle")
    rank: dict[Key, float] = {}
    for key in reversed(order):
        rank[key] = tasks[key].weight + max((rank[other] for other in dependants[key]), default=0)
    return rank
