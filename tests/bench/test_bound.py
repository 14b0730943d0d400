"""The least time for a graph: the longer of its critical path and its work over the threads."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.bound import bound, fsync_seconds, step_cost
from bench.graphs import build


@pytest.mark.parametrize(
    ("shape", "count", "seconds"),
    [
        ("chain", 20, 20.0),  # one after the other
        ("independent", 20, 2.0),  # ten at a time
        ("triples", 30, 3.0),  # both
        ("triples", 60, 6.0),  # work decides
        ("triples", 3, 3.0),  # the path decides
    ],
)
def test_with_steps_of_a_second_and_ten_threads(shape: str, count: int, seconds: float) -> None:
    assert bound(build(shape, count), lambda _: 1.0, 10) == pytest.approx(seconds)


def test_a_step_costs_its_calls_and_one_fsync() -> None:
    cost = step_cost({"connector": 1, "model": 2, "deployment": 3}, 0.05, 0.001)
    assert [cost(it) for it in build("triples", 3).vertices] == pytest.approx([0.051, 0.101, 0.151])


def test_an_fsync_takes_some_time(tmp_path: Path) -> None:
    assert 0 < fsync_seconds(tmp_path, times=3) < 10
