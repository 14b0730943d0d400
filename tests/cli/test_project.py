"""Verbs with a project file: environments, params, credentials, permissions."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from flowplan.cli.app import build_app
from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import parse_options
from flowplan.providers.sandbox.server import SandboxServer
from tests.cli.conftest import SECRET

PROJECT = """\
default_env: dev
environments:
  dev:
    endpoint: "sandbox:"
    params: {openai_key: {env: MY_KEY}}
  prod:
    endpoint: ENDPOINT
    params: {openai_key: {file: secrets/key}, model: gpt-4o}
    credentials: {username: admin, password: {env: MY_PASSWORD}}
"""
INDEX = """\
name: docs
workflows:
  provision:
    nodes:
      - id: scratch
        type: create_index
        user_inputs: {index_name: docs, configurations: {mappings: {}}}
"""


class Recording:
    """A sandbox that remembers who asked."""

    def __init__(self, app):
        self.app = app
        self.seen = set()

    def __call__(self, environ, start_response):
        self.seen.add(environ.get("HTTP_AUTHORIZATION"))
        return self.app(environ, start_response)

    def close(self):
        self.app.close()


@pytest.fixture
def cluster(tmp_path):
    """A cluster on a port, and the Authorization headers that it was sent."""
    options = parse_options(f"sandbox:{tmp_path / 'c.db'}").at(tmp_path / "c.db")
    app = Recording(SandboxApp(options))
    server = SandboxServer(app)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    app.url = server.url
    yield app
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def with_project(project, monkeypatch):
    """A directory with a template and a project file of two environments."""

    def write(text=PROJECT, endpoint="http://127.0.0.1:1"):
        (project / "flowplan.yaml").write_text(text.replace("ENDPOINT", endpoint))
        (project / "secrets").mkdir(exist_ok=True)
        (project / "secrets" / "key").write_text(f"{SECRET}\n")
        return project

    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    for name in ("FLOWPLAN_ENV", "FLOWPLAN_USERNAME", "FLOWPLAN_PASSWORD", "FLOWPLAN_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MY_KEY", SECRET)
    return write


def test_the_default_environment_is_applied_and_has_its_own_state(with_project, flowplan):
    here = with_project()
    result = flowplan("apply", "--auto-approve")
    assert result.code == 0, result.err
    assert (here / "template.dev.state.json").is_file()
    assert (here / ".flowplan" / "sandbox.db").is_file()
    assert not (here / "template.state.json").exists()
    assert flowplan("status", "--format", "json").json["state"] == "COMPLETED"
    assert flowplan("status", "-e", "prod", "--format", "json").json["state"] == "NOT_STARTED"


def test_every_verb_works_from_below_without_a_template(with_project, flowplan, monkeypatch):
    (with_project() / "deep" / "inside").mkdir(parents=True)
    monkeypatch.chdir("deep/inside")
    for argv in (
        ["validate"], ["plan"], ["apply", "--auto-approve"], ["status"], ["show"], ["graph"],
        ["output", "model_id"], ["state", "list"], ["state", "show", "deploy_model_3"],
        ["destroy", "--auto-approve"],
    ):  # fmt: skip
        result = flowplan(*argv)
        assert result.code == 0, (argv, result.err)
    assert list(Path().iterdir()) == []


def test_an_environment_variable_names_the_environment_and_the_flag_comes_first(
    with_project, flowplan, monkeypatch
):
    with_project()
    monkeypatch.setenv("FLOWPLAN_ENV", "prod")
    assert "prod.state.json" in flowplan("plan", "--no-refresh").out
    assert "dev.state.json" in flowplan("plan", "--no-refresh", "-e", "dev").out
    monkeypatch.setenv("FLOWPLAN_ENV", "stage")
    assert "FP626" in flowplan("plan").err


def test_a_project_may_be_named_by_its_file_or_its_directory(with_project, flowplan, monkeypatch):
    here = with_project()
    monkeypatch.chdir("/")
    for named in (here, here / "flowplan.yaml"):
        assert flowplan("validate", "--project", str(named)).code == 0
    assert "FP100" in flowplan("validate", "--project", str(here / "none.yaml")).err


def test_params_come_from_the_environment_over_the_project_file(
    with_project, flowplan, monkeypatch
):
    with_project()

    def model(*argv):
        plan = flowplan("plan", "-e", "prod", "--no-refresh", "--format", "json", *argv).json
        fields = {tuple(field["path"]): field for field in plan["changes"][0]["fields"]}
        assert fields["credential", "openAI_key"]["after"] == "(sensitive)"
        return fields["parameters", "model"]["after"]

    monkeypatch.setenv("MY_PASSWORD", "hush")
    assert model() == "gpt-4o"
    monkeypatch.setenv("FLOWPLAN_PARAM_model", "from-environ")
    assert model() == "from-environ"
    assert model("-p", "model=from-flag") == "from-flag"


def test_a_missing_secret_is_told_by_what_needs_it_and_by_nothing_else(
    with_project, flowplan, monkeypatch
):
    with_project()
    monkeypatch.delenv("MY_KEY")
    for argv in (["validate"], ["plan"], ["apply", "--auto-approve"]):
        result = flowplan(*argv, "--format", "json")
        assert result.code == 1
        (found,) = result.json["diagnostics"]
        assert (found["code"], found["file"], found["line"]) == ("FP625", "flowplan.yaml", 5)
    for argv in (["status"], ["state", "list"], ["graph"], ["output"], ["show"]):
        assert flowplan(*argv).code == 0
    assert flowplan("validate", "-p", "openai_key=@secrets/key").code == 0


def test_a_sensitive_param_written_out_is_warned_of_without_its_value(with_project, flowplan):
    with_project(f"params: {{openai_key: {SECRET}}}\n")
    result = flowplan("validate")
    assert result.code == 0
    assert "warning[FP628]: flowplan.yaml:1:22" in result.err


def test_a_param_that_the_template_does_not_have_is_refused_with_its_place(with_project, flowplan):
    with_project("params: {openai_key: {env: MY_KEY}, modle: x}\n")
    result = flowplan("validate")
    assert result.code == 1
    assert "error[FP160]: flowplan.yaml:1:44" in result.err
    assert 'Did you mean "model"?' in result.err


def test_the_environments_credentials_reach_its_cluster(
    with_project, flowplan, cluster, monkeypatch
):
    with_project(endpoint=cluster.url)
    monkeypatch.setenv("MY_PASSWORD", "hush")
    assert flowplan("apply", "-e", "prod", "--auto-approve").code == 0
    assert cluster.seen == {"Basic YWRtaW46aHVzaA=="}


def test_a_variable_comes_before_the_projects_credentials(
    with_project, flowplan, cluster, monkeypatch
):
    with_project(endpoint=cluster.url)
    monkeypatch.setenv("FLOWPLAN_TOKEN", "a-token")
    assert flowplan("plan", "-e", "prod").code == 0
    assert cluster.seen == {"Bearer a-token"}


def test_a_plan_from_the_state_alone_needs_no_credentials(with_project, flowplan):
    with_project()
    assert flowplan("plan", "-e", "prod", "--no-refresh").code == 0
    result = flowplan("apply", "-e", "prod", "--no-refresh", "--auto-approve")
    assert (result.code, "FP625" in result.err) == (1, True)


def test_credentials_are_not_sent_to_another_endpoint(with_project, flowplan, cluster, monkeypatch):
    with_project()
    monkeypatch.setenv("MY_PASSWORD", "hush")
    result = flowplan("plan", "-e", "prod", "--endpoint", cluster.url)
    assert result.code == 0
    assert "warning[FP638]" in result.err
    assert cluster.seen == {None}


def test_without_an_endpoint_in_the_file_its_credentials_go_to_the_one_that_is_named(
    with_project, flowplan, cluster, monkeypatch
):
    with_project("credentials: {token: {env: T}}\nparams: {openai_key: {env: MY_KEY}}\n")
    monkeypatch.setenv("T", "a-token")
    result = flowplan("plan", "--endpoint", cluster.url)
    assert (result.code, cluster.seen) == (0, {"Bearer a-token"})


def test_a_certificate_of_the_project_file_that_is_not_there_is_told_with_its_place(
    with_project, flowplan
):
    with_project(
        "endpoint: https://127.0.0.1:1\nparams: {openai_key: {env: MY_KEY}}\n"
        "credentials: {ca: none.pem}\n"
    )
    result = flowplan("plan")
    assert result.code == 1
    assert "error[FP321]: flowplan.yaml:3:19: credentials.ca names a file" in result.err


def test_an_endpoint_of_the_project_file_is_enough_in_ci(with_project, flowplan, monkeypatch):
    with_project()
    monkeypatch.setenv("CI", "true")
    result = flowplan("plan")
    assert result.code == 0
    assert "No endpoint is named" not in result.err


def test_a_saved_plan_remembers_its_environment(with_project, flowplan, cluster, monkeypatch):
    here = with_project(endpoint=cluster.url)
    monkeypatch.setenv("MY_PASSWORD", "hush")
    assert flowplan("plan", "-e", "prod", "--out", "p.plan").code == 0
    assert "hush" not in (here / "p.plan").read_text()
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    result = flowplan("apply", "--plan", "../p.plan")
    assert result.code == 0, result.err
    assert (here / "template.prod.state.json").is_file()
    assert cluster.seen == {"Basic YWRtaW46aHVzaA=="}


def test_a_saved_plan_of_another_environment_is_refused(with_project, flowplan):
    with_project()
    flowplan("plan", "--out", "p.plan")
    result = flowplan("apply", "--plan", "p.plan", "-e", "prod")
    assert (result.code, "FP633" in result.err) == (64, True)
    assert flowplan("apply", "--plan", "p.plan", "-e", "dev").code == 0


def test_a_saved_destroy_finds_the_projects_sandbox(with_project, flowplan, monkeypatch):
    here = with_project()
    assert flowplan("apply", "--auto-approve").code == 0
    assert flowplan("plan", "--destroy", "--out", "p.plan").code == 0
    monkeypatch.chdir("/")
    result = flowplan("apply", "--plan", str(here / "p.plan"), "--format", "json")
    assert result.code == 0, result.out
    assert result.lines[-1]["deleted"] == 3


@pytest.fixture
def scratch(with_project, flowplan):
    """An index that the project file allows to delete, applied."""
    here = with_project("allow_delete: [scratch]\nparallelism: 2\n")
    (here / "template.yaml").write_text(INDEX)
    assert flowplan("apply", "--auto-approve").code == 0
    return here


def test_a_plan_says_which_file_allows_a_loss(scratch, flowplan):
    result = flowplan("plan", "--destroy")
    assert "allowed by flowplan.yaml" in result.out
    assert "blocked" not in result.out
    assert flowplan("destroy", "--auto-approve").code == 0


def test_a_loss_that_the_flag_allows_is_not_the_files(scratch, flowplan):
    for word in ("scratch", "docs", "all"):
        result = flowplan("plan", "--destroy", "--allow-delete", word)
        assert "allowed by" not in result.out


def test_what_holds_no_data_needs_nobodys_permission(with_project, flowplan):
    with_project(PROJECT + "allow_delete: [create_connector_1]\n")
    assert flowplan("apply", "--auto-approve").code == 0
    assert "allowed by" not in flowplan("plan", "--destroy").out


def test_the_sandbox_of_the_project_is_the_one_that_is_served(with_project, process):
    here = with_project()
    (here / "below").mkdir()
    child = process("sandbox", "serve", "--port", "0", cwd=here / "below")
    assert child.stdout.readline().startswith("listening on http://127.0.0.1:")
    child.terminate()
    child.wait(10)
    assert (here / ".flowplan" / "sandbox.db").is_file()
    assert not (here / "below" / ".flowplan").exists()


def test_a_loss_that_the_file_does_not_name_stays_blocked(scratch, flowplan):
    (scratch / "flowplan.yaml").write_text("allow_delete: [other]\n")
    assert "needs --allow-delete docs" in flowplan("plan", "--destroy").out
    assert flowplan("destroy", "--auto-approve").code == 1


def test_the_next_step_names_project_and_environment(with_project, flowplan):
    with_project()
    last = flowplan("plan", "-e", "dev", "--project", "flowplan.yaml").out.splitlines()[-1]
    assert last == "Next: flowplan apply --project flowplan.yaml -e dev"


def test_a_mistake_in_the_project_file_ends_every_verb_that_reads_it(with_project, flowplan):
    with_project("endpont: x\n")
    for argv in (["plan"], ["status"], ["state", "list"], ["graph"]):
        result = flowplan(*argv)
        assert result.code == 1
        assert "error[FP102]: flowplan.yaml:1:1" in result.err
    assert flowplan("steps").code == 0


def completions(words, incomplete):
    complete = ShellComplete(build_app(), {}, "flowplan", "_FLOWPLAN_COMPLETE")
    return [item.value for item in complete.get_completions(words, incomplete)]


def test_environments_are_completed(with_project):
    with_project()
    assert completions(["plan", "-e"], "") == ["dev", "prod"]
    assert completions(["plan", "-e"], "p") == ["prod"]


def test_a_broken_project_file_completes_nothing(with_project):
    with_project("[")
    assert completions(["plan", "-e"], "") == []


def test_nodes_are_completed_from_the_environments_state(with_project, flowplan):
    with_project()
    assert flowplan("apply", "--auto-approve").code == 0
    assert "deploy_model_3" in completions(["state", "show"], "dep")
    assert completions(["state", "show", "-e", "prod"], "dep") == []
