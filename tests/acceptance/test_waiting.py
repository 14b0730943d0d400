"""`--wait-timeout`: the status when the time is up, and the work goes on in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.chat import KEY, chat, inputs, write

SLOW = ("--endpoint", "sandbox:?deploy=3s")
APPLY = ("apply", "--auto-approve")
NOW = ("--wait-timeout", "0s")
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def left(project, flowplan):
    """An apply that was no longer waited for; gives its worker's id."""
    flowplan(*APPLY, *SLOW, *NOW)
    return holder(project)


@pytest.fixture(autouse=True)
def no_worker_is_left(here):
    """What a test leaves at work is ended, by its id."""
    yield
    details = here / "template.state.json.lock.json"
    if details.exists():
        pid = holder(here)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not Path(f"/proc/{pid}").exists())


def holder(directory):
    return json.loads((directory / "template.state.json.lock.json").read_text())["pid"]


def until(true, seconds=30.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def over(flowplan):
    """Wait for the end of the run that goes on; its exit code as `status --watch` has it."""
    return flowplan("status", "--watch", "--interval", "100ms", "-q").code


def test_a_run_that_is_done_in_time_looks_as_without_it(project, flowplan):
    result = flowplan(*APPLY, "--wait-timeout", "60s")
    assert result.code == 0
    assert "Plan: 3 to create." in result.out
    assert "Applied: 3 created in" in result.out
    assert "deploy_model_3     ✔ created" in result.err


def test_as_json_it_has_the_same_events(project, flowplan):
    result = flowplan(*APPLY, "--wait-timeout", "60s", "--format", "json")
    assert [line["type"] for line in result.lines if line["type"] != "step_progress"] == [
        "plan", *["step_started", "step_completed"] * 3, "summary",
    ]  # fmt: skip
    assert result.lines[-1]["state"] == "COMPLETED"
    assert result.lines[-1]["created"] == 3


def test_when_the_time_is_up_the_last_line_is_the_status_and_the_summary(project, flowplan):
    begun = time.monotonic()
    result = flowplan(*APPLY, *SLOW, "--wait-timeout", "1s", "--format", "json")
    assert time.monotonic() - begun < 3
    assert result.code == 0
    last = result.lines[-1]
    assert (last["type"], last["state"], last["created"]) == ("summary", "PROVISIONING", 2)
    assert [item["workflow_step_id"] for item in last["resources_created"]] == [
        "create_connector_1", "register_model_2",
    ]  # fmt: skip
    assert len(last["workflow_id"]) == 20
    assert over(flowplan) == 0


def test_in_text_it_is_printed_and_what_to_do_next(project, flowplan):
    result = flowplan(*APPLY, *SLOW, "--wait-timeout", "1s", "-q")
    assert result.code == 0
    assert ": PROVISIONING\n" in result.out
    assert "deploy_model_3" not in result.out
    result = flowplan(*APPLY, *NOW)
    assert result.code == 4
    assert over(flowplan) == 0


def test_it_says_who_goes_on_and_how_to_stop_it(project, flowplan):
    result = flowplan(*APPLY, *SLOW, *NOW)
    assert f"Process {holder(project)} goes on with the apply." in result.err
    assert "flowplan status --watch" in result.err
    assert f"kill {holder(project)} " in result.err


def test_the_seeds_word_for_it_is_known(project, flowplan):
    result = flowplan(*APPLY, *SLOW, "--wait-for-completion-timeout", "100ms")
    assert ": PROVISIONING\n" in result.out


def test_the_work_goes_on_and_comes_to_its_end(left, project, flowplan):
    assert over(flowplan) == 0
    assert flowplan("status", "--format", "json").json["state"] == "COMPLETED"
    assert flowplan("plan", "--detailed-exitcode", *SLOW).code == 0


@pytest.mark.parametrize("more", [(), ("--wait-timeout", "5s")])
@pytest.mark.parametrize("verb", ["apply", "destroy"])
def test_a_second_run_meanwhile_is_exit_4_and_names_the_worker(left, flowplan, verb, more):
    result = flowplan(verb, "--auto-approve", "--format", "json", *more)
    assert result.code == 4
    assert str(left) in result.out
    assert "FP501" in result.out


def test_a_destroy_can_be_left_alone_too(applied, flowplan):
    slow = ("--endpoint", "sandbox:?latency=300ms")
    result = flowplan("destroy", "--auto-approve", *slow, *NOW, "--format", "json")
    assert result.lines[-1]["state"] == "PROVISIONING"
    assert over(flowplan) == 0
    assert flowplan("status", "--format", "json").json["state"] == "NOT_STARTED"


def test_a_saved_plan_can_be_carried_out_so(project, flowplan):
    assert flowplan("plan", "--out", "p.plan").code == 0
    result = flowplan("apply", "--plan", "p.plan", "--wait-timeout", "60s")
    assert result.code == 0
    assert "Applied: 3 created" in result.out
    assert flowplan("apply", "--plan", "p.plan", "--wait-timeout", "60s").code == 5


def test_params_from_a_pipe_reach_it(project, flowplan, monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    reading, writing = os.pipe()
    os.write(writing, KEY.encode())
    os.close(writing)
    result = flowplan(*APPLY, "-p", f"openai_key=@/dev/fd/{reading}", "--wait-timeout", "60s")
    os.close(reading)
    assert result.code == 0, result.err


@linux
def test_a_secret_is_neither_in_its_arguments_nor_its_environment_nor_in_a_file(
    project, flowplan, monkeypatch
):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    (project.parent / "key").write_text(KEY)
    flowplan(*APPLY, *SLOW, *NOW, "-p", f"openai_key=@{project.parent / 'key'}")
    seen = Path(f"/proc/{holder(project)}")
    assert KEY.encode() not in (seen / "cmdline").read_bytes() + (seen / "environ").read_bytes()
    assert over(flowplan) == 0
    for path in project.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_its_log_is_beside_the_state_and_for_its_owner(left, project, flowplan):
    assert over(flowplan) == 0
    log = project / "template.state.json.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert json.loads(log.read_text().splitlines()[-1]) == {"kind": "done", "exit_code": 0}


def test_a_run_that_did_not_get_the_lock_leaves_no_log(left, project, flowplan):
    before = (project / "template.state.json.log").read_bytes()
    assert flowplan(*APPLY, "--wait-timeout", "5s").code == 4
    assert (project / "template.state.json.log").read_bytes().startswith(before)
    assert len(list(project.glob("*.log*"))) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_waiting_and_not_the_work(project, process, flowplan, number, code):
    child = process(*APPLY, *SLOW, "--wait-timeout", "60s")
    until(lambda: "register_model_2" in journal(project))
    worker = holder(project)
    child.send_signal(number)
    _, err = child.communicate(timeout=30)
    assert child.returncode == code
    assert f"Process {worker} goes on" in err
    assert "Traceback" not in err
    assert over(flowplan) == 0
    assert flowplan("status", "--format", "json").json["state"] == "COMPLETED"


def journal(directory):
    path = directory / "template.state.json.journal"
    return path.read_text() if path.exists() else ""


def test_a_caller_that_is_killed_takes_nobody_along(project, process, flowplan):
    child = process(*APPLY, *SLOW, "--wait-timeout", "60s")
    until(lambda: "register_model_2" in journal(project))
    child.kill()
    child.wait()
    assert over(flowplan) == 0


def test_a_worker_that_is_killed_is_told_and_the_next_run_goes_on(project, process, flowplan):
    child = process(*APPLY, *SLOW, "--wait-timeout", "60s")
    until(lambda: '"kind":"done"' in journal(project) and "deploy_model_3" in journal(project))
    os.kill(holder(project), signal.SIGKILL)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 3
    assert "FP643" in err
    assert "signal 9" in err
    assert flowplan(*APPLY, "--wait-timeout", "60s").code == 0
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_a_worker_that_is_stopped_ends_its_steps_and_says_so(left, flowplan, project):
    os.kill(left, signal.SIGTERM)
    until(lambda: not (project / "template.state.json.lock.json").exists())
    assert json.loads((project / "template.state.json.log").read_text().splitlines()[-1]) == {
        "kind": "done", "exit_code": 143,
    }  # fmt: skip
    assert flowplan(*APPLY).code == 0


def test_a_failure_part_way_is_exit_3_with_its_diagnostic(project, flowplan):
    template = chat()
    nodes = template["workflows"]["provision"]["nodes"]
    nodes.append({"id": "lost", "type": "deploy_model", "user_inputs": {"model_id": "nowhere"}})
    write(project / "template.yaml", template)
    result = flowplan(*APPLY, "--wait-timeout", "60s")
    assert result.code == 3
    assert "error[FP3" in result.err
    assert "template.yaml:" in result.err
    assert "Stopped part-way" in result.out


def test_what_refuses_before_the_first_write_refuses_so_too(project, flowplan):
    result = flowplan(*APPLY, "--wait-timeout", "5s", "--endpoint", "http://127.0.0.1:1")
    assert result.code == 1
    assert "FP322" in result.err
    template = chat()
    inputs(template, "register_model_2")["name"] = "${{ nobody.knows }}"
    write(project / "template.yaml", template)
    assert flowplan(*APPLY, "--wait-timeout", "5s").code == 1


def test_nothing_to_do_is_said_at_once(applied, flowplan):
    result = flowplan(*APPLY, "--wait-timeout", "60s")
    assert result.code == 0
    assert result.out.startswith("No changes.")


def test_without_anybody_to_ask_it_is_refused(project, flowplan):
    result = flowplan("apply", "--wait-timeout", "5s")
    assert result.code == 1
    assert "FP630" in result.err
    assert not list(project.glob("*.log*"))


def test_modules_of_the_working_directory_are_not_loaded(project, flowplan):
    (project / "click.py").write_text("raise SystemExit(99)")
    (project / "flowplan").mkdir()
    (project / "flowplan" / "__init__.py").write_text("raise SystemExit(99)")
    assert flowplan(*APPLY, "--wait-timeout", "60s").code == 0


def test_events_are_written_into_a_file_too(project, flowplan):
    result = flowplan(*APPLY, *SLOW, *NOW, "--json-into", "events.jsonl")
    assert result.code == 0
    last = json.loads((project / "events.jsonl").read_text().splitlines()[-1])
    assert (last["type"], last["state"]) == ("summary", "PROVISIONING")


def test_another_system_is_refused(project, flowplan, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Windows")
    result = flowplan(*APPLY, "--wait-timeout", "5s")
    assert result.code == 64
    assert "FP640" in result.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_log_that_can_not_be_made_is_told(project, flowplan):
    project.chmod(0o500)
    try:
        result = flowplan(*APPLY, "--wait-timeout", "5s", "--endpoint", "http://127.0.0.1:1")
    finally:
        project.chmod(0o700)
    assert result.code == 1
    assert "FP642" in result.err


def test_what_is_no_duration_is_a_wrong_call(project, flowplan):
    assert flowplan(*APPLY, "--wait-timeout", "soon").code == 64


def test_a_worker_that_can_not_be_started_is_told_and_leaves_nothing(
    project, flowplan, monkeypatch
):
    monkeypatch.setattr(sys, "executable", str(project / "no" / "python"))
    result = flowplan(*APPLY, "--wait-timeout", "5s")
    assert result.code == 1
    assert "FP642" in result.err
    assert not list(project.glob("*.log*"))


def test_drift_can_be_taken_over_so(applied, flowplan):
    result = flowplan(*APPLY, "--refresh-only", "--wait-timeout", "60s")
    assert result.code == 0
    assert result.out.startswith("No changes.")
