"""The JSON documents: their shape is published, and scripts read exactly it."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.chat import NAME, ROOT, chat, inputs, write

ZERO = dict.fromkeys(
    ("create", "update", "replace", "delete", "import", "move", "forget", "no-op", "drift"), 0
)


def change(result, node):
    return next(item for item in result.json["changes"] if item["node"] == node)


def test_every_published_schema_is_a_schema():
    jsonschema = pytest.importorskip("jsonschema")
    found = list((ROOT / "docs" / "schema").glob("*.json"))
    assert found
    for path in found:
        schema = json.loads(path.read_text())
        jsonschema.validators.validator_for(schema).check_schema(schema)


def test_the_first_plan_is_the_contracts_document(project, flowplan, conforms):
    found = conforms(flowplan("plan", "--format", "json").json, "plan")
    assert found["format_version"] == "1.0"
    assert found["workflow"] == NAME
    assert found["endpoint"] == "sandbox:"
    assert found["mode"] == "apply"
    assert found["summary"] == ZERO | {"create": 3}
    assert found["drift"] == []
    assert found["diagnostics"] == []
    assert found["outputs"] == {
        "model_id": {"before": None, "after": None, "known": False, "sensitive": False}
    }


def test_the_changes_of_a_first_plan_have_all_the_contracts_keys(project, flowplan):
    found = flowplan("plan", "--format", "json").json["changes"]
    assert [item["node"] for item in found] == ["create_connector_1", "register_model_2", "deploy_model_3"]  # fmt: skip
    assert [item["depends_on"] for item in found] == [[], ["create_connector_1"], ["register_model_2"]]  # fmt: skip
    for item in found:
        assert item["action"] == "create"
        assert item["reason"] == "new"
        assert item["resource_id"] is None
        assert item["order"] is None
        assert item["steps"]
        for field in item["fields"]:
            assert {"path", "before", "after", "sensitive", "known", "forces_replace"} <= set(field)


def test_the_fields_of_a_create_are_its_leaves(project, flowplan):
    paths = [field["path"] for field in change(flowplan("plan", "--format", "json"), "create_connector_1")["fields"]]  # fmt: skip
    assert ["parameters", "model"] in paths
    assert ["actions", 0, "url"] in paths
    assert ["parameters"] not in paths


def test_a_credential_is_sensitive_and_an_unknown_is_null(project, flowplan):
    result = flowplan("plan", "--format", "json")
    fields = {tuple(field["path"]): field for node in ("create_connector_1", "register_model_2") for field in change(result, node)["fields"]}  # fmt: skip
    key = fields["credential", "openAI_key"]
    assert (key["before"], key["after"], key["sensitive"], key["known"]) == (None, "(sensitive)", True, True)  # fmt: skip
    link = fields[("connector_id",)]
    assert (link["before"], link["after"], link["sensitive"], link["known"]) == (None, None, False, False)  # fmt: skip


def test_a_repeated_plan_is_byte_equal(project, flowplan):
    assert flowplan("plan", "--format", "json").out == flowplan("plan", "--format", "json").out


def test_a_plan_without_changes_lists_or_omits_no_ops_but_counts_nothing_else(applied, flowplan, conforms):  # fmt: skip
    found = conforms(flowplan("plan", "--format", "json").json, "plan")
    assert {item["action"] for item in found["changes"]} <= {"no-op"}
    assert found["summary"] | {"no-op": 0} == ZERO


def test_the_unchanged_plan_counts_its_no_ops(applied, flowplan):
    found = flowplan("plan", "--format", "json").json
    assert found["summary"]["no-op"] == 3
    assert len(found["changes"]) == 3


def test_a_replacement_under_a_deployment_is_as_the_contract_says(applied, flowplan, conforms):
    before = {item["workflow_step_id"]: item["resource_id"] for item in flowplan("status", "--format", "json").json["resources_created"]}  # fmt: skip
    template = chat()
    inputs(template, "create_connector_1")["parameters"]["model"] = "gpt-4o"
    write(applied / "template.yaml", template)
    result = flowplan("plan", "--format", "json", "--detailed-exitcode")
    assert result.code == 2
    conforms(result.json, "plan")
    connector = change(result, "create_connector_1")
    assert (connector["action"], connector["reason"], connector["order"]) == ("replace", "changed", "create_before_destroy")  # fmt: skip
    assert connector["resource_id"] == before["create_connector_1"]
    model = change(result, "register_model_2")
    assert (model["action"], model["reason"]) == ("update", "dependency")
    link = next(field for field in model["fields"] if field["path"] == ["connector_id"])
    assert (link["before"], link["after"], link["known"]) == (before["create_connector_1"], None, False)  # fmt: skip
    assert result.json["summary"] == ZERO | {"replace": 1, "update": 1, "no-op": 1}


def test_a_replacement_keeps_the_models_id_and_counts_one_and_one(applied, flowplan, conforms):
    before = flowplan("output", "model_id", "--format", "json").json
    template = chat()
    inputs(template, "create_connector_1")["parameters"]["model"] = "gpt-4o"
    write(applied / "template.yaml", template)
    result = flowplan("apply", "--auto-approve", "--format", "json")
    assert result.code == 0
    summary = result.lines[-1]
    counts = {key: summary[key] for key in ("created", "updated", "replaced", "deleted", "failed", "skipped")}  # fmt: skip
    assert counts == {"created": 0, "updated": 1, "replaced": 1, "deleted": 0, "failed": 0, "skipped": 0}  # fmt: skip
    assert flowplan("output", "model_id", "--format", "json").json == before


def test_an_apply_is_one_event_a_line_and_each_conforms(project, flowplan, conforms):
    result = flowplan("apply", "--auto-approve", "--format", "json")
    assert result.code == 0
    lines = [conforms(line, "event") for line in result.lines]
    assert lines[0]["type"] == "plan"
    assert all("@timestamp" in line for line in lines)
    summary = lines[-1]
    assert summary["type"] == "summary"
    assert summary["state"] == "COMPLETED"
    assert summary["created"] == 3
    assert isinstance(summary["elapsed_ms"], (int, float))


def test_completed_steps_come_in_dependency_order_with_their_ids(project, flowplan):
    lines = flowplan("apply", "--auto-approve", "--format", "json").lines
    done = [line for line in lines if line["type"] == "step_completed"]
    assert [line["node"] for line in done] == ["create_connector_1", "register_model_2", "deploy_model_3"]  # fmt: skip
    assert [line["resource_type"] for line in done] == ["connector_id", "model_id", "model_id"]
    assert all(line["action"] == "create" and line["resource_id"] for line in done)
    assert all(line["elapsed_ms"] >= 0 for line in done)


def test_a_destroy_is_one_event_a_line(applied, flowplan, conforms):
    result = flowplan("destroy", "--auto-approve", "--format", "json")
    assert result.code == 0
    lines = [conforms(line, "event") for line in result.lines]
    assert lines[-1]["state"] == "NOT_STARTED"
    assert lines[-1]["deleted"] == 3
    done = [line["node"] for line in lines if line["type"] == "step_completed"]
    assert done == ["deploy_model_3", "register_model_2", "create_connector_1"]


def test_a_failed_step_has_its_diagnostic_in_the_event(project, flowplan, conforms):
    result = flowplan("apply", "--auto-approve", "--format", "json", "--endpoint", "sandbox:?deploy_fail=*")  # fmt: skip
    assert result.code == 3
    lines = [conforms(line, "event") for line in result.lines]
    failed = next(line for line in lines if line["type"] == "step_failed")
    text = json.dumps(failed)
    assert failed["node"] == "deploy_model_3"
    assert "FP3" in text
    assert lines[-1]["state"] == "FAILED"
    assert (lines[-1]["failed"], lines[-1]["created"]) == (1, 2)


def test_a_destroy_plan_deletes_what_is_there(applied, flowplan, conforms):
    found = conforms(flowplan("plan", "--destroy", "--format", "json").json, "plan")
    assert found["mode"] == "destroy"
    assert found["summary"] == ZERO | {"delete": 3}
    assert {item["action"] for item in found["changes"]} == {"delete"}


def test_output_is_one_document_or_one_bare_value(applied, flowplan, conforms):
    whole = conforms(flowplan("output", "--format", "json").json, "output")
    assert set(whole) == {"model_id"}
    assert whole["model_id"]["sensitive"] is False
    value = whole["model_id"]["value"]
    assert flowplan("output", "model_id", "--format", "json").json == value
    assert flowplan("output", "model_id").out == f"{value}\n"


def test_a_sensitive_output_is_never_printed_or_kept(here, flowplan):
    write(here / "template.yaml", chat(outputs={"key": "${{ openai_key }}"}))
    assert flowplan("apply", "--auto-approve").code == 0
    found = flowplan("output", "--format", "json").json["key"]
    assert found == {"value": "(sensitive)", "sensitive": True}
    assert flowplan("output", "key", "--format", "json").json == "(sensitive)"


def test_outputs_keep_the_type_of_their_value(here, flowplan):
    write(
        here / "template.yaml",
        chat(
            outputs={"n": "${{ n }}", "list": "${{ l }}", "flag": "${{ b }}"},
            params={
                "openai_key": {"type": "string", "sensitive": True},
                "n": {"type": "integer", "default": 3},
                "l": {"type": "array", "default": ["a", 1, None]},
                "b": {"type": "boolean", "default": False},
            },
        ),
    )
    result = flowplan("apply", "--auto-approve")
    assert result.code == 0, result.err
    found = flowplan("output", "--format", "json").json
    assert {name: item["value"] for name, item in found.items()} == {"n": 3, "list": ["a", 1, None], "flag": False}  # fmt: skip


def test_the_state_is_listed_one_node_a_line(applied, flowplan):
    found = flowplan("state", "list").out
    assert found == "create_connector_1\nregister_model_2\ndeploy_model_3\n"


@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "json"])
def test_a_graph_names_every_node_in_every_form(project, flowplan, form):
    result = flowplan("graph", "--format", form)
    assert result.code == 0
    for node in ("create_connector_1", "register_model_2", "deploy_model_3"):
        assert node in result.out


def test_a_graph_in_json_conforms_and_has_the_edges(project, flowplan, conforms):
    text = json.dumps(conforms(flowplan("graph", "--format", "json").json, "graph"))
    assert text.count("create_connector_1") >= 2


def test_show_of_a_saved_plan_is_the_plan(project, flowplan):
    planned = flowplan("plan", "--out", "p.plan", "--format", "json")
    shown = flowplan("show", "p.plan", "--format", "json")
    assert shown.code == 0
    assert shown.out == planned.out


def test_the_steps_are_flow_frameworks_body(flowplan, conforms):
    found = conforms(flowplan("steps", "--format", "json").json, "steps")
    ml = ["opensearch-ml"]
    assert found["register_remote_model"] == {
        "inputs": ["name", "connector_id"],
        "outputs": ["model_id", "register_model_status"],
        "required_plugins": ml,
    }
    assert found["deploy_model"] == {"inputs": ["model_id"], "outputs": ["model_id"], "required_plugins": ml, "timeout": "15s"}  # fmt: skip
    assert found["noop"] == {"inputs": [], "outputs": [], "required_plugins": []}
    assert set(found["create_connector"]["inputs"]) == {"name", "description", "version", "protocol", "parameters", "credential", "actions"}  # fmt: skip
    assert found["create_connector"]["timeout"] == "1m"
    for step in found.values():
        assert {"inputs", "outputs", "required_plugins"} <= set(step)


def test_steps_can_be_chosen(flowplan):
    assert set(flowplan("steps", "deploy_model", "noop", "--format", "json").json) == {"deploy_model", "noop"}  # fmt: skip


def test_json_into_gets_the_same_document(project, flowplan):
    result = flowplan("plan", "--format", "json", "--json-into", "p.json")
    assert json.loads((project / "p.json").read_text()) == result.json


def test_a_change_of_template_wording_that_means_the_same_plans_nothing(applied, flowplan):
    template = chat()
    template["workflows"]["provision"]["edges"].reverse()
    template["workflows"]["provision"]["nodes"].reverse()
    template["description"] = "other words"
    write(applied / "template.yaml", template)
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_validate_in_json_is_a_diagnostics_document(project, flowplan, conforms):
    found = conforms(flowplan("validate", "--format", "json").json, "diagnostics")
    assert found["diagnostics"] == []


def test_a_diagnostic_has_its_place_and_all_the_contracts_keys(here, flowplan, conforms):
    (here / "template.yaml").write_text("name: x\nworkflows:\n  provision:\n    nodes:\n      - {id: a, type: nope}\n")  # fmt: skip
    result = flowplan("validate", "--format", "json")
    assert result.code == 1
    conforms(result.json, "diagnostics")
    found = result.json["diagnostics"][0]
    assert set(found) >= {"severity", "code", "summary", "detail", "node", "file", "line", "column", "hint"}  # fmt: skip
    assert (found["file"], found["line"], found["column"]) == ("template.yaml", 5, 23)
    assert found["code"].startswith("FP1")


def test_noop_is_created_and_in_the_state_but_no_resource(here, flowplan):
    template = chat()
    template["workflows"]["provision"]["nodes"].append({"id": "wait", "type": "noop"})
    write(here / "template.yaml", template)
    result = flowplan("apply", "--auto-approve", "--format", "json")
    assert result.code == 0
    assert result.lines[-1]["created"] == 4
    assert "wait\n" in flowplan("state", "list").out
    made = flowplan("status", "--format", "json").json["resources_created"]
    assert "wait" not in [item["workflow_step_id"] for item in made]
