"""SIGKILL at every boundary of durable work: one more run of the same command mends everything.

The boundaries are counted, not timed. By default some of them are tried; `FLOWPLAN_ALL_POINTS=1`
tries them all (`make test-faults`).
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.lifecycle_mix import (
    deploy_by_hand,
    furnish_lifecycle,
    lifecycle_mix,
    lived_on,
)
from tests.faults.mix import changed_in_place, furnish, mix, replaced
from tests.faults.trial import ENDPOINT, Case, Place, prepared, tally
from tests.faults.warm import Warm, warm
from tests.faults.witness import asking
from tests.lab import CHAT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

ALL = bool(os.environ.get("FLOWPLAN_ALL_POINTS"))
AT_ONCE = 12
"""Most of a point's time is waiting until absence can be believed."""
TWICE_EVERY = 3
"""At which points the run that mends is killed, too, somewhere in its first half."""
EMPTIED_EVERY = 5
"""At which points what was mended is destroyed, too."""


def other_model(template: dict[str, Any]) -> dict[str, Any]:
    """The seeds' template with another model, for which its connector is replaced."""
    nodes = template["workflows"]["provision"]["nodes"]
    first = nodes[0]["user_inputs"]
    after = {**first, "parameters": {**first["parameters"], "model": "gpt-4o"}}
    return {
        **template,
        "workflows": {"provision": {"nodes": [{**nodes[0], "user_inputs": after}, *nodes[1:]]}},
    }


CHANGED = {
    ("seeds", "replace"): other_model,
    ("mix", "update"): changed_in_place,
    ("mix", "replace"): replaced,
    ("lifecycle", "change"): lived_on,
}


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one point: killed there or not, and what was wrong afterwards."""

    point: int
    killed: bool
    wrong: str


@pytest.fixture(scope="module")
def commands() -> Iterator[Warm]:
    with warm() as server:
        yield server


def case_of(commands: Warm, tmp_path: Path, name: str, verb: str) -> Case:
    """The command, with the place where it begins made ready."""
    template = {"mix": mix, "lifecycle": lifecycle_mix}.get(name, lambda: CHAT)()
    furnished = {"mix": furnish, "lifecycle": furnish_lifecycle}.get(name)
    start = prepared(commands, tmp_path / "start", furnished)
    if verb != "apply":
        applied = Case("apply", start, "apply", template).undisturbed(tmp_path / "applied").end
        assert applied is not None
        start = applied
        if name == "lifecycle":
            with asking(ENDPOINT, start.directory) as ask:
                deploy_by_hand(ask)
    after = CHANGED[name, verb](template) if (name, verb) in CHANGED else template
    command = "destroy" if verb == "destroy" else "apply"
    return Case(verb, start, command, after).undisturbed(tmp_path / "undisturbed")


def cut_off(case: Case, point: int, tmp_path: Path) -> Found:
    """Kill the command at that point, and perhaps the next one, run it again, and look."""
    place = case.at(tmp_path / f"point-{point}")
    first = place.run(case.verb, limit=point)
    if first.killed and point % TWICE_EVERY == 0:
        second = random.Random(point).randint(1, case.total // 2)
        place.run(case.verb, limit=second)
    if not first.killed and first.code:
        return Found(point, killed=False, wrong=first.text)
    return Found(point, first.killed, mended(case, place, point))


def mended(case: Case, place: Place, point: int) -> str:
    again = place.run(case.verb)
    wrong = f"the second run fails: {again.text}" if again.code else case.wrong(place)
    if not wrong and point % EMPTIED_EVERY == 0:
        wrong = case.wrong_when_emptied(place)
    if not wrong:
        shutil.rmtree(place.directory)
    return wrong


@pytest.mark.parametrize(
    ("name", "verb", "stride"),
    [
        ("seeds", "apply", 11),
        ("seeds", "replace", 11),
        ("seeds", "destroy", 11),
        ("mix", "apply", 37),
        ("mix", "update", 31),
        ("mix", "replace", 31),
        ("mix", "destroy", 31),
        ("lifecycle", "apply", 37),
        ("lifecycle", "change", 17),
        ("lifecycle", "destroy", 37),
    ],
)
def test_one_more_run_mends_a_kill_at_any_point(
    name: str,
    verb: str,
    stride: int,
    commands: Warm,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = case_of(commands, tmp_path, name, verb)
    points = range(1, case.total + 1, 1 if ALL else stride)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda point: cut_off(case, point, tmp_path), points))
    wrong = [item for item in found if item.wrong]
    killed = sum(item.killed for item in found)
    with capsys.disabled():
        print(
            f"\n{verb} of the {name}: killed at {killed} of {case.total} points, "
            f"{tally(item.wrong for item in found)}"
        )
    assert not wrong, "\n".join(f"killed at point {item.point}: {item.wrong}" for item in wrong[:5])
    # Several threads pass their boundaries in another order each time, and the last may be missed.
    assert killed > 0.9 * len(points)
