"""The ready queue: order, parallelism, failures, what is held back, stopping."""

from __future__ import annotations

import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowplan.planner.execute.scheduler import HeldBack, Key, Task, run
from flowplan.planner.execute.stop import Stop


class Trace:
    """Remembers what ran, and how many at once."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.at_once = 0
        self.most = 0
        self.lock = threading.Lock()
        self.gate: threading.Barrier | None = None

    def task(
        self, name: str, *needs: str, weight: float = 1.0, fail: Exception | None = None
    ) -> Task:
        def work() -> None:
            with self.lock:
                self.order.append(name)
                self.at_once += 1
                self.most = max(self.most, self.at_once)
            if self.gate is not None:
                self.gate.wait(10)
            with self.lock:
                self.at_once -= 1
            if fail is not None:
                raise fail

        return Task(("t", name), work, [("t", need) for need in needs], weight=weight)


def test_a_task_runs_after_those_it_needs() -> None:
    trace = Trace()
    tasks = [trace.task("c", "b"), trace.task("b", "a"), trace.task("a")]
    outcome = run(tasks, parallelism=4, stop=Stop())
    assert trace.order == ["a", "b", "c"]
    assert len(outcome.done) == 3


def test_independent_tasks_run_side_by_side_up_to_the_limit() -> None:
    trace = Trace()
    trace.gate = threading.Barrier(3)
    run([trace.task(str(n)) for n in range(9)], parallelism=3, stop=Stop())
    assert trace.most == 3


def test_the_longest_remaining_path_goes_first() -> None:
    trace = Trace()
    tasks = [trace.task("short"), trace.task("start"), trace.task("end", "start", weight=5)]
    run(tasks, parallelism=1, stop=Stop())
    assert trace.order == ["start", "end", "short"]


def test_equal_tasks_start_in_the_order_given() -> None:
    trace = Trace()
    run([trace.task(name) for name in "dacb"], parallelism=1, stop=Stop())
    assert trace.order == list("dacb")


def test_a_failure_skips_what_needs_it_and_lets_the_rest_finish() -> None:
    trace = Trace()
    skipped: list[tuple[Key, Key]] = []
    tasks = [
        trace.task("bad", fail=RuntimeError("no")),
        trace.task("child", "bad"),
        trace.task("grandchild", "child"),
        trace.task("other"),
    ]
    outcome = run(tasks, parallelism=2, stop=Stop(), on_skip=lambda k, c: skipped.append((k, c)))
    assert outcome.done == [("t", "other")]
    assert list(outcome.failed) == [("t", "bad")]
    assert skipped == [
        (("t", "child"), ("t", "bad")),
        (("t", "grandchild"), ("t", "child")),
    ]


def test_what_is_held_back_is_tried_again_while_others_get_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flowplan.planner.execute.scheduler.PAUSE", 0)
    free: list[str] = []
    tries: list[str] = []

    def held() -> None:
        tries.append("held")
        if not free:
            raise HeldBack(RuntimeError("in use"))

    tasks = [Task(("t", "held"), held), Task(("t", "other"), lambda: free.append("now"))]
    outcome = run(tasks, parallelism=1, stop=Stop())
    assert tries == ["held", "held"]
    assert outcome.failed == {}


def test_what_stays_held_back_without_progress_fails_with_its_cause() -> None:
    cause = RuntimeError("in use")

    def held() -> None:
        raise HeldBack(cause)

    failures: list[tuple[Key, Exception]] = []
    outcome = run(
        [Task(("t", "held"), held)],
        parallelism=1,
        stop=Stop(),
        on_fail=lambda key, error: failures.append((key, error)),
    )
    assert outcome.failed == {("t", "held"): cause}
    assert failures == [(("t", "held"), cause)]


def test_after_one_wish_to_stop_nothing_new_starts() -> None:
    stop = Stop()
    trace = Trace()
    tasks = [Task(("t", "first"), stop.request), trace.task("second", "first")]
    outcome = run(tasks, parallelism=2, stop=stop)
    assert outcome.done == [("t", "first")]
    assert outcome.unstarted == [("t", "second")]
    assert trace.order == []


def test_after_two_wishes_nobody_is_waited_for() -> None:
    stop = Stop()
    release = threading.Event()

    def slow() -> None:
        stop.request()
        stop.request()
        release.wait(10)

    outcome = run([Task(("t", "slow"), slow)], parallelism=1, stop=stop)
    release.set()
    assert outcome.abandoned == [("t", "slow")]


def test_a_circle_is_refused() -> None:
    trace = Trace()
    with pytest.raises(ValueError, match="circle"):
        run([trace.task("a", "b"), trace.task("b", "a")], parallelism=1, stop=Stop())


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 6), st.integers(0, 10_000))
def test_any_graph_runs_each_task_once_and_in_order(size: int, parallelism: int, seed: int) -> None:
    chance = random.Random(seed)
    trace = Trace()
    needs = {str(n): [str(m) for m in range(n) if chance.random() < 0.2] for n in range(size)}
    tasks = [trace.task(name, *needs[name], weight=chance.random()) for name in needs]
    chance.shuffle(tasks)
    run(tasks, parallelism=parallelism, stop=Stop())
    assert sorted(trace.order, key=int) == list(needs)
    place = {name: index for index, name in enumerate(trace.order)}
    assert all(place[need] < place[name] for name in needs for need in needs[name])


def test_ten_thousand_tasks_in_a_chain_are_no_deeper_than_one() -> None:
    trace = Trace()
    tasks = [trace.task("0")] + [trace.task(str(n), str(n - 1)) for n in range(1, 10_000)]
    assert len(run(tasks, parallelism=4, stop=Stop()).done) == 10_000


def test_what_comes_after_a_task_waits_for_it_and_not_for_its_success() -> None:
    trace = Trace()
    follower = trace.task("follower")
    tasks = [
        Task(follower.key, follower.run, after=[("t", "bad"), ("t", "child")]),
        trace.task("bad", fail=RuntimeError("no")),
        trace.task("child", "bad"),
    ]
    outcome = run(tasks, parallelism=2, stop=Stop())
    assert trace.order == ["bad", "follower"]
    assert outcome.done == [("t", "follower")]


def test_what_comes_after_something_held_back_goes_once_that_has_failed() -> None:
    trace = Trace()

    def held() -> None:
        raise HeldBack(RuntimeError("in use"))

    follower = trace.task("follower")
    outcome = run(
        [Task(("t", "held"), held), Task(follower.key, follower.run, after=[("t", "held")])],
        parallelism=2,
        stop=Stop(),
    )
    assert outcome.done == [("t", "follower")]
    assert list(outcome.failed) == [("t", "held")]
