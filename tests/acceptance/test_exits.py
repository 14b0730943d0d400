"""Exit codes, and that a command which refuses has written nothing."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.chat import chat, files, inputs, write

NOWHERE = "http://127.0.0.1:1"


def kept(directory):
    """The files that matter: an empty lock file and an untouched sandbox do not."""
    return {
        name: data
        for name, data in files(directory).items()
        if not name.startswith(".flowplan") and not name.endswith(".lock")
    }


@pytest.mark.parametrize("verb", ["apply", "destroy"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_without_approval_and_terminal_nothing_is_written_and_the_exit_is_1(applied, flowplan, verb, form):  # fmt: skip
    template = chat()
    inputs(template, "register_model_2")["description"] = "changed"
    write(applied / "template.yaml", template)
    before = kept(applied)
    result = flowplan(verb, "--format", form)
    assert result.code == 1
    assert "--auto-approve" in result.out + result.err
    assert kept(applied) == before


@pytest.mark.parametrize("word", ["", "no\n", "y\n", "YES please\n"])
def test_words_on_a_pipe_are_no_approval(project, process, word):
    child = process("apply", stdin=-1)
    child.communicate(word, timeout=60)
    assert child.returncode == 1
    assert set(kept(project)) == {"template.yaml"}


def test_an_apply_that_changes_nothing_needs_no_approval(applied, flowplan):
    assert flowplan("apply").code == 0


def test_destroying_nothing_is_done(project, flowplan):
    assert flowplan("destroy", "--auto-approve").code == 0
    assert flowplan("status", "--format", "json").json["state"] == "NOT_STARTED"


def test_changes_are_exit_2_only_when_asked(project, flowplan):
    assert flowplan("plan").code == 0
    assert flowplan("plan", "--detailed-exitcode").code == 2
    assert flowplan("apply", "--auto-approve").code == 0
    assert flowplan("plan", "--detailed-exitcode").code == 0
    assert flowplan("plan", "--destroy", "--detailed-exitcode").code == 2


@pytest.mark.parametrize("verb", [("plan",), ("apply", "--auto-approve")], ids=" ".join)
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_unreachable_cluster_is_fp322_and_nothing_is_written(project, flowplan, verb, form):
    before = files(project)
    result = flowplan(*verb, "--endpoint", NOWHERE, "--format", form)
    assert result.code == 1
    if form == "json":
        assert result.codes == ["FP322"]
    else:
        assert "error[FP322]" in result.err
    assert {name: data for name, data in files(project).items() if not name.endswith(".lock")} == before  # fmt: skip


def test_an_unreachable_cluster_keeps_a_destroy_from_beginning(here, process, project):
    child = process("sandbox", "serve", "--port", "0")
    url = child.stdout.readline().split()[-1]
    assert process("apply", "--auto-approve", "--endpoint", url).wait(60) == 0
    child.terminate()
    child.wait(30)
    before = kept(here)
    gone = process("destroy", "--auto-approve", "--endpoint", url, "--format", "json")
    out, _ = gone.communicate(timeout=90)
    assert gone.returncode == 1
    assert json.loads(out)["diagnostics"][0]["code"] == "FP322"
    assert kept(here) == before


def test_no_refresh_plans_from_the_state_alone(applied, flowplan):
    template = chat()
    inputs(template, "register_model_2")["description"] = "changed"
    write(applied / "template.yaml", template)
    result = flowplan("plan", "--no-refresh", "--endpoint", NOWHERE, "--format", "json")
    assert result.code == 0
    assert result.json["summary"]["update"] == 1


def test_a_failure_part_way_is_3_and_the_next_apply_goes_on(project, flowplan):
    assert flowplan("apply", "--auto-approve", "--endpoint", "sandbox:?deploy_fail=*").code == 3
    made = flowplan("status", "--format", "json").json["resources_created"]
    result = flowplan("apply", "--auto-approve", "--format", "json")
    assert result.code == 0
    assert result.lines[-1]["created"] == 0
    again = flowplan("status", "--format", "json").json
    assert again["state"] == "COMPLETED"
    assert again["resources_created"][:2] == made[:2]


def test_a_first_step_that_fails_changes_nothing_and_is_1(project, flowplan):
    template = chat()
    inputs(template, "create_connector_1")["protocol"] = "nonsense"
    write(project / "template.yaml", template)
    result = flowplan("apply", "--auto-approve", "--format", "json")
    assert result.code == 1
    types = [line["type"] for line in result.lines if "type" in line]
    assert "step_completed" not in types


@pytest.mark.parametrize(
    "argv",
    [
        (), ("plam",), ("plan", "--nope"), ("plan", "a", "b"), ("plan", "--format", "xml"),
        ("plan", "--format"), ("apply", "--lock-timeout", "5"), ("apply", "--parallelism", "0"),
        ("apply", "--parallelism", "x"), ("state",), ("state", "lits"), ("sandbox",),
        ("sandbox", "serve", "--port", "70000"), ("completion", "tcsh"), ("steps", "--port"),
        ("plan", "-p", "novalue"), ("plan", "--endpoint", ""), ("plan", "--endpoint", "sandbox:?latncy=1s"),
        ("plan", "--endpoint", "sandbox:?latency=x"), ("plan", "--endpoint", "sandbox:?error_rate=2"),
        ("plan", "--endpoint", "sandbox:."),
        ("sandbox", "serve", "--endpoint", "sandbox:?latncy=1s"),
        ("sandbox", "serve", "--endpoint", "sandbox:."), ("sandbox", "serve", "--endpoint", "https://x"),
    ],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_wrong_call_is_64_with_a_diagnostic(project, flowplan, argv, form):
    result = flowplan(*argv, *(("--format", "json") if form == "json" and "--format" not in argv else ()))  # fmt: skip
    assert result.code == 64, result.err
    assert "FP" in result.out + result.err
    assert set(files(project)) == {"template.yaml"}


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://", "https://h:99999", "nonsense", "http://[::1"]
)
def test_an_endpoint_that_is_none_is_told(project, flowplan, url):
    result = flowplan("plan", "--endpoint", url)
    assert result.code in {1, 64}
    assert "error[FP" in result.err
    assert set(files(project)) == {"template.yaml"}


def test_a_file_that_is_no_sandbox_is_left_alone(project, flowplan):
    (project / "notes.db").write_text("my notes")
    result = flowplan("plan", "--endpoint", "sandbox:notes.db")
    assert result.code == 64
    assert "notes.db" in result.err
    assert (project / "notes.db").read_text() == "my notes"


@pytest.mark.parametrize("argv", [("plan",), ("sandbox", "serve")], ids=" ".join)
def test_a_sandbox_that_cannot_be_made_is_told(project, flowplan, argv):
    (project / "file").write_text("")
    result = flowplan(*argv, "--endpoint", "sandbox:file/sandbox.db")
    assert result.code == 1
    assert "error[FP6" in result.err


def test_an_unknown_step_type_is_refused_with_its_nearest_name(flowplan):
    result = flowplan("steps", "deploy_modl")
    assert result.code in {1, 64}
    assert "deploy_model" in result.err


def test_ci_without_an_endpoint_is_a_wrong_call(project, flowplan, monkeypatch):
    monkeypatch.setenv("CI", "1")
    for verb in ("plan", "apply", "destroy"):
        assert flowplan(verb).code == 64
    assert set(files(project)) == {"template.yaml"}


def test_ci_without_an_endpoint_still_reads(applied, flowplan, monkeypatch):
    monkeypatch.setenv("CI", "true")
    for argv in (("validate",), ("status",), ("show",), ("output",), ("graph",), ("state", "list")):
        assert flowplan(*argv).code == 0


def test_ci_with_an_endpoint_works(project, flowplan, monkeypatch):
    monkeypatch.setenv("CI", "1")
    monkeypatch.setenv("FLOWPLAN_ENDPOINT", "sandbox:")
    assert flowplan("plan").code == 0


@pytest.mark.parametrize("argv", [("-q", "plan"), ("plan", "-q"), ("plan", "-v"), ("-v", "plan")], ids=" ".join)  # fmt: skip
def test_quiet_and_verbose_stand_on_either_side_of_the_verb(project, flowplan, argv):
    assert flowplan(*argv).code == 0


@pytest.mark.parametrize("word", ["30s", "5m", "500ms", "1h", "1.5s"])
def test_durations_are_written_with_their_unit(applied, flowplan, word):
    assert flowplan("apply", "--lock-timeout", word).code == 0


def test_no_verb_is_silent_about_a_missing_template(here, flowplan):
    for verb in ("plan", "apply", "destroy", "validate", "status", "show", "output", "graph"):
        result = flowplan(verb)
        assert result.code in {1, 64}, verb
        assert "error[FP" in result.err
    assert list(here.iterdir()) == []
