"""Runs that are killed while eight other clients make what looks like ours.

Ours is right afterwards, and nothing of theirs was taken or deleted. Only an equal resource made in
the same seconds can't be told from ours: then it is said, and not guessed.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from flowplan.state.model import State
from tests.faults.crowd import CLIENTS, crowded, equal_ones, lookalikes
from tests.faults.mix import small_mix, step
from tests.faults.proxy import Accident, proxied
from tests.faults.served import serving
from tests.faults.trial import Case, Place, prepared, state_of, tally
from tests.faults.warm import Warm, warm
from tests.faults.witness import Ask, asking, difference, ids, view
from tests.lab import CHAT, KEY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

ALL = bool(os.environ.get("FLOWPLAN_ALL_POINTS"))
AT_ONCE = 4
SECRETS = {"openai_key": KEY}
OLDER = 1.2
"""Seconds after which an equal resource is known to be older than our wish for one."""


@pytest.fixture(scope="module")
def commands() -> Iterator[Warm]:
    with warm() as server:
        yield server


def ours(state: State) -> set[str]:
    """The ids that the state has, with what came beside its resources."""
    records = state.resources.values()
    found = {record.resource_id for record in records if record.resource_id}
    return found | {item.resource_id for record in records for item in record.owned}


@dataclass(frozen=True, slots=True)
class Crowded:
    """A case on a cluster with others on it."""

    case: Case
    tmp_path: Path

    def killed_at(self, point: int) -> tuple[bool, int, str]:
        """Whether it was killed there, how much others made meanwhile, and what was wrong."""
        place = self.case.at(self.tmp_path / f"point-{point}")
        database = place.directory / ".flowplan" / "sandbox.db"
        with serving(database) as url, asking(url) as ask:
            place = replace(place, endpoint=url)
            equal = equal_ones(self.case.template, SECRETS, ("create_connector",))
            theirs = {make(ask) for make in equal}
            wishes, stand_on = lookalikes(self.case.template, SECRETS, ask)
            theirs |= stand_on
            time.sleep(OLDER)
            with crowded(url, wishes) as crowd:
                first = place.run(self.case.verb, limit=point)
                again = place.run(self.case.verb)
            theirs |= crowd.ids
            wrong = again.text if again.code else self._wrong(place, theirs)
        if not wrong:
            shutil.rmtree(place.directory)
        return first.killed, len(crowd.ids), wrong

    def _wrong(self, place: Place, theirs: set[str]) -> str:
        with asking(place.endpoint) as ask:
            there = ids(ask)
            if not theirs <= there:
                return f"deleted of theirs: {theirs - there}"
            mine = ours(state_of(place.directory))
            if mine & theirs:
                return f"taken of theirs: {mine & theirs}"
            left = difference(self.case.wanted, view(ask, skip=theirs))
            if left or there - theirs != mine:
                return f"{left}; nobody's: {there - theirs - mine}"
            planned = place.run("plan", "--detailed-exitcode")
            if planned.code:
                return planned.text
            destroyed = place.run("destroy")
            return destroyed.text if destroyed.code or ids(ask) != theirs else ""


@pytest.mark.parametrize(("name", "stride"), [("seeds", 17), ("mix", 61)])
def test_what_others_make_meanwhile_is_never_taken_for_ours(
    name: str, stride: int, commands: Warm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = small_mix() if name == "mix" else CHAT
    start = prepared(commands, tmp_path / "start")
    case = Case(name, start, "apply", template).undisturbed(tmp_path / "undisturbed")
    points = range(1, over_http(case, tmp_path) + 1, 1 if ALL else stride)
    crowd = Crowded(case, tmp_path)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(crowd.killed_at, points))
    wrong = [(point, text) for point, (_, _, text) in zip(points, found, strict=True) if text]
    with capsys.disabled():
        print(
            f"\napply of the {name} among {CLIENTS} clients that made {sum(f[1] for f in found)} "
            f"look-alikes: killed at {sum(f[0] for f in found)} of {points[-1]} points, "
            f"{tally(text for _, _, text in found)}"
        )
    assert not wrong, "\n".join(f"killed at point {point}: {text}" for point, text in wrong[:5])


def over_http(case: Case, tmp_path: Path) -> int:
    """How many boundaries the case has with its cluster in another process."""
    place = case.at(tmp_path / "counting")
    with serving(place.directory / ".flowplan" / "sandbox.db") as url:
        return replace(place, endpoint=url).run(case.verb, limit=0).boundaries


def one(node: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "one",
        "workflows": {"provision": {"nodes": [node]}},
        "flowplan": {"params": {"openai_key": {"type": "string", "sensitive": True}}},
    }


EQUAL = {
    "create_connector": one(CHAT["workflows"]["provision"]["nodes"][0]),
    "register_agent": one(
        step("agent", "register_agent", name="One", type="flow", description="x")
    ),
}


@pytest.mark.parametrize("way", ["import", "delete"])
@pytest.mark.parametrize("kind", EQUAL)
def test_an_equal_one_made_in_the_same_seconds_is_told_and_not_guessed(
    kind: str, way: str, commands: Warm, tmp_path: Path
) -> None:
    place = prepared(commands, tmp_path / "place")
    place.write(EQUAL[kind])
    with serving(tmp_path / "cluster.db") as url, asking(url) as ask:
        direct = replace(place, endpoint=url)
        mine, theirs = cut_off_in_a_crowd(direct, kind, ask)
        refused = direct.run("apply", "--format", "json")
        assert refused.code == 1, refused.text
        (diagnostic,) = json.loads(refused.text)["diagnostics"]
        assert diagnostic["code"] == "FP421"
        assert mine in diagnostic["detail"]
        assert ids(ask) == theirs | {mine}
        left = decided(way, direct, diagnostic["hint"], ask, theirs)
        assert direct.run("apply").code == 0
        (kept,) = ours(state_of(place.directory))
        assert ids(ask) == left | {kept}
        assert direct.run("plan", "--detailed-exitcode").code == 0
        assert direct.run("destroy").code == 0
        assert ids(ask) == left - {kept}


def cut_off_in_a_crowd(place: Place, kind: str, ask: Ask) -> tuple[str, set[str]]:
    """Kill an apply as its create took effect, among clients that make equal ones; whose is whose."""

    def dies(method: str, path: str) -> Accident | None:
        return Accident("kill") if method == "POST" and "_search" not in path else None

    with proxied(place.endpoint) as proxy:
        proxy.script = dies

        def under_way(pid: int) -> None:
            proxy.victim = pid

        with crowded(place.endpoint, equal_ones(EQUAL[kind], SECRETS, (kind,))) as crowd:
            time.sleep(OLDER)
            assert replace(place, endpoint=proxy.url).run("apply", begun=under_way).killed
            time.sleep(0.3)
    (mine,) = ids(ask) - crowd.ids
    return mine, crowd.ids


def decided(way: str, place: Place, hint: str, ask: Ask, theirs: set[str]) -> set[str]:
    """Decide it as the message says; what is there that nobody manages then."""
    if way == "import":
        line = next(line for line in hint.splitlines() if "flowplan import" in line)
        _, verb, *words = shlex.split(line)
        command = [verb, "--endpoint", place.endpoint, *words]
        done = place.warm.run(command, place.directory, {"FLOWPLAN_PARAM_openai_key": KEY})
        assert done.code == 0, done.text
        return set(ids(ask)) - {words[-1]}
    assert "elete the ones that nobody needs" in hint
    for ident in theirs:
        for base in ("connectors", "agents"):
            ask("DELETE", f"/_plugins/_ml/{base}/{ident}", None)
    return set()
