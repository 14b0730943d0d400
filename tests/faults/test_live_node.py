"""Killed processes and failing requests between flowplan and a real node, for every main kind.

A failing run names its seed. `FLOWPLAN_ALL_POINTS=1` kills at every changing request.
"""

from __future__ import annotations

import os
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.faults.proxy import Accident, Proxy, proxied
from tests.faults.trial import Place, state_of
from tests.faults.warm import Warm, warm
from tests.lab import KEY, Lab
from tests.live.model_service import ChatHandler, served
from tests.live.workflows import GONE, counts, nine_steps, remove, settle, witnesses

pytestmark = pytest.mark.live

ALL = bool(os.environ.get("FLOWPLAN_ALL_POINTS"))
CHANGING = 24
"""More changing requests than an apply or destroy of the nine steps has."""
READING = re.compile(r"/_search$|/_search\?|/_tasks|/_mget")
MAKES = {
    "agents": 1, "connectors": 1, "models": 1, "model_groups": 1,
    "_ingest/pipeline": 1, "_search/pipeline": 1, "indices": 1,
}  # fmt: skip
KILLS = {
    "before the node has it": Accident("kill", effect=False),
    "after the node has done it": Accident("kill"),
    "and the node does it later": Accident("kill", late=0.3),
}
MOST_RUNS = 40


@dataclass(frozen=True, slots=True)
class Nine:
    """The nine steps with names of their own, on a node behind a proxy."""

    lab: Lab
    place: Place
    proxy: Proxy

    def run(self, verb: str) -> int:
        """Run through the proxy; the exit code."""

        def under_way(pid: int) -> None:
            self.proxy.victim = pid

        ended = replace(self.place, endpoint=self.proxy.url).run(verb, begun=under_way)
        self.proxy.victim = 0
        assert ended.code in (0, 1, 3, -9), ended.text
        return ended.code

    def finish(self, verb: str) -> None:
        """Run with nothing going wrong, and look."""
        self.proxy.script, self.proxy.rate = (lambda _method, _path: None), 0.0
        ended = self.place.run(verb)
        assert ended.code == 0, ended.text
        if verb == "destroy":
            assert witnesses(self.lab) == GONE
            assert not state_of(self.place.directory).resources
        else:
            assert counts(self.lab) == MAKES
            planned = self.place.run("plan", "--detailed-exitcode")
            assert planned.code == 0, planned.text

    def kill_at(self, number: int, accident: Accident) -> None:
        """Let that changing request be the end of its client."""
        left = iter(range(number - 1, -1, -1))

        def script(method: str, path: str) -> Accident | None:
            if method == "GET" or READING.search(path):
                return None
            return accident if next(left, None) == 0 else None

        self.proxy.script = script


@pytest.fixture(scope="module")
def commands() -> Iterator[Warm]:
    with warm() as server:
        yield server


@pytest.fixture(scope="module")
def chat() -> Iterator[str]:
    with served(ChatHandler) as place:
        yield place


@pytest.fixture
def nine(node: str, chat: str, commands: Warm, tmp_path: Path) -> Iterator[Nine]:
    lab = settle(Lab(tmp_path, endpoint=node, tag=uuid.uuid4().hex[:8]), nine_steps(), chat)
    place = Place(commands, tmp_path, {"openai_key": KEY}, node)
    place.write(lab.template)
    with proxied(node) as proxy:
        try:
            yield Nine(lab, place, proxy)
        finally:
            remove(lab)


@pytest.mark.parametrize("moment", KILLS)
def test_one_more_run_mends_a_kill_at_a_changing_request(
    nine: Nine, moment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = Counter[str]()
    for number in range(1, CHANGING, 1 if ALL else 3):
        for verb in ("apply", "destroy"):
            nine.kill_at(number, KILLS[moment])
            killed[verb] += nine.run(verb) == -9
            nine.finish(verb)
    with capsys.disabled():
        print(f"\non a node, {moment}: killed at {dict(killed)} points, 0 orphans, 0 duplicates")
    assert min(killed.values()) > 1


@pytest.mark.parametrize("seed", range(8 if ALL else 2))
def test_runs_converge_on_a_node_whatever_goes_wrong(nine: Nine, seed: int) -> None:
    for verb in ("apply", "destroy"):
        nine.proxy.seed, nine.proxy.rate = seed, 0.3
        runs = next((n for n in range(1, MOST_RUNS + 1) if nine.run(verb) == 0), None)
        assert runs is not None, f"seed {seed}: {verb} never came to its end"
        nine.finish(verb)
