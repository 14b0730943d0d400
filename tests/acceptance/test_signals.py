"""Ctrl-C and SIGTERM while an apply runs: the exit code, a right state, and no orphan."""

from __future__ import annotations

import signal
import sqlite3
import subprocess

import pytest

SLOW = "sandbox:?latency=150ms&deploy=2s"


def on_cluster(directory):
    """Kind → number of documents that live in the directory's sandbox."""
    with sqlite3.connect(directory / ".flowplan" / "sandbox.db") as sql:
        rows = sql.execute("SELECT kind, COUNT(*) FROM docs WHERE NOT deleted GROUP BY kind")
        return dict(rows.fetchall())


def until(child, word):
    for line in child.stdout:
        if word in line:
            return
    pytest.fail(f"no {word}")


def settled(flowplan, directory):
    """One more apply completes, twice changes nothing, and nothing was made twice."""
    result = flowplan("apply", "--auto-approve")
    assert result.code == 0, result.err
    assert flowplan("plan", "--detailed-exitcode").code == 0
    assert flowplan("status", "--format", "json").json["state"] == "COMPLETED"
    found = on_cluster(directory)
    assert {found[kind] for kind in found if kind in {"connector", "model", "model_group"}} == {1}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", ["step_started", "step_completed", "step_progress"])
def test_one_signal_finishes_what_runs(project, process, flowplan, number, code, moment):
    child = process("apply", "--auto-approve", "--format", "json", "--endpoint", SLOW)
    until(child, moment)
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == code
    assert "Traceback" not in err
    assert '"type": "summary"' in out.splitlines()[-1]
    settled(flowplan, project)


@pytest.mark.parametrize("moment", ["step_started", "step_completed"])
def test_two_signals_stop_at_once_and_lose_nothing(project, process, flowplan, moment):
    child = process("apply", "--auto-approve", "--format", "json", "--endpoint", "sandbox:?latency=700ms&deploy=20s")  # fmt: skip
    until(child, moment)
    child.send_signal(signal.SIGINT)
    until_error(child)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=15)
    assert child.returncode == 130
    assert "Traceback" not in err
    settled(flowplan, project)


def until_error(child):
    for line in child.stderr:
        if "Stopping" in line:
            return


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_destroy_can_be_stopped_and_finished(applied, process, flowplan, number):
    child = process("destroy", "--auto-approve", "--format", "json", "--endpoint", "sandbox:?latency=200ms")  # fmt: skip
    until(child, "step_started")
    child.send_signal(number)
    child.communicate(timeout=60)
    assert child.returncode == (130 if number == signal.SIGINT else 143)
    assert flowplan("destroy", "--auto-approve").code == 0
    assert not {kind for kind in on_cluster(applied) if kind in {"connector", "model", "model_group"}}  # fmt: skip


def test_a_signal_while_planning_changes_nothing(project, process, flowplan):
    child = process("plan", "--endpoint", "sandbox:?latency=5s", "-v")
    try:
        child.wait(2.0)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Traceback" not in err


def test_what_was_stopped_is_told_by_status(project, process, flowplan):
    child = process("apply", "--auto-approve", "--format", "json", "--endpoint", SLOW)
    until(child, "step_completed")
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)
    found = flowplan("status", "--format", "json").json
    assert found["state"] == "FAILED"
    assert found["error"]
    assert found["resources_created"][0]["workflow_step_id"] == "create_connector_1"
