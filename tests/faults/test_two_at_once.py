"""Two applies of one workflow at once: one works, the other is told who does; no update is lost.

`FLOWPLAN_ALL_POINTS=1` tries a hundred rounds.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flowplan.state.backends import open_backend
from flowplan.state.model import State
from tests.faults.places import KINDS, keeping
from tests.faults.served import App, serving
from tests.faults.witness import asking
from tests.lab import CHAT, KEY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 100 if os.environ.get("FLOWPLAN_ALL_POINTS") else 8
A_NEW_STATE_EVERY = 4
PATIENCE = 60.0


@dataclass(slots=True)
class Gate:
    """Holds back what changes something until one of the two has ended: so they do overlap."""

    one_ended: threading.Event = field(default_factory=threading.Event)

    def around(self, app: App) -> App:
        def held(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            reads = environ["REQUEST_METHOD"] == "GET" or environ["PATH_INFO"].endswith("_search")
            if not reads:
                assert self.one_ended.wait(PATIENCE)
            return app(environ, start_response)

        return held


@dataclass(frozen=True, slots=True)
class Ended:
    """One of the two applies. `who` is what it wanted, `told` what it printed."""

    who: str
    pid: int
    code: int
    told: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One state and one cluster."""

    location: str
    directory: Path
    url: str
    gate: Gate

    def round(self, number: int) -> list[Ended]:
        """Two applies that begin at the same time and want different things."""
        self.gate.one_ended.clear()
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(self._apply, f"{name} {number}") for name in ("first", "second")]
            wait(both, PATIENCE, FIRST_COMPLETED)
            self.gate.one_ended.set()
            return [one.result() for one in both]

    def _apply(self, who: str) -> Ended:
        words = [
            "apply", str(self.directory / "template.json"), "--state", self.location,
            "--endpoint", self.url, "--auto-approve", "--format", "json",
        ]  # fmt: skip
        environ = {
            "FLOWPLAN_PARAM_openai_key": KEY, "FLOWPLAN_PARAM_who": who, "PYTHONPATH": str(ROOT)
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "flowplan", *words],
            env={**os.environ, **environ}, cwd=self.directory, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        told, _ = process.communicate(timeout=2 * PATIENCE)
        return Ended(who, process.pid, process.returncode, told)

    def state(self) -> State:
        found = open_backend(self.location).load().state
        assert found is not None
        return found

    def models(self) -> list[str]:
        with asking(self.url) as ask:
            query = {"query": {"match_all": {}}}
            hits = ask("POST", "/_plugins/_ml/models/_search", query)["hits"]["hits"]
        return [hit["_source"]["description"] for hit in hits]


def who_of(state: State) -> Any:
    return state.resources["model"].inputs["description"]


def assert_one_worked(stage: Stage, both: list[Ended]) -> Ended:
    """Exactly one did; the other says which one that was. The one that did."""
    by_code = {one.code: one for one in both}
    assert sorted(by_code) == [0, 4], [one.told for one in both]
    winner, loser = by_code[0], by_code[4]
    (diagnostic,) = json.loads(loser.told)["diagnostics"]
    assert diagnostic["code"] == "FP501"
    assert str(winner.pid) in diagnostic["detail"], diagnostic
    assert os.uname().nodename in diagnostic["detail"], diagnostic
    return winner


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_applies_at_once_one_works_and_no_update_is_lost(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = copy.deepcopy(CHAT)
    template["workflows"]["provision"]["nodes"][1]["user_inputs"]["description"] = "${{ who }}"
    done = 0
    with keeping(kind, tmp_path) as location:
        for begin in range(0, ROUNDS, A_NEW_STATE_EVERY):
            directory = tmp_path / str(begin)
            directory.mkdir()
            (directory / "template.json").write_text(json.dumps(template))
            gate, state = Gate(), location(f"two-{uuid.uuid4().hex[:12]}")
            with serving(directory / "cluster.db", around=gate.around) as url:
                done += rounds(Stage(state, directory, url, gate))
    with capsys.disabled():
        print(f"\ntwo applies at once on {kind}: {done} of {ROUNDS} rounds, no update lost")


def rounds(stage: Stage) -> int:
    for number in range(A_NEW_STATE_EVERY):
        winner = assert_one_worked(stage, stage.round(number))
        state = stage.state()
        assert (state.serial, who_of(state)) == (number + 1, winner.who)
        assert stage.models() == [winner.who]
    return A_NEW_STATE_EVERY
