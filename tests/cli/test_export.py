"""`flowplan export`: what it prints is a template of its own, and makes just what the first did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "export.json"
REGIONS = """\
name: regions
workflows:
  provision:
    nodes:
      - id: group
        type: register_model_group
        user_inputs: {name: "group ${{ each.key }}", description: "${{ each.value.text }}"}
        flowplan: {for_each: "${{ regions }}", prevent_destroy: true}
      - id: connector
        type: create_connector
        user_inputs:
          name: ${{ team }} ${{ env | upper }}
          description: the team's
          version: 1
          protocol: http
          parameters: {endpoint: "${{ host }}", stop: [a, b]}
          credential: {key: "${{ openai_key }}"}
          actions:
            - {action_type: predict, method: POST, url: "https://${{ host }}/v1"}
      - id: model
        type: register_remote_model
        previous_node_inputs: {group: model_group_id}
        user_inputs: {name: "m ${{ each.key }}", connector_id: "${{ connector.connector_id }}"}
        flowplan: {for_each: "${{ regions }}"}
      - id: extra
        type: register_model_group
        user_inputs: {name: extra}
        flowplan: {when: '${{ env == "prod" }}'}
flowplan:
  params:
    regions: {type: object, default: {eu: {text: Europe}, us: {text: America}}}
    team: {}
    env: {default: dev}
    host: {default: api.openai.com}
    openai_key: {sensitive: true}
  outputs: {eu: '${{ model["eu"].model_id }}'}
"""


@pytest.fixture
def regions(tmp_path):
    (tmp_path / "template.yaml").write_text(REGIONS)
    return tmp_path


def test_what_is_exported_looks_like_this(flowplan, regions):
    result = flowplan("export")
    assert result.code == 0
    assert result.out == GOLDEN.read_text()


def test_what_changed_on_the_way_is_told_on_stderr(flowplan, regions):
    result = flowplan("export")
    assert 'group["eu"] → group_eu' in result.err
    assert "parameters.stop is written as JSON text" in result.err


def test_both_forms_are_the_same_document(flowplan, regions):
    (regions / "e.yaml").write_text(flowplan("export", "--format", "yaml").out)
    (regions / "e.json").write_text(flowplan("export").out)
    options = ("-p", "team=a", "--strict", "--format", "json")
    assert (
        flowplan("export", "e.yaml", *options).json == flowplan("export", "e.json", *options).json
    )


def test_the_exported_template_is_valid_and_has_nothing_of_flowplan(flowplan, regions):
    (regions / "e.json").write_text(flowplan("export").out)
    assert "flowplan" not in (regions / "e.json").read_text()
    result = flowplan("validate", "e.json", "-p", "team=a", "-p", "host=h", "--strict")
    assert (result.code, result.err) == (0, "")


def test_the_exported_template_is_of_the_published_schema(flowplan, regions):
    schema = json.loads((ROOT / "docs" / "schema" / "template.json").read_text())
    assert list(Draft7Validator(schema).iter_errors(flowplan("export").json)) == []


def test_a_plan_of_what_was_exported_shows_no_change(flowplan, applied):
    (applied / "exported.json").write_text(flowplan("export").out)
    state = ("--state", str(applied / "template.state.json"), "--endpoint", "sandbox:")
    result = flowplan("plan", "exported.json", *state, "-p", "model=gpt-3.5-turbo")
    assert result.code == 0
    changes = flowplan(
        "plan", "exported.json", *state, "-p", "model=gpt-3.5-turbo", "--format", "json"
    ).json["changes"]
    assert {change["action"] for change in changes} == {"no-op"}


def test_renamed_nodes_go_on_with_the_state_after_state_mv(flowplan, tmp_path):
    (tmp_path / "template.yaml").write_text(REGIONS)
    assert flowplan("apply", "--auto-approve", "-p", "team=a").code == 0
    (tmp_path / "e.json").write_text(flowplan("export").out)
    for node in ("group", "model"):
        for key in ("eu", "us"):
            assert flowplan("state", "mv", f'{node}["{key}"]', f"{node}_{key}").code == 0
    options = ("-p", "team=a", "-p", "host=api.openai.com", "--format", "json")
    plan = flowplan("plan", "e.json", "--state", "template.state.json", *options).json
    assert {change["action"] for change in plan["changes"]} == {"no-op"}


def test_a_param_that_decides_which_nodes_there_are_has_to_be_given(flowplan, regions):
    text = REGIONS.replace("env: {default: dev}", "env: {}")
    (regions / "template.yaml").write_text(text)
    result = flowplan("export")
    assert result.code == 1
    assert "FP199" in result.err
    assert result.out == ""
    assert "extra" in flowplan("export", "-p", "env=prod").out


def test_what_can_not_be_said_fails_and_prints_no_template(flowplan, regions):
    (regions / "template.yaml").write_text(
        REGIONS.replace("name: extra", "name: e, backend_roles: [a]")
    )
    result = flowplan("export", "-p", "env=prod")
    assert (result.code, result.out) == (1, "")
    assert "FP196" in result.err


def test_as_json_a_failure_is_the_diagnostics_document(flowplan, regions):
    (regions / "template.yaml").write_text("name: x\n")
    result = flowplan("export", "--format", "json")
    assert result.code == 1
    assert result.json["diagnostics"][0]["code"] == "FP127"


def test_json_into_has_the_same_document(flowplan, regions):
    result = flowplan("export", "--json-into", "out.json")
    assert json.loads((regions / "out.json").read_text()) == result.json


def test_mistakes_in_for_each_are_told_by_validate_with_places(flowplan, regions):
    (regions / "template.yaml").write_text(REGIONS.replace("each.value.text", "each.value.txt"))
    result = flowplan("validate", "-p", "team=a")
    assert result.code == 1
    assert result.err.count("FP195") == 1
    assert "template.yaml:7:" in result.err


def test_a_graph_needs_no_params_and_has_each_written_node_once(flowplan, regions):
    result = flowplan("graph", "--format", "json")
    assert [node["id"] for node in result.json["nodes"]] == ["group", "connector", "model", "extra"]
