"""A project with two environments, from `init` to nothing left, as a pipeline calls it."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.chat import KEY, chat, files, write

PROJECT = {
    "template": "templates/chat.json",
    "state": "states/{env}.state.json",
    "default_env": "dev",
    "params": {"openai_key": {"env": "OPENAI_KEY"}},
    "environments": {
        "dev": {"endpoint": "sandbox:dev.db"},
        "prod": {
            "endpoint": "sandbox:prod.db",
            "params": {"openai_key": {"file": "key.txt"}},
            "credentials": {"token": {"file": "token.txt"}},
        },
    },
}


@pytest.fixture
def two(here, monkeypatch):
    """A project file in JSON, its template and its secrets."""
    template = chat()
    connector = template["workflows"]["provision"]["nodes"][0]["user_inputs"]
    connector["credential"] = {"openAI_key": "${{ openai_key }}"}
    (here / "templates").mkdir()
    write(here / "templates" / "chat.json", template)
    write(here / "flowplan.yaml", PROJECT)
    (here / "key.txt").write_text(f"{KEY}\n")
    (here / "token.txt").write_text(f"{KEY}-token\n")
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    monkeypatch.setenv("OPENAI_KEY", f"{KEY}-dev")
    monkeypatch.setenv("CI", "true")
    return here


def test_each_environment_has_its_own_state_and_cluster(two, flowplan):
    ids = set()
    for name in ("dev", "prod"):
        result = flowplan("apply", "-e", name, "--auto-approve")
        assert result.code == 0, result.err
        ids.add(flowplan("status", "-e", name, "--format", "json").json["workflow_id"])
        assert (two / "states" / f"{name}.state.json").is_file()
        assert (two / f"{name}.db").is_file()
    assert len(ids) == 2
    result = flowplan("destroy", "-e", "prod", "--auto-approve", "--format", "json")
    assert result.lines[-1]["deleted"] == 3
    assert flowplan("plan", "--detailed-exitcode").code == 0
    assert flowplan("plan", "-e", "prod", "--detailed-exitcode").code == 2


def test_no_secret_is_written_anywhere(two, flowplan, tmp_path):
    for name in ("dev", "prod"):
        assert flowplan("plan", "-e", name, "--out", f"{name}.plan").code == 0
        assert flowplan("apply", "--plan", f"{name}.plan").code == 0
    holders = {name for name, data in files(tmp_path).items() if KEY.encode() in data}
    assert holders == {"work/key.txt", "work/token.txt"}


def test_a_plan_reviewed_in_one_step_is_applied_in_the_next_without_naming_the_environment(
    two, flowplan, conforms
):
    planned = flowplan("plan", "-e", "prod", "--out", "p.plan", "--format", "json")
    conforms(planned.json, "plan")
    assert flowplan("apply", "--plan", "p.plan").code == 0
    assert flowplan("status", "-e", "prod", "--format", "json").json["state"] == "COMPLETED"
    assert flowplan("status", "--format", "json").json["state"] == "NOT_STARTED"
    assert flowplan("apply", "--plan", "p.plan").code == 5


def test_a_plan_is_stale_when_a_secret_of_the_project_file_changed(two, flowplan, monkeypatch):
    assert flowplan("plan", "-e", "prod", "--out", "p.plan").code == 0
    (two / "key.txt").write_text("another")
    assert flowplan("apply", "--plan", "p.plan").code == 5


def test_a_repeated_plan_is_byte_equal_from_any_directory(two, flowplan, monkeypatch):
    plans = {flowplan("plan", "--format", "json").out}
    (two / "below").mkdir()
    monkeypatch.chdir(two / "below")
    plans.add(flowplan("plan", "--format", "json").out)
    documents = [json.loads(text) for text in plans]
    assert [item["changes"] for item in documents] == [documents[0]["changes"]] * len(documents)


def test_a_mistake_is_a_diagnostic_with_its_place_in_json(two, flowplan, conforms):
    write(two / "flowplan.yaml", PROJECT | {"enviroments": {}})
    result = flowplan("plan", "--format", "json")
    assert result.code == 1
    (found,) = conforms(result.json, "diagnostics")["diagnostics"]
    assert (found["code"], found["file"]) == ("FP102", "flowplan.yaml")
    assert found["hint"] == 'did you mean "environments"?'


def test_init_and_apply_need_no_cluster_and_no_key(here, flowplan, conforms, monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    conforms(flowplan("init", "--format", "json").json, "init")
    before = files(here)
    assert flowplan("init").code == 0
    assert files(here) == before
    assert flowplan("apply", "--auto-approve").code == 0
    assert flowplan("output", "model_id").out.strip()
