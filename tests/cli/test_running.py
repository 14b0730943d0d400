"""Runs that need a process of their own: approval on a terminal, signals, locks."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from flowplan.cli.running import exit_code
from flowplan.cli.signals import stop_on_signals
from flowplan.planner.events import Summary

SLOW = "sandbox:?latency=400ms"


def wait_for(child, text: str) -> str:
    """Read stdout up to a text."""
    seen = ""
    while text not in seen:
        line = child.stdout.readline()
        assert line, f"ended before {text!r}: {seen}{child.stderr.read()}"
        seen += line
    return seen


# A session of its own, with the pseudo-terminal as the one whose Ctrl-C it gets.
ON_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "flowplan", *sys.argv[1:]])
"""


def on_terminal(argv, answer: bytes) -> tuple[int, str]:
    """Run flowplan on a pseudo-terminal and type an answer when it asks."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", ON_TERMINAL, *argv],
        stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "COLUMNS": "80", "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    shown, typed, until = b"", False, time.monotonic() + 60
    while time.monotonic() < until:
        ready, _, _ = select.select([ours], [], [], 1)
        try:
            chunk = os.read(ours, 65536) if ready else b""
        except OSError:  # the other end is closed
            break
        if ready and not chunk:
            break
        shown += chunk
        if b"Only yes goes on:" in shown and not typed:
            os.write(ours, answer)
            typed = True
    os.close(ours)
    return child.wait(60), shown.decode()


def test_yes_on_a_terminal_goes_on(project, flowplan):
    code, shown = on_terminal(["apply"], b"yes\n")
    assert code == 0
    assert "Make these changes to sandbox:? Only yes goes on:" in shown
    assert "Applied:" in shown
    assert "3/3" in shown
    assert len(flowplan("state", "list").out.splitlines()) == 3


@pytest.mark.parametrize("answer", [b"no\n", b"\n", b"y\n", b"\x04"])
def test_anything_else_changes_nothing(project, answer):
    code, shown = on_terminal(["apply"], answer)
    assert code == 1
    assert "FP631" in shown
    assert not (project / "template.state.json").exists()


def test_no_input_on_a_terminal_refuses(project):
    code, shown = on_terminal(["apply", "--no-input"], b"")
    assert code == 1
    assert "FP630" in shown


def test_ctrl_c_at_the_question_exits_130(project):
    code, _ = on_terminal(["apply"], b"\x03")
    assert code == 130
    assert not (project / "template.state.json").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_an_apply_after_the_running_step(process, project, flowplan, number, code):
    child = process("apply", "--auto-approve", "--format", "json", "--endpoint", SLOW)
    wait_for(child, "step_started")
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == code, err
    last = json.loads(out.splitlines()[-1])
    assert last["type"] == "summary"
    assert last["interrupted"] is True
    assert last["skipped"] >= 1
    assert "Once more stops now" in err
    assert flowplan("state", "list").out == "create_connector_1\n"
    assert flowplan("apply", "--auto-approve").code == 0


def test_the_second_signal_stops_now_and_nothing_is_lost(process, project, flowplan):
    child = process(
        "apply", "--auto-approve", "--format", "json", "--endpoint", "sandbox:?latency=2s"
    )
    wait_for(child, "step_started")
    child.send_signal(signal.SIGINT)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert "step_completed" not in out
    assert json.loads(out.splitlines()[-1])["type"] == "summary"
    assert flowplan("apply", "--auto-approve").code == 0
    assert flowplan("plan").out.startswith("No changes.")


def test_the_third_signal_does_not_wait_for_anything():
    class Stop:
        def request(self):
            """Deaf."""

    from io import StringIO

    from flowplan.render.screen import Screen

    def three() -> None:
        with stop_on_signals(Stop(), Screen(StringIO())):
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        three()


def test_a_second_apply_meets_the_lock_and_exits_4(process, project, flowplan):
    child = process("apply", "--auto-approve", "--format", "json", "--endpoint", SLOW)
    wait_for(child, '"plan"')
    result = flowplan("apply", "--auto-approve", "--format", "json")
    assert result.code == 4
    (diagnostic,) = result.json["diagnostics"]
    assert diagnostic["code"].startswith("FP5")
    assert str(child.pid) in diagnostic["detail"]
    assert flowplan("status", "--format", "json").json["state"] == "PROVISIONING"
    child.communicate(timeout=60)


def test_waiting_for_the_lock_says_for_whom(process, project, flowplan):
    child = process("apply", "--auto-approve", "--format", "json", "--endpoint", SLOW)
    wait_for(child, '"plan"')
    result = flowplan("apply", "--auto-approve", "--lock-timeout", "60s")
    assert result.code == 0
    assert "Waiting for the lock: apply by" in result.err
    assert child.wait(60) == 0


def test_the_sandbox_says_when_it_listens_and_ends_with_0(process, project, flowplan):
    child = process("sandbox", "serve", "--port", "0")
    url = wait_for(child, "listening on ").strip().removeprefix("listening on ")
    assert flowplan("apply", "--auto-approve", "--endpoint", url).code == 0
    assert flowplan("plan", "--endpoint", url).out.startswith("No changes.")
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 0
    assert (project / ".flowplan" / "sandbox.db").exists()


def test_a_port_in_use_is_told(process, project, flowplan):
    child = process("sandbox", "serve", "--port", "0")
    port = wait_for(child, "listening on ").strip().rpartition(":")[2]
    result = flowplan("sandbox", "serve", "--port", port)
    assert result.code == 64
    assert "FP613" in result.err


def test_a_step_that_fails_after_another_was_done_exits_3(flowplan, project):
    path = project / "template.yaml"
    path.write_text(path.read_text().replace("function_name: remote", "function_name: nonsense"))
    result = flowplan("apply", "--auto-approve", "--format", "json")
    assert result.code == 3, result.out
    events = result.lines
    failed = [event for event in events if event["type"] == "step_failed"]
    assert failed[0]["diagnostic"]["node"] == "register_model_2"
    assert (failed[0]["diagnostic"]["file"], failed[0]["diagnostic"]["line"]) == (
        "template.yaml", 15,
    )  # fmt: skip
    assert events[-1]["state"] == "FAILED"
    assert flowplan("status", "--format", "json").json["state"] == "FAILED"


def test_a_first_step_that_fails_exits_1(flowplan, project):
    path = project / "template.yaml"
    path.write_text(path.read_text().replace("protocol: http", "protocol: nonsense"))
    result = flowplan("apply", "--auto-approve")
    assert result.code == 1, result.out
    assert "Nothing was changed." in result.out
    assert result.out.splitlines()[-1] == "Next: flowplan plan"


@pytest.mark.parametrize(
    ("summary", "code"),
    [
        (Summary("COMPLETED", created=1, changed=True), 0),
        (Summary("FAILED", failed=1), 1),
        (Summary("FAILED", failed=1, changed=True), 3),
        (Summary("FAILED", skipped=1, changed=True), 3),
        (Summary("FAILED", left=("connector_id X",), changed=True), 3),
    ],
)
def test_the_exit_code_says_whether_anything_changed(summary, code):
    assert exit_code(summary) == code
