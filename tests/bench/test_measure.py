"""Whole processes: how long, how much memory, and what happens when one fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.measure import Failed, Sample, alternate, run, spread


def python(code: str, directory: Path, codes: tuple[int, ...] = (0,)) -> Sample:
    return run([sys.executable, "-S", "-c", code], cwd=directory, env=os.environ, codes=codes)


def test_the_seconds_are_those_of_the_whole_process(tmp_path: Path) -> None:
    assert 0.2 <= python("import time; time.sleep(0.2)", tmp_path).seconds < 5


def test_the_peak_is_that_of_the_process_and_not_of_its_parent(tmp_path: Path) -> None:
    ballast = b"x" * (200 << 20)
    small = python("pass", tmp_path).peak
    large = python("x = b'x' * (100 << 20)", tmp_path).peak
    assert len(ballast) == 200 << 20
    assert small < 60
    assert 95 < large - small < 130


def test_what_it_prints_is_kept(tmp_path: Path) -> None:
    assert python("import sys; print('a'); print('b', file=sys.stderr)", tmp_path).printed in {
        "a\nb\n",
        "b\na\n",
    }


def test_another_exit_code_is_a_failure_that_tells_what_was_printed(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"ended with 3\nbroken"):
        python("import sys; print('broken'); sys.exit(3)", tmp_path)


def test_an_exit_code_that_is_expected_is_none(tmp_path: Path) -> None:
    python("import sys; sys.exit(2)", tmp_path, (0, 2))


def test_pairs_are_measured_in_turn() -> None:
    order: list[str] = []

    def once(name: str) -> Sample:
        order.append(name)
        return Sample(float(len(order)), 0)

    found = alternate({"a": lambda: once("a"), "b": lambda: once("b")}, 3)
    assert order == ["a", "b"] * 3
    assert [it.seconds for it in found["b"]] == [2.0, 4.0, 6.0]


def test_a_spread_has_the_median_and_the_ends() -> None:
    found = spread([3.0, 1.0, 2.0])
    assert (found.least, found.median, found.most, found.runs) == (1.0, 2.0, 3.0, 3)


def test_nothing_measured_has_no_spread() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])
