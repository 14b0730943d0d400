"""Killed processes and lost answers on a real node: nothing is lost and nothing is made twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import KEY, Lab
from tests.live.relay import Relay, relayed
from tests.live.triples import multiply

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
MOMENTS = ("before the node has it", "as the node gets it", "as the node has answered")


@pytest.fixture
def relay(node: str) -> Iterator[Relay]:
    with relayed(node) as relay:
        yield relay


def start(lab: Lab, verb: str, endpoint: str) -> subprocess.Popen[str]:
    """The command line as a process, on the lab's template and state."""
    template = lab.directory / "template.json"
    template.write_text(json.dumps(lab.template))
    words = [
        verb, str(template), "--state", str(lab.directory / "t.state.json"),
        "--endpoint", endpoint, "--auto-approve", "--format", "json",
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "flowplan", *words],
        env={**os.environ, "FLOWPLAN_PARAM_openai_key": KEY, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=lab.directory,
    )  # fmt: skip


def killed_at(lab: Lab, relay: Relay, verb: str, request: int, moment: str) -> bool:
    """Run the verb and kill it at that changing request; False when it has fewer of them."""
    process = start(lab, verb, relay.url)

    def kill(number: int) -> None:
        if number == request:
            process.send_signal(signal.SIGKILL)

    relay.seen.clear()
    relay.before = relay.after = lambda _: None
    if moment == MOMENTS[2]:
        relay.after = kill
    else:
        relay.before = kill
    relay.swallow = lambda number: number == request and moment == MOMENTS[0]
    out, err = process.communicate(timeout=120)
    if process.returncode == -signal.SIGKILL:
        return True
    assert process.returncode == 0, out + err
    return False


@pytest.mark.parametrize("moment", MOMENTS)
def test_one_more_apply_mends_a_killed_one(lab: Lab, relay: Relay, moment: str) -> None:
    request = 1
    while killed_at(lab, relay, "apply", request, moment):
        assert lab.apply().state == "COMPLETED"
        assert lab.counts() == (1, 1, 1), f"killed at request {request}"
        assert lab.plan().empty
        lab.predict("it serves")
        lab.destroy()
        assert lab.counts() == (0, 0, 0), f"killed at request {request}"
        request += 1
    assert request > 3


@pytest.mark.parametrize("moment", MOMENTS)
def test_one_more_apply_mends_a_killed_replacement(lab: Lab, relay: Relay, moment: str) -> None:
    lab.apply()
    model = lab.ids()["model"]
    request, killed = 1, True
    while killed:
        lab.inputs("connector")["parameters"]["model"] = f"chat-{request}"
        killed = killed_at(lab, relay, "apply", request, moment)
        assert lab.apply().state == "COMPLETED"
        assert lab.counts() == (1, 1, 1), f"killed at request {request}"
        assert lab.ids()["model"] == model
        (connector,) = lab.on_cluster()["connectors"]
        assert connector["parameters"]["model"] == f"chat-{request}"
        assert lab.plan().empty
        request += 1
    assert request > 4


@pytest.mark.parametrize("moment", MOMENTS)
def test_one_more_destroy_mends_a_killed_one(lab: Lab, relay: Relay, moment: str) -> None:
    request, killed = 1, True
    while killed:
        lab.apply()
        killed = killed_at(lab, relay, "destroy", request, moment)
        assert lab.destroy().state == "NOT_STARTED"
        assert lab.counts() == (0, 0, 0), f"killed at request {request}"
        request += 1
    assert request > 4


@pytest.mark.parametrize("request_number", [1, 6, 10, 14, 20])
def test_a_kill_with_many_requests_under_way_loses_and_doubles_none(
    lab: Lab, relay: Relay, request_number: int
) -> None:
    multiply(lab, 8)
    assert killed_at(lab, relay, "apply", request_number, MOMENTS[1])
    assert lab.apply().state == "COMPLETED"
    assert lab.counts() == (8, 8, 8)
    assert lab.plan().empty
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


def test_lost_answers_change_nothing_of_the_result(lab: Lab, relay: Relay) -> None:
    lab.endpoint = relay.url
    relay.drop = lambda number: relay.seen.index(relay.seen[number - 1]) == number - 1
    summary = lab.apply()
    assert (summary.state, summary.created) == ("COMPLETED", 3)
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    relay.seen.clear()
    assert lab.apply().replaced == 1
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty
    relay.seen.clear()
    assert lab.destroy().state == "NOT_STARTED"
    assert lab.counts() == (0, 0, 0)


def test_every_answer_of_eight_triples_lost_once_makes_none_twice(lab: Lab, relay: Relay) -> None:
    multiply(lab, 8)
    lab.endpoint = relay.url

    def first_eight_of_a_path(number: int) -> bool:
        path = relay.seen[number - 1]
        return (
            relay.seen[:number].count(path) <= 8
            if path.endswith(("_create", "_register"))
            else False
        )

    relay.drop = first_eight_of_a_path
    summary = lab.apply()
    assert (summary.state, summary.created) == ("COMPLETED", 24)
    assert lab.counts() == (8, 8, 8)
    lab.destroy()
    assert lab.counts() == (0, 0, 0)
