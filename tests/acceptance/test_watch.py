"""`status --watch`: the status at each change, until the run that goes on is over."""

from __future__ import annotations

import json
import os
import signal

import pytest

WATCH = ("status", "--watch", "--interval", "50ms")
LEAVE = ("apply", "--auto-approve", "--wait-timeout", "0s", "--endpoint")


@pytest.fixture
def left(project, flowplan):
    """An apply that goes on for two seconds."""
    assert flowplan(*LEAVE, "sandbox:?deploy=2s").code == 0
    return project


def worker(directory):
    return json.loads((directory / "template.state.json.lock.json").read_text())["pid"]


def test_in_a_pipe_there_is_a_line_for_what_changed(left, flowplan):
    result = flowplan(*WATCH)
    assert result.code == 0
    assert result.out.splitlines()[0].endswith(": PROVISIONING")
    assert [line.split()[:2] for line in result.out.splitlines()[-2:-1]] == [
        ["+", "deploy_model_3"]
    ]
    assert result.out.splitlines()[-1].endswith(": COMPLETED")


def test_as_json_there_is_a_status_body_a_line_for_each_change(left, flowplan):
    result = flowplan(*WATCH, "--format", "json")
    assert result.code == 0
    assert (result.lines[0]["state"], result.lines[-1]["state"]) == ("PROVISIONING", "COMPLETED")
    assert all(one != two for one, two in zip(result.lines, result.lines[1:], strict=False))


def test_what_is_deleted_is_a_line_too(applied, flowplan):
    slow = ("--endpoint", "sandbox:?latency=300ms")
    flowplan("destroy", "--auto-approve", "--wait-timeout", "0s", *slow)
    result = flowplan(*WATCH)
    assert result.code == 0
    assert "- create_connector_1" in result.out
    assert result.out.splitlines()[-1].endswith(": NOT_STARTED")


def test_where_nothing_runs_it_is_the_status_once(applied, flowplan):
    result = flowplan(*WATCH)
    assert result.code == 0
    assert result.out == flowplan("status").out


def test_without_a_state_it_is_not_started(project, flowplan):
    result = flowplan(*WATCH, "--format", "json")
    assert (result.code, result.lines) == (0, [{"workflow_id": None, "state": "NOT_STARTED"}])


def test_a_run_that_failed_is_exit_3(project, flowplan):
    assert flowplan(*LEAVE, "sandbox:?deploy=1s&deploy_fail=openAI*").code == 0
    result = flowplan(*WATCH)
    assert result.code == 3
    assert result.out.splitlines()[-2].endswith(": FAILED")
    assert "during step deploy_model_3" in result.out.splitlines()[-1]


def test_a_run_that_was_cut_off_is_exit_3_and_told(left, flowplan):
    os.kill(worker(left), signal.SIGKILL)
    result = flowplan(*WATCH)
    assert result.code == 3
    assert "FP221" in result.err


def test_it_does_not_watch_longer_than_it_was_told(left, flowplan):
    result = flowplan(*WATCH, "--timeout", "200ms")
    assert result.code == 1
    assert "FP647" in result.err
    assert str(worker(left)) in result.err
    assert flowplan(*WATCH).code == 0


def test_its_failures_are_one_line_of_json(left, flowplan):
    result = flowplan(*WATCH, "--timeout", "200ms", "--format", "json")
    assert result.lines[-1]["diagnostics"][0]["code"] == "FP647"
    assert flowplan(*WATCH).code == 0


def test_ctrl_c_ends_the_watching_only(left, process, flowplan):
    child = process(*WATCH)
    child.stdout.readline()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Traceback" not in err
    assert flowplan(*WATCH).code == 0


def test_any_number_may_watch(left, process):
    watching = [process(*WATCH, "--format", "json") for _ in range(3)]
    for child in watching:
        out, _ = child.communicate(timeout=30)
        assert child.returncode == 0
        assert json.loads(out.splitlines()[-1])["state"] == "COMPLETED"


def test_on_a_terminal_it_is_redrawn(left, terminal):
    code, drawn = terminal(*WATCH)
    assert code == 0
    assert "PROVISIONING" in drawn
    assert "\x1b[2K" in drawn
    assert "COMPLETED" in drawn
