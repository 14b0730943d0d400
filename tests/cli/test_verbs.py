"""The verbs on the sandbox, from template to nothing left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SCHEMAS = Path(__file__).parent.parent.parent / "docs" / "schema"


def fits(name: str, document: object) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft7Validator(schema).validate(document)


def test_validate_says_what_is_there(flowplan, project):
    assert flowplan("validate").out == "template.yaml is valid: 3 nodes, 2 params, 1 output.\n"


def test_validate_in_json_is_the_diagnostics_document(flowplan, project):
    document = flowplan("validate", "--format", "json").json
    fits("diagnostics", document)
    assert document == {"valid": True, "diagnostics": []}


def test_validate_never_makes_a_file(flowplan, project):
    flowplan("validate")
    assert [path.name for path in project.iterdir()] == ["template.yaml"]


TWINS = """\
name: docs
workflows:
  provision:
    nodes:
      - {id: a, type: create_index, user_inputs: {index_name: "${{ name }}", configurations: {}}}
      - {id: b, type: create_index, user_inputs: {index_name: docs, configurations: {}}}
"""


def test_validate_finds_what_params_make_wrong(flowplan, project):
    (project / "template.yaml").write_text(TWINS)
    assert flowplan("validate", "-p", "name=other").code == 0
    result = flowplan("validate", "-p", "name=docs", "--format", "json")
    (found,) = result.json["diagnostics"]
    assert (result.code, found["code"], found["node"], found["line"]) == (1, "FP158", "b", 6)
    assert found["file"].endswith("template.yaml")


def test_an_unset_param_is_an_error_of_validate(flowplan, project, monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    result = flowplan("validate")
    assert result.code == 1
    assert "template.yaml:24:5" in result.err


def test_params_come_from_flags_and_files(flowplan, project, monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    (project / "p.json").write_text('{"openai_key": "sk-planted-in-the-tests"}')
    result = flowplan("plan", "--params-file", "p.json", "-p", "model=gpt-4o", "--format", "json")
    fields = {tuple(f["path"]): f["after"] for f in result.json["changes"][0]["fields"]}
    assert fields["parameters", "model"] == "gpt-4o"
    assert fields["credential", "openAI_key"] == "(sensitive)"


def test_warnings_of_a_plan_go_to_stderr_and_into_the_document(flowplan, project):
    text = flowplan("plan", "-p", "openai_key=sk-planted-in-the-tests")
    assert "warning[" in text.err
    assert "warning[" not in text.out
    document = flowplan("plan", "-p", "openai_key=sk-planted-in-the-tests", "--format", "json").json
    fits("plan", document)
    assert document["diagnostics"][0]["severity"] == "warning"
    assert document["diagnostics"][0]["line"] is None


def test_the_first_plan_creates_everything_in_order(flowplan, project):
    document = flowplan("plan", "--format", "json").json
    fits("plan", document)
    assert [(c["node"], c["action"]) for c in document["changes"]] == [
        ("create_connector_1", "create"), ("register_model_2", "create"),
        ("deploy_model_3", "create"),
    ]  # fmt: skip
    assert not (project / "template.state.json").exists()


def test_a_repeated_plan_is_byte_equal(flowplan, applied):
    argv = ("plan", "-p", "model=gpt-4o", "--format", "json")
    assert flowplan(*argv).out == flowplan(*argv).out


def test_detailed_exitcode_is_2_with_changes_and_0_without(flowplan, project):
    assert flowplan("plan", "--detailed-exitcode").code == 2
    assert flowplan("apply", "--auto-approve").code == 0
    assert flowplan("plan", "--detailed-exitcode").code == 0
    assert flowplan("plan").code == 0


def test_json_into_is_written_beside_the_text(flowplan, project):
    result = flowplan("plan", "--json-into", "plan.json")
    assert "Plan: 3 to create." in result.out
    document = json.loads((project / "plan.json").read_text())
    fits("plan", document)
    assert json.loads(flowplan("plan", "--format", "json").out) == document


def test_the_next_step_is_the_last_line(flowplan, project):
    last = flowplan("plan", "template.yaml", "-p", "model=x").out.splitlines()[-1]
    assert last == "Next: flowplan apply template.yaml -p model=x"


def test_the_next_step_shows_no_secret(flowplan, project):
    last = flowplan("plan", "-p", "openai_key=sk-planted-in-the-tests").out.splitlines()[-1]
    assert last.startswith("Next: flowplan apply -p")
    assert "openai_key=…" in last


def test_an_apply_in_text_ends_with_summary_and_outputs(flowplan, project):
    result = flowplan("apply", "--auto-approve")
    assert result.code == 0
    *_, summary, output = result.out.splitlines()
    assert summary.startswith("Applied: 3 created in ")
    assert output.startswith('model_id = "')
    assert "create_connector_1 ✔ created" in result.err


def test_quiet_leaves_the_result(flowplan, project):
    result = flowplan("apply", "--auto-approve", "-q")
    assert result.err == ""
    assert result.out.startswith("Applied: 3 created")


def test_an_apply_in_json_is_one_event_a_line(flowplan, project):
    result = flowplan("apply", "--auto-approve", "--format", "json", "--json-into", "e.json")
    events = result.lines
    for event in events:
        fits("event", event)
    assert events[0]["type"] == "plan"
    assert events[-1]["type"] == "summary"
    assert (events[-1]["state"], events[-1]["created"]) == ("COMPLETED", 3)
    done = [event["node"] for event in events if event["type"] == "step_completed"]
    assert done == ["create_connector_1", "register_model_2", "deploy_model_3"]
    written = (project / "e.json").read_text().splitlines()
    assert [json.loads(line)["type"] for line in written] == [event["type"] for event in events]


def test_an_apply_of_nothing_needs_no_approval(flowplan, applied):
    result = flowplan("apply")
    assert result.code == 0
    assert result.out.startswith("No changes. 3 resources match")


@pytest.mark.parametrize("verb", ["apply", "destroy"])
def test_without_a_terminal_nothing_is_changed_unasked(flowplan, applied, verb):
    before = (applied / "template.state.json").read_bytes()
    result = flowplan(verb, *(["-p", "model=gpt-4o"] if verb == "apply" else []))
    assert result.code == 1
    assert "FP630" in result.err
    assert "--auto-approve" in result.err
    assert (applied / "template.state.json").read_bytes() == before


def test_a_refused_approval_shows_the_plan(flowplan, project):
    assert "Plan: 3 to create." in flowplan("apply").out


def test_a_saved_plan_is_applied_once_and_then_stale(flowplan, project):
    assert flowplan("plan", "--out", "p.json").out.splitlines()[-1] == (
        "Next: flowplan apply --plan p.json"
    )
    assert flowplan("apply", "--plan", "p.json").code == 0
    again = flowplan("apply", "--plan", "p.json", "--format", "json")
    assert again.code == 5
    assert again.json["diagnostics"][0]["code"].startswith("FP2")


def test_a_saved_plan_finds_its_template_from_another_directory(flowplan, project, monkeypatch):
    flowplan("plan", "--out", "p.json")
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    assert flowplan("apply", "--plan", "../p.json").code == 0
    assert (project / "template.state.json").exists()
    assert not list((project / "elsewhere").iterdir())


def test_a_saved_plan_keeps_its_plain_params(flowplan, project):
    flowplan("plan", "--out", "p.json", "-p", "model=gpt-4o")
    assert flowplan("apply", "--plan", "p.json").code == 0
    assert '"gpt-4o"' in flowplan("state", "show", "create_connector_1").out


def test_a_saved_plan_is_shown_as_it_was(flowplan, project):
    planned = flowplan("plan", "--out", "p.json", "--format", "json").json
    assert flowplan("show", "p.json", "--format", "json").json == planned
    assert "Next: flowplan apply --plan p.json" in flowplan("show", "p.json").out


def test_a_saved_destroy_destroys(flowplan, applied):
    result = flowplan("plan", "--destroy", "--out", "p.json")
    assert "Plan: 3 to delete." in result.out
    assert flowplan("apply", "--plan", "p.json").code == 0
    assert flowplan("state", "list").out == ""


def test_status_before_and_after(flowplan, project):
    before = flowplan("status", "--format", "json").json
    assert before == {"workflow_id": None, "state": "NOT_STARTED"}
    flowplan("apply", "--auto-approve")
    after = flowplan("status", "--all", "--format", "json").json
    fits("status", after)
    assert after["state"] == "COMPLETED"
    assert len(after["workflow_id"]) == 20
    assert [item["workflow_step_id"] for item in after["resources_created"]] == [
        "create_connector_1", "register_model_2", "deploy_model_3",
    ]  # fmt: skip
    flowplan("destroy", "--auto-approve")
    assert flowplan("status", "--format", "json").json == {
        "workflow_id": after["workflow_id"], "state": "NOT_STARTED",
    }  # fmt: skip


def test_status_finds_the_state_of_a_named_template(flowplan, applied, monkeypatch):
    monkeypatch.chdir("/")
    for argv in (
        ["status", str(applied / "template.yaml")],
        ["status", "--template", str(applied / "template.yaml")],
        ["status", "--state", str(applied / "template.state.json")],
    ):
        assert "COMPLETED" in flowplan(*argv).out


def test_status_of_what_is_not_there_fails(flowplan, tmp_path):
    result = flowplan("status", "none.yaml")
    assert result.code == 1
    assert "none.yaml can't be read" in result.err


def test_outputs_are_printed_for_people_and_scripts(flowplan, applied):
    document = flowplan("output", "--format", "json").json
    fits("output", document)
    model = document["model_id"]["value"]
    assert flowplan("output", "model_id").out == f"{model}\n"
    assert flowplan("output", "model_id", "--format", "json").json == model
    assert flowplan("output").out == f'model_id = "{model}"\n'


def test_an_unknown_output_names_the_nearest(flowplan, applied):
    result = flowplan("output", "modelid")
    assert result.code == 1
    assert "FP490" in result.err
    assert 'did you mean "model_id"?' in result.err


def test_an_unknown_node_names_the_nearest(flowplan, applied):
    result = flowplan("state", "show", "deploy_model_2")
    assert result.code == 1
    assert "FP491" in result.err
    assert "deploy_model_3" in result.err


def test_the_state_is_listed_one_node_a_line(flowplan, applied):
    names = ["create_connector_1", "register_model_2", "deploy_model_3"]
    assert flowplan("state", "list").out.splitlines() == names
    assert flowplan("state", "list", "--format", "json").json == {"nodes": names}


def test_show_draws_the_state_without_secrets(flowplan, applied):
    assert "credential.openAI_key" in flowplan("show").out
    document = flowplan("show", "--format", "json").json
    fits("show", document)
    assert "salt" not in document


@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "json"])
def test_a_graph_is_drawn_from_the_template_without_params(flowplan, project, form, monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    result = flowplan("graph", "--format", form)
    assert result.code == 0
    assert "register_model_2" in result.out
    if form == "json":
        fits("graph", result.json)
        assert result.json["edges"][0]["kinds"] == ["previous_node_inputs"]


def test_a_graph_is_drawn_from_the_state_alone(flowplan, applied):
    (applied / "template.yaml").unlink()
    result = flowplan("graph", "--state", "template.state.json", "--format", "json")
    assert len(result.json["edges"]) == 2


def test_steps_are_flow_frameworks(flowplan):
    document = flowplan("steps", "--format", "json").json
    fits("steps", document)
    assert list(flowplan("steps", "noop", "deploy_model", "--format", "json").json) == [
        "noop", "deploy_model",
    ]  # fmt: skip


def test_destroy_works_after_the_template_is_gone(flowplan, applied):
    (applied / "template.yaml").unlink()
    result = flowplan("destroy", "--state", "template.state.json", "--auto-approve")
    assert result.code == 0
    assert result.out.splitlines()[-1].startswith("Destroyed: 3 deleted in ")


def test_destroy_twice_is_no_error(flowplan, applied):
    assert flowplan("destroy", "--auto-approve").code == 0
    again = flowplan("destroy")
    assert again.code == 0
    assert again.out == "No changes. Nothing is left to destroy.\n"


def test_destroy_refuses_the_state_of_another_template(flowplan, applied):
    (applied / "template.json").write_text('{"name": "other", "workflows": {}}')
    result = flowplan("destroy", "template.json", "--auto-approve")
    assert result.code == 1
    assert '"other"' in result.err
    assert len(flowplan("state", "list", "template.yaml").out.splitlines()) == 3


def test_flags_may_stand_before_the_verb(flowplan, applied):
    assert "= deploy_model_3" in flowplan("-v", "plan").out
    assert "= deploy_model_3" in flowplan("plan", "-v").out


def test_an_unreachable_cluster_fails_and_writes_nothing(flowplan, project):
    result = flowplan("apply", "--auto-approve", "--endpoint", "http://127.0.0.1:9")
    assert result.code == 1
    assert "FP322" in result.err
    assert not (project / "template.state.json").exists()


def test_no_refresh_plans_without_the_cluster(flowplan, applied):
    result = flowplan("plan", "--no-refresh", "--endpoint", "http://127.0.0.1:9")
    assert result.code == 0
    assert result.out.endswith("(compared with the state only).\n")


def test_a_broken_template_does_not_hide_the_state(flowplan, applied):
    (applied / "template.yaml").write_text("name: [")
    assert "COMPLETED" in flowplan("status").out
    assert flowplan("output", "model_id").code == 0
    assert flowplan("destroy", "--auto-approve").code == 1


def test_an_old_json_file_is_emptied_before_a_run(flowplan, project):
    (project / "e.json").write_text("old")
    assert flowplan("apply", "--json-into", "e.json").code == 1
    (line,) = (project / "e.json").read_text().splitlines()
    assert json.loads(line)["diagnostics"][0]["code"] == "FP630"


def test_a_json_file_that_cannot_be_written_is_told_before_the_work(flowplan, project):
    result = flowplan("apply", "--auto-approve", "--json-into", "no/such/e.json")
    assert result.code == 64
    assert "FP608" in result.err
    assert not (project / "template.state.json").exists()


def test_quiet_still_says_that_there_is_nothing_to_do(flowplan, applied):
    assert flowplan("apply", "-q").out.startswith("No changes.")


def test_no_file_that_a_run_leaves_holds_a_secret(flowplan, project):
    flowplan("plan", "--out", "p.json", "--json-into", "plan.json")
    flowplan("apply", "--plan", "p.json", "--json-into", "events.json")
    flowplan("plan", "-p", "model=gpt-4o", "--out", "q.json")
    files = [path for path in project.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        assert b"sk-planted-in-the-tests" not in path.read_bytes(), path
