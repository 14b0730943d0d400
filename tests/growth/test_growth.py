"""Twice the nodes take twice the steps, not four times: counted, so that no clock decides.

What is compared is the growth from N to 2 N with that from 2 N to 4 N: what a command does once,
whatever the template's size, falls out. Linear work doubles, quadratic work becomes four times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.graphs import build
from bench.template import Steps, document, write
from tests.growth.counting import VERBS

ROOT = Path(__file__).resolve().parents[2]
NODES = 60
MOST = 2.2
STEEP, WORTH_A_LOOK = 3.0, 2000
"""How much one function may grow, and from how many more lines on that is looked at."""
BY_THE_CLOCK = (
    "FileLog._sync", "FileLog.commit", "Batches._turn", "Batches._gather",
    "Condition.wait", "Condition.wait_for", "Condition.notify",
)  # fmt: skip
"""How many share a commit or a batch depends on how long one takes: from one each to all in one."""
SUFFIX = {"independent": ".yaml", "triples": ".json", "chain": ".yaml", "dag": ".json"}


def lines(directory: Path, shape: str, steps: Steps, count: int) -> dict[str, Counter[str]]:
    place = directory / f"{shape}-{steps}-{count}"
    place.mkdir()
    name = f"template{SUFFIX[shape]}"
    write(place / name, document(build(shape, count), steps))
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.growth.counting", str(place), name],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {verb: Counter(counted) for verb, counted in json.loads(done.stdout).items()}


@pytest.mark.parametrize(
    ("shape", "steps"),
    [
        ("independent", "noop"),
        ("triples", "noop"),
        ("chain", "noop"),
        ("dag", "noop"),
        ("triples", "real"),
    ],
)
def test_twice_the_nodes_take_twice_the_lines(tmp_path: Path, shape: str, steps: Steps) -> None:
    counted = [lines(tmp_path, shape, steps, NODES * k) for k in (1, 2, 4)]
    too_much = {
        verb: found for verb in VERBS if (found := [*steep(*(size[verb] for size in counted))])
    }
    assert not too_much


def steep(
    small: Counter[str], middle: Counter[str], large: Counter[str]
) -> Iterator[tuple[str, int, int, int]]:
    """What grew too much: the whole, and any function, with its lines at each size.

    A function that is still too small to show in the whole would be all that counts at 10,000.
    """
    whole = (small.total(), middle.total(), large.total())
    if growth(*whole) > MOST:
        yield ("all", *whole)
    for name, count in large.most_common():
        counts = (small[name], middle[name], count)
        if name.endswith(BY_THE_CLOCK):
            continue
        if count - middle[name] > WORTH_A_LOOK and growth(*counts) > STEEP:
            yield (name, *counts)


def growth(small: int, middle: int, large: int) -> float:
    """Two for linear work, four for quadratic."""
    return (large - middle) / max(1, middle - small)


def test_quadratic_work_is_found_where_it_is_and_linear_work_is_not() -> None:
    def at(count: int) -> Counter[str]:
        return Counter({"linear": 90 * count, "quadratic": count * count // 20, "once": 5000})

    assert [it[0] for it in steep(at(60), at(120), at(240))] == ["quadratic"]


def test_linear_work_that_is_done_for_every_node_too_often_shows_in_the_whole() -> None:
    sizes = (Counter(a=100, b=100), Counter(a=200, b=230), Counter(a=400, b=560))
    assert [it[0] for it in steep(*sizes)] == ["all"]
