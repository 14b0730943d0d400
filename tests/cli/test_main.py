"""The entry point: version, help, errors and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flowplan import __version__
from flowplan.cli.app import SANDBOX_VERBS, STATE_VERBS, VERBS
from flowplan.cli.guard import Terminated

AT_ONCE = {
    "flowplan", "flowplan.__main__", "flowplan.cli", "flowplan.cli.help_page",
    "flowplan.cli.help_width", "flowplan.render", "flowplan.render.at_once", "__future__",
}  # fmt: skip
NOT_TO_VALIDATE = {
    "requests", "urllib3", "jinja2", "deepdiff", "ssl", "socket", "asyncio", "rich", "hashlib",
    "decimal", "difflib", "email", "html", "concurrent", "logging", "shutil", "filelock",
    "flowplan.state", "flowplan.http", "flowplan.cli.endpoint", "flowplan.cli.next_step",
    "flowplan.planner.plan", "flowplan.planner.planfile", "flowplan.planner.workspace",
    "flowplan.planner.expressions.parse",
}  # fmt: skip
PATHS = [
    *([verb] for verb in VERBS if verb not in {"state", "sandbox"}),
    *(["state", verb] for verb in STATE_VERBS),
    *(["sandbox", verb] for verb in SANDBOX_VERBS),
]


def imported_by(*argv: str) -> set[str]:
    code = "from flowplan.__main__ import main; import sys; main(sys.argv[1:])"
    return modules_after(code, *argv)


def modules_after(code: str, *argv: str) -> set[str]:
    show = "import sys; print(*sys.modules, sep='\\n', file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {show}", *argv], capture_output=True, text=True, check=True
    )
    return set(done.stderr.splitlines())


def below(loaded: set[str], names: set[str]) -> set[str]:
    """What was loaded of these packages and modules."""
    return {name for name in loaded if any(f"{name}.".startswith(f"{it}.") for it in names)}


@pytest.mark.parametrize("word", ["--version", "--help", "-h"])
def test_what_is_known_beforehand_loads_nothing_at_all(word):
    assert imported_by(word) - modules_after("pass") <= AT_ONCE


def test_the_version_is_that_of_the_package(flowplan):
    assert flowplan("--version").out == f"flowplan {__version__}\n"


def test_the_help_of_a_verb_loads_nothing_heavy_and_no_other_verb():
    loaded = imported_by("plan", "--help")
    heavy = {"requests", "ssl", "yaml", "jinja2", "rich", "flowplan.planner", "flowplan.state"}
    assert not below(loaded, heavy | {"flowplan.providers", "flowplan.http"})
    assert below(loaded, {"flowplan.cli.commands"}) == {
        "flowplan.cli.commands", "flowplan.cli.commands.plan",
    }  # fmt: skip


def test_a_validation_loads_neither_state_nor_http_nor_what_only_errors_need(project):
    assert not below(imported_by("validate"), NOT_TO_VALIDATE)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_verb_has_help(flowplan, path):
    result = flowplan(*path, "--help")
    assert result.code == 0
    assert f"Usage: flowplan {' '.join(path)}" in result.out


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_the_help_of_a_verb_is_the_one_in_the_table(flowplan, path):
    table = {"state": STATE_VERBS, "sandbox": SANDBOX_VERBS}.get(path[0], VERBS)
    assert table[path[-1]] in flowplan(*path, "--help").out


def test_the_help_has_the_exit_codes(flowplan):
    out = flowplan("--help").out
    assert "saved plan is stale" in out
    assert all(verb in out for verb in VERBS)


def test_without_a_command_the_help_is_shown_and_the_exit_is_64(flowplan):
    result = flowplan()
    assert result.code == 64
    assert "Commands:" in result.err


@pytest.mark.parametrize(
    ("argv", "code", "near"),
    [
        (["plam"], "FP602", 'did you mean "flowplan plan"?'),
        (["state", "lst"], "FP602", 'did you mean "flowplan state list"?'),
        (["zzz"], "FP602", "Commands: init, validate, plan"),
        (["plan", "--ot", "x"], "FP603", "did you mean --out?"),
        (["plan", "--zzzzz"], "FP603", "flowplan plan --help"),
        (["plan", "--env", "prod"], "FP627", "flowplan init"),
        (["graph", "--format", "html"], "FP604", "'mermaid'"),
        (["apply", "--lock-timeout", "5"], "FP604", "30s, 5m or 500ms"),
        (["apply", "--parallelism", "0"], "FP604", "1<=x<=256"),
        (["state", "show"], "FP604", "missing argument"),
        (["plan"], "FP605", "template.yaml, template.yml, template.json"),
        (["plan", "a.yaml", "--template", "b.yaml"], "FP606", "a.yaml and b.yaml"),
        (["plan", "--state", "a.json"], "FP607", "--template"),
        (["apply", "a.yaml", "--plan", "p"], "FP611", ""),
        (["sandbox", "serve", "--endpoint", "http://a"], "FP612", "sandbox:PATH"),
    ],
)
def test_a_wrong_call_exits_64_with_its_code_and_a_remedy(flowplan, argv, code, near):
    result = flowplan(*argv)
    assert result.code == 64
    assert result.out == ""
    assert f"error[{code}]" in result.err
    assert near in result.err
    assert "!" not in result.err


def test_a_wrong_call_with_json_is_a_document_on_stdout(flowplan):
    result = flowplan("plan", "--zzzzz", "--format", "json")
    assert result.code == 64
    assert result.json["diagnostics"][0]["code"] == "FP603"
    assert result.err == ""


def test_ci_without_an_endpoint_is_refused(flowplan, project, monkeypatch):
    monkeypatch.setenv("CI", "true")
    for verb in ("plan", "apply", "destroy"):
        result = flowplan(verb)
        assert result.code == 64
        assert "FP610" in result.err
    assert [path.name for path in project.iterdir()] == ["template.yaml"]


@pytest.mark.parametrize("value", ["", "false", "0"])
def test_ci_that_says_no_is_no_ci(flowplan, project, monkeypatch, value):
    monkeypatch.setenv("CI", value)
    assert flowplan("plan").code == 0


def test_ci_with_a_named_sandbox_works(flowplan, project, monkeypatch):
    monkeypatch.setenv("CI", "true")
    result = flowplan("plan", "--endpoint", "sandbox:")
    assert result.code == 0
    assert "No endpoint" not in result.err


def test_the_default_sandbox_is_said_on_stderr(flowplan, project):
    result = flowplan("plan")
    assert "this works on the sandbox in .flowplan/sandbox.db" in result.err
    assert "No endpoint" not in result.out


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (Terminated(), 143), (SystemExit(9), 9)]
)
def test_an_interruption_has_its_exit_code(flowplan, monkeypatch, error, code):
    def interrupted(argv):
        raise error

    monkeypatch.setattr("flowplan.cli.app.run", interrupted)
    assert flowplan("plan").code == code


def test_an_unexpected_error_is_fp900_and_exits_70(flowplan, monkeypatch, tmp_path):
    def broken(argv):
        raise RuntimeError("sk-planted-in-the-tests")

    monkeypatch.setattr("flowplan.cli.app.run", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = flowplan("plan", "--format", "json")
    assert result.code == 70
    (diagnostic,) = result.json["diagnostics"]
    assert diagnostic["code"] == "FP900"
    (log,) = tmp_path.glob("flowplan-*.log")
    assert str(log) in diagnostic["detail"]


def test_a_reader_that_goes_away_is_no_error(process, project):
    child = process("steps")
    child.stdout.close()
    assert child.wait(30) == 0
    assert child.stderr.read() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_and_fails(process):
    with Path("/dev/full").open("w") as full:
        child = process("steps", stdout=full)
        assert child.wait(30) == 1
    assert "FP609" in child.stderr.read()


def test_colour_follows_the_flag(flowplan, project):
    assert "\x1b[" in flowplan("plan", "--color", "always").out
    assert "\x1b[" in flowplan("--color", "always", "plan").out
    assert "\x1b[" not in flowplan("plan", "--color", "always", "--no-color").out
    assert "\x1b[" not in flowplan("plan").out


def test_force_color_colours_a_pipe(flowplan, project, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in flowplan("plan").out
    assert "\x1b[" not in flowplan("--no-color", "plan").out


def test_json_into_gets_the_diagnostics_of_a_failure(flowplan, tmp_path):
    result = flowplan("validate", "none.yaml", "--json-into", "d.json")
    assert result.code == 1
    assert json.loads((tmp_path / "d.json").read_text())["diagnostics"][0]["code"] == "FP100"
    assert "none.yaml can't be read" in result.err


def test_what_reads_the_state_loads_neither_http_nor_jinja_nor_rich(applied):
    for verb in ("status", "output", "show"):
        loaded = imported_by(verb)
        assert not loaded & {"requests", "urllib3", "ssl", "jinja2", "deepdiff", "rich", "asyncio"}


def test_an_unchanged_plan_loads_neither_deepdiff_nor_rich(applied):
    loaded = imported_by("plan")
    assert "requests" in loaded
    assert not loaded & {"deepdiff", "jinja2", "rich", "html.entities", "boto3", "psycopg"}


def test_closed_streams_are_no_crash(project):
    line = f'"{sys.executable}" -m flowplan apply <&- >&- 2>err'
    done = subprocess.run(line, shell=True, check=False)
    assert done.returncode == 1
    assert "FP630" in Path("err").read_text()
    line = f'"{sys.executable}" -m flowplan apply --auto-approve <&- >&- 2>&-'
    assert subprocess.run(line, shell=True, check=False).returncode == 0
