"""Whole templates: what comes out of a right one, and all that is wrong with a wrong one."""

from __future__ import annotations

import json

from flowplan.planner.source import parse_text
from flowplan.planner.template import Edge, check_params, parse

GOOD = """\
name: createconnector-registerremotemodel-deploymodel
description: A template
use_case: CHAT
version:
  template: 1.0.0
  compatibility: [2.12.0, 3.0.0]
ui_metadata: {any: [thing]}
workflows:
  provision:
    user_params: {version: '2'}
    nodes:
    - id: create_connector_1
      type: create_connector
      user_inputs:
        name: OpenAI Chat Connector
        version: '1'
        protocol: http
        parameters: {model: gpt-3.5-turbo, temperature: 0.5, nested: {deep: [1, true]}}
        credential: {openAI_key: "${{ openai_key }}"}
        actions: [{url: "https://${parameters.endpoint}/v1"}]
        node_timeout: 500ms
    - id: register_model_2
      type: register_remote_model
      previous_node_inputs: {create_connector_1: connector_id}
      user_inputs: {name: openAI-gpt-3.5-turbo, description: "for ${{ team }}"}
    - id: deploy_model_3
      type: deploy_model
      previous_node_inputs:
        register_model_2: model_id
    edges:
    - {source: create_connector_1, dest: register_model_2}
flowplan:
  params:
    openai_key: {sensitive: true}
    team: {type: string, description: who, default: core, pattern: "[a-z]+", enum: [core, ops]}
  outputs:
    model_id: ${{ deploy_model_3.model_id }}
"""

# Each line ends with the codes that it must get, each with its column.
BAD = """\
nme: wrong                                              #FP102 1 FP105 1
version: {template: '1'}                                #FP125 21
workflows:
  provision:
    nodes:
    - id: conn
      type: create_conector                             #FP103 13
    - id: model
      type: register_remote_model
      previous_node_inputs: {con: connector_id}         #FP104 30
      user_inputs:
        name: "a <b>"                                   #FP128 15
        deploy: "yes"                                   #FP108 17
        descripton: x                                   #FP112 9
        limit: ${{ modl.model_id }}                     #FP104 20
        anything: null                                  #FP122 19
    - id: model                                         #FP109 11
      type: deploy_model
      user_inputs: {model_id: x, node_timeout: 20}      #FP124 48
    - {id: a, type: noop, previous_node_inputs: {b: x}} #FP110 50 FP113 53
    - {id: b, type: noop, previous_node_inputs: {a: x}} #FP113 53
    edges:
    - {source: conn, dest: nowhere}                     #FP104 22
flowplan:
  moved: {}                                             #FP106 10
"""


def test_a_right_template_comes_out_whole(check):
    found = check(GOOD)
    template = found.template
    assert found.found == ()
    assert template.name == "createconnector-registerremotemodel-deploymodel"
    assert (template.description, template.use_case) == ("A template", "CHAT")
    assert (template.template_version, template.compatibility) == ("1.0.0", ("2.12.0", "3.0.0"))
    assert [node.id for node in template.nodes] == [
        "create_connector_1", "register_model_2", "deploy_model_3",
    ]  # fmt: skip
    assert template.edges == (
        Edge("create_connector_1", "register_model_2", ("workflows", "provision", "edges", 0)),
    )
    assert template.user_params == {"version": "2"}
    assert template.outputs == {"model_id": "${{ deploy_model_3.model_id }}"}


def test_a_node_keeps_its_inputs_as_written(check):
    node = check(GOOD).template.node("create_connector_1")
    assert node.user_inputs["parameters"] == {
        "model": "gpt-3.5-turbo",
        "temperature": 0.5,
        "nested": {"deep": [1, True]},
    }
    assert (node.type, node.index) == ("create_connector", 0)
    assert node.path == ("workflows", "provision", "nodes", 0)


def test_a_node_timeout_is_seconds_and_no_input(check):
    node = check(GOOD).template.node("create_connector_1")
    assert node.timeout == 0.5
    assert "node_timeout" not in node.user_inputs


def test_no_node_has_an_unknown_name(check):
    assert check(GOOD).template.node("nobody") is None


def test_a_declared_param_comes_out_with_all_that_was_said_of_it(check):
    params = check(GOOD).template.params
    team = params["team"]
    assert (team.type, team.sensitive, team.default, team.has_default) == (
        "string", False, "core", True,
    )  # fmt: skip
    assert (team.description, team.pattern, team.enum) == ("who", "[a-z]+", ("core", "ops"))
    assert params["openai_key"].sensitive
    assert not params["openai_key"].has_default


def test_json_and_yaml_give_equal_templates(catalogue):
    yaml = parse_text(GOOD, "t.yaml", "yaml")
    as_json = parse_text(json.dumps(yaml.value), "t.json", "json")
    left, _ = parse(yaml, catalogue)
    right, _ = parse(as_json, catalogue)
    assert (left.nodes, left.edges, left.params) == (right.nodes, right.edges, right.params)


def test_every_mistake_of_a_template_is_reported_at_its_place(check):
    expected = []
    for number, line in enumerate(BAD.splitlines(), 1):
        marks = line.partition("#")[2].split()
        for code, column in zip(marks[::2], marks[1::2], strict=True):
            expected.append((code, number, int(column)))
    found = check(BAD)
    assert sorted(found.places) == sorted(expected)
    assert found.template is None


def test_what_is_wrong_is_underlined(check):
    for item in check(BAD).found:
        marked = item.excerpt[item.column - 1 :][: item.span]
        assert marked
        assert marked.strip() == marked


def test_diagnostics_come_in_the_order_of_their_places(check):
    places = [(item.line, item.column) for item in check(BAD).found]
    assert places == sorted(places)


def test_the_same_mistakes_are_found_in_json(check):
    text = json.dumps(parse_text(BAD, "t.yaml", "yaml").value, indent=2)
    assert sorted(check(text, syntax="json").codes) == sorted(check(BAD).codes)


def test_a_template_that_is_no_object_is_an_error(check):
    found = check("[1, 2]")
    assert found.places == [("FP106", 1, 1)]


def test_a_warning_leaves_the_template_whole(nodes):
    found = nodes(
        """
        nodes:
        - {id: a, type: noop, user_inputs: {dely: 5s}}
        """
    )
    assert found.codes == ["FP112"]
    assert found.found[0].severity == "warning"
    assert found.template is not None


def test_strict_makes_an_error_of_it(nodes):
    found = nodes("nodes: [{id: a, type: noop, user_inputs: {dely: 5s}}]", strict=True)
    assert found.found[0].severity == "error"
    assert found.template is None


def test_ten_thousand_nodes_are_checked(catalogue):
    head = [{"id": "n0", "type": "noop"}]
    chain = [
        {"id": f"n{n}", "type": "noop", "previous_node_inputs": {f"n{n - 1}": "x"}}
        for n in range(1, 10_000)
    ]
    text = json.dumps({"name": "x", "workflows": {"provision": {"nodes": head + chain}}})
    template, found = parse(parse_text(text, "t.json", "json"), catalogue)
    assert len(template.nodes) == 10_000
    assert {item.code for item in found} == {"FP113"}


def test_ten_thousand_wrong_names_among_ten_thousand_nodes_each_get_a_hint(catalogue):
    nodes = [
        {"id": f"node_{n}", "type": "noop", "previous_node_inputs": {f"mode_{n}": "x"}}
        for n in range(10_000)
    ]
    text = json.dumps({"name": "x", "workflows": {"provision": {"nodes": nodes}}})
    _, found = parse(parse_text(text, "t.json", "json"), catalogue)
    assert len(found) == 10_000
    assert found[0].hint.startswith("did you mean")


def test_a_partial_template_lets_its_params_be_checked_with_the_rest(catalogue):
    text = BAD.replace("moved: {}", "params: {p: {}}")
    template, found = parse(parse_text(text, "t.yaml", "yaml"), catalogue, partial=True)
    assert any(item.severity == "error" for item in found)
    assert template is not None
    assert [item.code for item in check_params(template, {})] == ["FP118"]


def test_a_partial_template_may_have_no_workflow(catalogue):
    template, found = parse(parse_text("name: x", "t.yaml", "yaml"), catalogue, partial=True)
    assert [item.code for item in found] == ["FP127"]
    assert template.nodes == ()


def test_what_is_no_object_gives_no_partial_template(catalogue):
    template, _ = parse(parse_text("[]", "t.json", "json"), catalogue, partial=True)
    assert template is None


def test_ten_thousand_mistakes_on_one_line_are_placed(catalogue):
    nodes = [
        {"id": f"n{n}", "type": "noop", "user_inputs": {"zz": "x" * 500}} for n in range(10_000)
    ]
    text = json.dumps({"name": "x", "workflows": {"provision": {"nodes": nodes}}})
    _, found = parse(parse_text(text, "t.json", "json"), catalogue)
    assert len(found) == 10_000
    assert {(item.excerpt, item.span) for item in found} == {("", 0)}
