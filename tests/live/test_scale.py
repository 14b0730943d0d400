"""Many workflows at once on a real node, and how long one takes from the command line.

Times are printed and decide nothing.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab import KEY, Lab
from tests.live.triples import multiply

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
TRIPLES, TIMES = 16, 5


def test_sixteen_triples_are_all_made_and_all_deleted_five_times(lab: Lab) -> None:
    multiply(lab, TRIPLES)
    for number in range(TIMES):
        begun = time.monotonic()
        summary = lab.apply()
        made = time.monotonic()
        assert (summary.state, summary.created) == ("COMPLETED", 3 * TRIPLES)
        assert lab.counts() == (TRIPLES, TRIPLES, TRIPLES)
        models = lab.on_cluster()["models"]
        assert {model["model_state"] for model in models} == {"DEPLOYED"}
        plan = lab.plan()
        assert (plan.empty, plan.drift) == (True, ())
        planned = time.monotonic()
        summary = lab.destroy()
        ended = time.monotonic()
        assert (summary.state, summary.deleted) == ("NOT_STARTED", 3 * TRIPLES)
        assert lab.counts() == (0, 0, 0)
        print(
            f"\n{number + 1}: {TRIPLES} triples: apply {made - begun:.1f} s, "
            f"destroy {ended - planned:.1f} s",
            end="",
        )
    print()


def run(lab: Lab, verb: str) -> float:
    """The command line as a process; gives the seconds of its whole life."""
    begun = time.monotonic()
    done = subprocess.run(
        [
            sys.executable, "-m", "flowplan", verb, "template.json", "--state", "t.state.json",
            "--endpoint", str(lab.endpoint), "--auto-approve", "-q",
        ],
        env={**os.environ, "FLOWPLAN_PARAM_openai_key": KEY, "PYTHONPATH": str(ROOT)},
        cwd=lab.directory, capture_output=True, text=True, check=False,
    )  # fmt: skip
    took = time.monotonic() - begun
    assert done.returncode == 0, done.stdout + done.stderr
    return took


def test_one_triple_is_made_and_deleted_by_the_command_line(lab: Lab) -> None:
    (lab.directory / "template.json").write_text(json.dumps(lab.template))
    applied: list[float] = []
    destroyed: list[float] = []
    for _ in range(TIMES):
        applied.append(run(lab, "apply"))
        assert lab.counts() == (1, 1, 1)
        destroyed.append(run(lab, "destroy"))
        assert lab.counts() == (0, 0, 0)
    for verb, took in (("apply", applied), ("destroy", destroyed)):
        shown = " ".join(f"{item:.2f}" for item in took)
        print(f"\n{verb} of one triple: {statistics.median(took):.2f} s ({shown})", end="")
    print()
