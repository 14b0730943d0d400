"""When a failed step is tried again in the same run."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from flowplan.errors import Diagnostic, FlowplanError, ProviderError, Refused, StateError
from flowplan.planner.execute import retry
from flowplan.planner.plan import NodeChange

CHANGE = NodeChange("n", "t", "create", "new")


def refused(status: int) -> Refused:
    return Refused(Diagnostic("error", "FP313", "no"), status=status, reason="no")


def run_of(*nodes: str) -> Any:
    """A run with requests of these nodes that nobody knows the end of."""
    undecided = {node: SimpleNamespace(node=node) for node in nodes}
    return SimpleNamespace(undecided=undecided, tell=lambda _: None)


def tries(
    error: FlowplanError, run: Any, retries: int = 3, stopping: Callable[[], bool] = lambda: False
) -> int:
    """How often a step is begun that always fails like this."""
    begun = []

    def act() -> None:
        begun.append(1)
        raise error

    with pytest.raises(type(error)):
        retry.retrying(run, CHANGE, retries, stopping, act)
    return len(begun)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.0)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ProviderError.of("FP330", "time is up"), 4),
        (refused(503), 4),
        (refused(409), 4),
        (refused(429), 4),
        (refused(400), 1),
        (refused(403), 1),
        (refused(404), 1),
        (StateError.of("FP421", "not decided"), 1),
    ],
)
def test_what_may_pass_is_tried_again(error: FlowplanError, expected: int) -> None:
    assert tries(error, run_of()) == expected


def test_a_step_whose_request_may_have_taken_effect_is_not_made_twice() -> None:
    assert tries(refused(503), run_of("n")) == 1
    assert tries(refused(503), run_of("other")) == 4


def test_without_retries_there_is_one_try() -> None:
    assert tries(refused(503), run_of(), 0) == 1


def test_once_the_run_is_to_stop_there_is_no_other_try() -> None:
    assert tries(refused(503), run_of(), stopping=lambda: True) == 1


def test_a_stop_ends_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE", 60.0)
    asked = iter([False, False, True])
    assert tries(refused(503), run_of(), stopping=lambda: next(asked)) == 1


def test_the_pauses_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE", 1.0)
    slept: list[float] = []

    def note(seconds: float, _: object) -> bool:
        slept.append(seconds)
        return True

    monkeypatch.setattr(retry, "_slept", note)
    tries(refused(503), run_of(), 7)
    assert slept == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
