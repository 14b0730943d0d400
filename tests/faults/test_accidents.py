"""A third of all requests goes wrong, in every way there is: runs end where they should all the same.

A failing run names its seed; `FLOWPLAN_SEED=17` runs that one alone. Even seeds have one request at
a time and are replayed exactly. `FLOWPLAN_ALL_POINTS=1` tries two hundred seeds.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.faults.mix import small_mix
from tests.faults.proxy import Proxy, proxied
from tests.faults.served import serving
from tests.faults.trial import Case, Place, prepared
from tests.faults.warm import Warm, warm
from tests.lab import CHAT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

RATE = 0.3
MOST_RUNS = 40
AT_ONCE = 6
ONE = os.environ.get("FLOWPLAN_SEED")
SEEDS = [int(ONE)] if ONE else range(100 if os.environ.get("FLOWPLAN_ALL_POINTS") else 6)
ENDS = {0, 1, 3, -9}
"""Done, refused, failed part-way, killed: nothing else may come of an accident on the way."""


@dataclass(frozen=True, slots=True)
class Story:
    """What became of a seed: how many runs each verb took, what happened, what was wrong."""

    seed: int
    applies: int
    destroys: int
    accidents: Counter[str]
    wrong: str


@pytest.fixture(scope="module")
def commands() -> Iterator[Warm]:
    with warm() as server:
        yield server


def until_done(place: Place, verb: str, proxy: Proxy) -> tuple[int, str]:
    """Run the verb until it succeeds; how often that was, and what was wrong."""
    words = ("--parallelism", "1") if proxy.seed % 2 == 0 else ()

    def under_way(pid: int) -> None:
        proxy.victim = pid

    for count in range(1, MOST_RUNS + 1):
        ended = place.run(verb, *words, begun=under_way)
        proxy.victim = 0
        if ended.code == 0:
            return count, ""
        if ended.code not in ENDS:
            return count, f"{verb} ended with {ended.code}: {ended.text}"
    return MOST_RUNS, f"{verb} never came to its end: {ended.text}"


def lived(case: Case, seed: int, tmp_path: Path) -> Story:
    """Apply and destroy on a cluster of its own with accidents on the way."""
    place = case.at(tmp_path / f"seed-{seed}")
    database = place.directory / ".flowplan" / "sandbox.db"
    with serving(database) as url, proxied(url, seed=seed, rate=RATE) as proxy:
        through, direct = replace(place, endpoint=proxy.url), replace(place, endpoint=url)
        applies, wrong = until_done(through, "apply", proxy)
        wrong = wrong or case.wrong(direct)
        destroys = 0
        if not wrong:
            destroys, wrong = until_done(through, "destroy", proxy)
        wrong = wrong or case.wrong_when_emptied(direct)
        happened = Counter[str]()
        for item, count in proxy.told.items():
            happened[item.kind] += count
    if not wrong:
        shutil.rmtree(place.directory)
    return Story(seed, applies, destroys, happened, wrong)


@pytest.mark.parametrize("name", ["seeds", "mix"])
def test_runs_converge_whatever_goes_wrong(
    name: str, commands: Warm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = small_mix() if name == "mix" else CHAT
    start = prepared(commands, tmp_path / "start")
    case = Case(name, start, "apply", template).undisturbed(tmp_path / "undisturbed")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        stories = list(pool.map(lambda seed: lived(case, seed, tmp_path), SEEDS))
    wrong = [story for story in stories if story.wrong]
    accidents = sum((story.accidents for story in stories), Counter())
    applies = Counter(story.applies for story in stories)
    with capsys.disabled():
        print(
            f"\n{name} with {RATE:.0%} of requests failing: {len(stories) - len(wrong)} of "
            f"{len(stories)} seeds converge; applies needed {dict(sorted(applies.items()))}; "
            f"{accidents.total()} accidents {dict(accidents)}"
        )
    told = "\n".join(f"FLOWPLAN_SEED={story.seed}: {story.wrong}" for story in wrong[:5])
    assert not wrong, told
