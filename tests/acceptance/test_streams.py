"""Where output goes, and what happens when nobody takes it."""

from __future__ import annotations

import os
import pty
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from flowplan.render.picture import last_screen
from tests.acceptance.chat import files, start

ESC = "\x1b["
FULL = Path("/dev/full").exists()


def test_the_result_is_on_stdout_and_progress_on_stderr(project, flowplan):
    result = flowplan("apply", "--auto-approve")
    assert "Applied: 3 created" in result.out
    assert "create_connector_1 ✔" in result.err
    assert "✔" not in result.out


def test_json_has_stdout_to_itself(project, flowplan):
    for argv in (("plan", "-v"), ("validate",), ("status",), ("graph",), ("steps",), ("show",)):
        assert flowplan(*argv, "--format", "json").json is not None


def test_a_pipe_gets_no_colour(project, flowplan):
    result = flowplan("plan")
    assert ESC not in result.out + result.err


def test_force_color_colours_and_no_color_wins_over_nothing(project, flowplan, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert ESC in flowplan("plan").out
    assert ESC not in flowplan("plan", "--no-color").out
    assert ESC not in flowplan("plan", "--format", "json").out


def on_terminal(*argv, env=None):
    """The output of flowplan on a terminal of its own."""
    ours, theirs = pty.openpty()
    child = start(*argv, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm", **(env or {})})  # fmt: skip
    os.close(theirs)
    data = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            break
        if not chunk:
            break
        data += chunk
    os.close(ours)
    return child.wait(30), data.decode()


def test_a_terminal_is_coloured(project):
    code, text = on_terminal("plan")
    assert code == 0
    assert ESC in text


@pytest.mark.parametrize("value", ["1", "true", "anything"])
def test_no_color_is_honoured_on_a_terminal(project, value):
    _, text = on_terminal("plan", env={"NO_COLOR": value})
    assert "create_connector_1" in text
    assert ESC + "3" not in text


def test_a_dumb_terminal_is_not_redrawn(project):
    code, text = on_terminal("apply", "--auto-approve", env={"TERM": "dumb", "NO_COLOR": "1"})
    assert code == 0
    assert ESC not in text


@pytest.mark.parametrize("argv", [("plan",), ("plan", "--format", "json"), ("steps",), ("--help",)], ids=" ".join)  # fmt: skip
def test_a_reader_that_leaves_is_no_error(project, process, argv):
    child = process(*argv)
    child.stdout.close()
    err = child.stderr.read()
    assert child.wait(30) in {0, 141}
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def test_an_apply_goes_on_when_its_reader_leaves(project, flowplan, process):
    child = process("apply", "--auto-approve", "--format", "json")
    child.stdout.close()
    child.stderr.read()
    child.wait(60)
    assert flowplan("status", "--format", "json").json["state"] == "COMPLETED"


@pytest.mark.skipif(not FULL, reason="no /dev/full")
@pytest.mark.parametrize("argv", [("plan",), ("status", "--format", "json"), ("steps",), ("--help",), ("plan", "--help"), ("plan", "none.yaml", "--format", "json")], ids=" ".join)  # fmt: skip
def test_a_full_disk_under_stdout_is_told(project, process, argv):
    with Path("/dev/full").open("w") as full:
        child = process(*argv, stdout=full)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 1
    assert "error[FP" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("closed", ["1", "2", "0", "12", "012"])
def test_closed_streams_are_no_crash(project, closed):
    closing = "; ".join(f"os.close({number})" for number in closed)
    script = f"import os, sys; {closing}; os.execv(sys.executable, [sys.executable, '-m', 'flowplan', 'apply', '--auto-approve'])"  # fmt: skip
    from tests.acceptance.chat import ROOT

    child = subprocess.run(
        [os.sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert child.returncode == 0
    assert "Traceback" not in child.stderr
    assert (project / "template.state.json").exists()


def test_another_locale_is_no_crash(project, process):
    for locale in ("C", "POSIX", "en_US.ISO-8859-1"):
        child = process("plan", env={**os.environ, "LC_ALL": locale, "PYTHONIOENCODING": "ascii"})
        out, err = child.communicate(timeout=30)
        assert child.returncode == 0, err
        assert "create_connector_1" in out


WORDS = [
    "plan", "apply", "destroy", "status", "show", "output", "state", "list", "steps", "graph",
    "validate", "completion", "bash", "sandbox", "template.yaml", "none.yaml", ".", "-", "--", "",
    "-q", "-v", "-p", "a=b", "a", "=", "-p=x", "--format", "json", "text", "xml", "--state", "s.json",
    "--endpoint", "sandbox:", "sandbox:?x=y", "http://127.0.0.1:1", "--no-refresh", "--out", "p.plan",
    "--plan", "--all", "--strict", "--no-color", "--color", "never", "--params-file", "p.json",
    "--auto-approve", "--lock-timeout", "1s", "0s", "--parallelism", "2", "--json-into", "j.json",
    "--help", "-h", "--version", "--detailed-exitcode", "--destroy", "\x00", "ünï", "${{ x }}", "💥",
    "--no-such", "--templat", "--template", "@x", "a=@none", "'", '"', "\n", "--format=json", "-vv", "-qv",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(80))
def test_any_words_are_answered_with_a_known_exit_code(project, flowplan, seed):
    luck = random.Random(seed)
    argv = [luck.choice(WORDS) for _ in range(luck.randint(0, 7))]
    if "serve" in argv:
        argv.remove("serve")
    result = flowplan(*argv)
    assert result.code in {0, 1, 2, 3, 5, 64}, (argv, result.err)
    assert result.code in {0, 2} or result.out + result.err
    assert "FP900" not in result.err + result.out, argv


def test_the_fuzz_left_no_lock_details(project, flowplan):
    flowplan("apply", "--auto-approve")
    assert not [name for name in files(project) if name.endswith(".lock.json")]


def test_a_signal_on_a_terminal_leaves_one_bar_and_whole_lines(project):
    ours, theirs = pty.openpty()
    child = start(
        "apply", "--auto-approve", "--endpoint", "sandbox:?deploy=2s",
        stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "60"},
    )  # fmt: skip
    os.close(theirs)
    text = ""
    while True:
        try:
            text += os.read(ours, 65536).decode()
        except OSError:
            break
        if child.returncode is None and "model DEPLOYING" in text and "Stopping" not in text:
            child.send_signal(signal.SIGINT)
            time.sleep(0.2)
    os.close(ours)
    assert child.wait(30) == 130
    screen = last_screen(text)
    assert screen.count("━") == 0
    assert "Once more stops now.\n" in re.sub(r"\x1b\[[0-9;]*m", "", screen)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen)
    assert [line for line in plain.split("\n") if len(line) > 80] == []


def test_no_line_of_a_plan_is_wider_than_a_terminal_of_80_columns(project):
    _, text = on_terminal("plan", env={"COLUMNS": "80", "NO_COLOR": "1"})
    lines = last_screen(text).split("\n")
    assert any("create_connector_1" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_no_line_of_an_error_is_cut_by_a_terminal_of_80_columns(here):
    (here / "template.yaml").write_text(
        "name: x\nworkflows:\n  provision:\n    nodes:\n"
        "      - {id: a-rather-long-name-of-a-node-that-is-here, type: registre_remote_model}\n"
    )
    code, text = on_terminal("validate", env={"COLUMNS": "80", "NO_COLOR": "1"})
    assert code == 1
    assert max(map(len, last_screen(text).split("\n"))) <= 80


def test_a_pipe_gets_whole_lines_and_whole_ids(applied, flowplan):
    found = flowplan("status", "--format", "json").json["resources_created"]
    assert found[0]["resource_id"] in flowplan("plan", "--destroy").out
