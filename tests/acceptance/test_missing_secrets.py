"""`plan --allow-missing-secrets`: what a pull request of a fork can say without the secrets."""

from __future__ import annotations

import pytest

from tests.acceptance.chat import KEY, chat, inputs, write

PLAN = ("plan", "--allow-missing-secrets")
SECRET = {"openai_key": {"type": "string", "sensitive": True}}


@pytest.fixture
def fork(applied, monkeypatch):
    """What was applied with its secret, seen by somebody who has none."""
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    return applied


def change(directory, node="register_model_2", **fields):
    template = chat()
    inputs(template, node).update(fields)
    write(directory / "template.yaml", template)


def actions(result):
    return {item["node"]: item["action"] for item in result.json["changes"]}


def fields(result, node):
    found = next(item for item in result.json["changes"] if item["node"] == node)
    return {".".join(map(str, item["path"])): item for item in found["fields"]}


def test_without_the_flag_a_missing_secret_is_an_error(fork, flowplan):
    result = flowplan("plan")
    assert result.code == 1
    assert "openai_key" in result.err


def test_what_a_recorded_secret_flows_into_is_unchanged(fork, flowplan):
    result = flowplan(*PLAN, "--detailed-exitcode", "--format", "json")
    assert result.code == 0
    assert set(actions(result).values()) == {"no-op"}


def test_the_plan_says_which_were_not_given(fork, flowplan):
    result = flowplan(*PLAN)
    assert "Not given: openai_key." in result.out
    assert "FP645" in result.err
    assert flowplan(*PLAN, "--format", "json").json["not_given"] == ["openai_key"]


def test_a_plan_with_all_its_secrets_does_not_speak_of_them(applied, flowplan):
    result = flowplan(*PLAN, "--format", "json")
    assert "not_given" not in result.json
    assert result.json["diagnostics"] == []


def test_other_changes_are_shown_as_always(fork, flowplan):
    change(fork, description="for all")
    result = flowplan(*PLAN, "--format", "json")
    assert actions(result)["register_model_2"] == "update"
    assert actions(result)["create_connector_1"] == "no-op"


def test_another_field_of_the_node_that_has_the_secret_is_a_change(fork, flowplan):
    change(fork, "create_connector_1", description="for all")
    result = flowplan(*PLAN, "--format", "json")
    assert list(fields(result, "create_connector_1")) == ["description"]


def test_what_is_built_from_it_is_unchanged_as_a_whole(here, flowplan, monkeypatch):
    template = chat()
    inputs(template, "create_connector_1")["credential"]["openAI_key"] = (
        "Bearer ${{ openai_key | upper }}!"
    )
    write(here / "template.yaml", template)
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    result = flowplan(*PLAN, "--format", "json")
    assert set(actions(result).values()) == {"no-op"}


def test_on_a_new_node_it_is_shown_as_not_given(project, flowplan, monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    result = flowplan(*PLAN)
    assert result.code == 0
    line = next(line for line in result.out.splitlines() if "credential.openAI_key" in line)
    assert line.split(maxsplit=1)[1] == "(sensitive, not given)"
    field = fields(flowplan(*PLAN, "--format", "json"), "create_connector_1")[
        "credential.openAI_key"
    ]
    assert (field["after"], field["known"], field["sensitive"], field["origin"]) == (None, False, True, None)  # fmt: skip


def test_a_new_field_of_a_node_that_exists_is_not_given(fork, flowplan):
    template = chat()
    inputs(template, "create_connector_1")["credential"]["second"] = "${{ openai_key }}"
    write(fork / "template.yaml", template)
    result = flowplan(*PLAN, "--format", "json")
    change = next(item for item in result.json["changes"] if item["node"] == "create_connector_1")
    assert list(fields(result, "create_connector_1")) == ["credential.second"]
    assert change["reason"] == "changed"


def test_an_empty_secret_is_a_missing_one(fork, flowplan, monkeypatch):
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", "")
    result = flowplan(*PLAN, "--format", "json")
    assert set(actions(result).values()) == {"no-op"}
    assert [item["code"] for item in result.json["diagnostics"]] == ["FP645"]


def test_one_that_the_project_file_points_to_may_be_missing_too(fork, flowplan):
    (fork / "flowplan.yaml").write_text("params:\n  openai_key: {env: NOT_HERE}\n")
    assert flowplan("plan").code == 1
    result = flowplan(*PLAN, "--format", "json")
    assert set(actions(result).values()) == {"no-op"}


def test_a_secret_by_its_place_alone_may_be_missing(here, flowplan, monkeypatch):
    template = chat()
    del template["flowplan"]
    write(here / "template.yaml", template)
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    result = flowplan(*PLAN, "--format", "json")
    assert result.json["not_given"] == ["openai_key"]


def test_a_param_that_is_no_secret_may_not_be_missing(here, flowplan):
    template = chat(params={**SECRET, "model": {"type": "string"}})
    inputs(template, "create_connector_1")["parameters"]["model"] = "${{ model }}"
    write(here / "template.yaml", template)
    result = flowplan(*PLAN)
    assert result.code == 1
    assert "model" in result.err


def test_an_output_made_of_it_is_unchanged(here, flowplan, monkeypatch):
    write(here / "template.yaml", chat(outputs={"key": "${{ openai_key }}"}))
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    result = flowplan(*PLAN, "--detailed-exitcode", "--format", "json")
    assert result.code == 0
    assert result.json["outputs"]["key"]["before"] == result.json["outputs"]["key"]["after"]


def test_it_works_from_the_state_alone(fork, flowplan):
    result = flowplan(*PLAN, "--no-refresh", "--endpoint", "http://127.0.0.1:1")
    assert result.code == 0
    assert "No changes." in result.out


def test_an_import_can_be_planned_without_it(applied, flowplan, monkeypatch):
    connector = flowplan("status", "--format", "json").json["resources_created"][0]["resource_id"]
    write(applied / "other.yaml", chat(imports=[{"node": "create_connector_1", "id": connector}]))
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    result = flowplan(*PLAN, "other.yaml", "--format", "json")
    assert result.code == 0, result.out + result.err
    assert actions(result)["create_connector_1"] == "import"


def test_a_saved_one_can_be_shown(fork, flowplan):
    change(fork, description="for all")
    assert flowplan(*PLAN, "--out", "p.plan").code == 0
    shown = flowplan("show", "p.plan")
    assert "1 to update" in shown.out
    assert "Not given: openai_key." in shown.out


def test_a_saved_one_is_never_applied(fork, flowplan, monkeypatch):
    change(fork, description="for all")
    result = flowplan(*PLAN, "--out", "p.plan")
    assert "Next:" not in result.out
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", KEY)
    state = (fork / "template.state.json").read_bytes()
    refused = flowplan("apply", "--plan", "p.plan")
    assert refused.code == 1
    assert "FP646" in refused.err
    assert (fork / "template.state.json").read_bytes() == state


def test_only_plan_knows_the_flag(fork, flowplan):
    assert flowplan("apply", "--auto-approve", "--allow-missing-secrets").code == 64
