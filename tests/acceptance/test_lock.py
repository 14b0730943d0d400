"""Two processes and one state: the second is told who holds it."""

from __future__ import annotations

import socket
import time

import pytest


@pytest.fixture
def running(project, process):
    """An apply that takes some seconds, once it has begun."""
    child = process(
        "apply", "--auto-approve", "--format", "json", "--endpoint", "sandbox:?deploy=5s"
    )
    for line in child.stdout:
        if "step_completed" in line:
            break
    return child


@pytest.mark.parametrize("verb", ["apply", "destroy"])
def test_a_held_lock_is_exit_4_with_the_holders_host_and_pid(running, process, verb):
    second = process(verb, "--auto-approve", "--format", "json")
    out, _ = second.communicate(timeout=60)
    assert second.returncode == 4
    assert '"FP5' in out
    assert str(running.pid) in out
    assert socket.gethostname() in out
    assert running.wait(60) == 0


def test_in_text_it_names_the_holder_too(running, process):
    second = process("apply", "--auto-approve")
    _, err = second.communicate(timeout=60)
    assert second.returncode == 4
    assert "error[FP5" in err
    assert str(running.pid) in err
    assert socket.gethostname() in err


def test_waiting_long_enough_gets_the_lock(running, process):
    second = process("apply", "--auto-approve", "--lock-timeout", "60s")
    assert second.wait(90) == 0
    assert running.wait(60) == 0


def test_a_saved_plan_meets_the_lock_before_it_is_judged(project, flowplan, process):
    assert flowplan("plan", "--out", "p.plan").code == 0
    child = process(
        "apply", "--auto-approve", "--format", "json", "--endpoint", "sandbox:?deploy=5s"
    )
    for line in child.stdout:
        if "step_completed" in line:
            break
    assert flowplan("apply", "--plan", "p.plan").code == 4
    assert child.wait(60) == 0


def test_reading_and_planning_need_no_lock(running, flowplan):
    for argv in (("plan",), ("status",), ("show",), ("state", "list"), ("output",), ("graph",)):
        assert flowplan(*argv).code == 0, argv
    assert running.poll() is None
    assert running.wait(60) == 0


def test_a_plan_beside_a_running_apply_warns(running, flowplan):
    result = flowplan("plan", "--format", "json")
    assert any(item["severity"] == "warning" for item in result.json["diagnostics"])
    assert "error" not in [item["severity"] for item in result.json["diagnostics"]]


def test_the_lock_of_a_killed_process_is_free(running, process, flowplan):
    running.kill()
    running.wait(10)
    deadline = time.monotonic() + 30
    code = 4
    while code == 4 and time.monotonic() < deadline:
        code = flowplan("apply", "--auto-approve").code
    assert code == 0


def test_the_lock_leaves_no_details_behind(project, flowplan):
    assert flowplan("apply", "--auto-approve").code == 0
    assert all(path.stat().st_size == 0 for path in project.glob("*lock*"))
