"""The lock on a remote state as it is met on the command line, by real processes."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest

from flowplan.state.backends import open_backend
from tests.state.backends.document_service import document_service

SLOW = "sandbox:?latency=150ms&deploy=2s"


@pytest.fixture
def place():
    with document_service() as service:
        yield f"{service.url.replace('http', 'opensearch', 1)}/states"


def until(child, word):
    for line in child.stdout:
        if word in line:
            return
    pytest.fail(f"no {word}")


def apply(process, place, **settings):
    return process(
        "apply",
        "--auto-approve",
        "--format",
        "json",
        "--endpoint",
        SLOW,
        "--state",
        place,
        **settings,
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_gives_the_lock_back(project, process, flowplan, place, number, code):
    child = apply(process, place)
    until(child, "step_started")
    assert open_backend(place).load().holder.pid == child.pid
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    assert child.returncode == code, err
    assert open_backend(place).load().holder is None
    assert flowplan("apply", "--auto-approve", "-q", "--state", place).code == 0


def test_a_signal_while_waiting_for_the_lock_leaves_none(project, process, place):
    with open_backend(place).lock("destroy") as me:
        child = process("apply", "--auto-approve", "--lock-timeout", "5m", "--state", place)
        assert any("Waiting for the lock" in line for line in child.stderr)
        child.send_signal(signal.SIGTERM)
        _, err = child.communicate(timeout=30)
        assert child.returncode == 143, err
        assert open_backend(place).load().holder.id == me.id
    assert open_backend(place).load().holder is None


def test_the_error_names_the_holder_and_a_command_that_releases_it(project, flowplan, place):
    holder = open_backend(place)
    with holder.lock("apply") as me:
        holder._lease._left.set()
        told = flowplan("apply", "--auto-approve", "--state", place)
        assert told.code == 4
        assert f"process {os.getpid()}" in told.err
        assert re.search(r"renewed \d+ s ago", told.err)
        (command,) = (
            words.split() for words in re.findall(r"flowplan (state unlock .*)", told.err)
        )
        assert flowplan(*command).code == 0
        assert flowplan(*command, "--format", "json").codes == ["FP504"]
        assert flowplan("apply", "--auto-approve", "-q", "--state", place).code == 0
        assert me.id in command


def test_a_run_that_slept_too_long_stops_and_the_other_one_goes_on(
    project, process, flowplan, place
):
    frozen = apply(process, place, env={**os.environ, "FLOWPLAN_LEASE_SECONDS": "1"})
    until(frozen, "step_completed")
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        time.sleep(1.5)
        told = flowplan("apply", "--auto-approve", "--lock-timeout", "20s", "--state", place)
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    out, err = frozen.communicate(timeout=60)
    assert told.code == 0, told.err
    assert "warning[FP506]" in told.err
    assert f"process {frozen.pid}" in told.err
    assert frozen.returncode == 3, out + err
    assert "FP502" in out + err
    assert "Traceback" not in err
    assert flowplan("plan", "--detailed-exitcode", "--state", place).code == 0


def test_a_plan_says_that_somebody_is_at_work_and_was_just_now(project, flowplan, place):
    with open_backend(place).lock("apply"):
        told = flowplan("plan", "--state", place)
    assert told.code == 0
    assert "warning[FP220]" in told.err
    assert re.search(rf"process {os.getpid()}, renewed \d+ s ago", told.err)


def test_a_saved_plan_remembers_where_its_state_is(project, flowplan, place):
    assert flowplan("plan", "--out", "p.json", "--state", place).code == 0
    assert flowplan("apply", "--plan", "p.json").code == 0
    assert open_backend(place).load().base_serial == 1


def test_a_worker_holds_the_lock_of_a_remote_state_and_is_followed(
    project, process, flowplan, place
):
    slow = ("--endpoint", "sandbox:?latency=100ms&deploy=1s", "--state", place)
    left = flowplan("apply", "--auto-approve", *slow, "--wait-timeout", "0s", "--format", "json")
    assert left.code == 0
    assert left.lines[-1]["state"] == "PROVISIONING"
    holder = open_backend(place).load().holder
    assert holder.pid != os.getpid()
    assert flowplan("destroy", "--auto-approve", "--state", place).code == 4
    watched = flowplan("status", "--watch", "--interval", "100ms", "--state", place)
    assert watched.code == 0
    assert watched.out.splitlines()[-1].endswith(": COMPLETED")
    (log,) = (project / ".flowplan").glob("state-*.log")
    assert log.stat().st_mode & 0o777 == 0o600
