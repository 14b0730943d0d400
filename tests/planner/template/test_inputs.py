"""The inputs of a node against the schema of its step type."""

from __future__ import annotations

import pytest

CONNECTOR = (
    "- {id: conn, type: create_connector, user_inputs: {name: c, version: '1', protocol: http, "
    "credential: {k: x}, actions: []}}"
)


def model(inputs):
    return f"nodes:\n{CONNECTOR}\n- id: m\n  type: register_remote_model\n  user_inputs:\n{inputs}"


def test_an_unknown_step_type_is_reported_with_the_nearest(nodes):
    found = nodes("nodes: [{id: a, type: create_conector}]")
    assert found.places == [("FP103", 4, 27)]
    assert found.found[0].hint == 'did you mean "create_connector"?'
    assert found.found[0].node == "a"


def test_a_step_type_like_no_other_says_where_they_are_listed(nodes):
    assert nodes("nodes: [{id: a, type: zzz}]").found[0].hint == "flowplan steps lists them"


def test_a_step_type_that_only_flow_framework_has_is_called_that(nodes):
    found = nodes("nodes: [{id: a, type: reindex}]")
    assert found.places == [("FP151", 4, 27)]
    assert "Flow Framework has it" in found.found[0].detail


def test_a_value_that_the_step_finds_a_flaw_in_is_reported(nodes):
    found = nodes("nodes: [{id: a, type: create_index, user_inputs: {configurations: {n: '1'}}}]")
    assert [item.code for item in found.found] == ["FP157"]
    (item,) = found.found
    assert (item.summary, item.detail, item.hint, item.node) == (
        "it is odd", "One is.", "make it even", "a",
    )  # fmt: skip


def test_a_value_with_an_expression_in_it_is_looked_at_when_it_is_known(nodes):
    text = "nodes: [{id: a, type: create_index, user_inputs: {configurations: {n: '1${{ p }}'}}}]"
    assert "FP157" not in nodes(text).codes


def test_an_unknown_input_is_a_warning_with_the_nearest(nodes):
    found = nodes(model("    name: x\n    connector_id: y\n    descripton: z"))
    assert found.places == [("FP112", 11, 9)]
    assert found.found[0].hint == 'did you mean "description"?'
    assert "sent" in found.found[0].detail


VALUES = {
    "a string for a boolean": ("deploy: 'true'", "a boolean, not a string", "without quotes"),
    "a word that YAML 1.1 took for one": ("deploy: yes", "a boolean, not a string", "quotes"),
    "a boolean for a string": ("description: true", "a string, not a boolean", "quote it"),
    "a number for a string": ("description: 1.5", "a string, not a number", "quote it"),
    "a fraction for an integer": ("count: 1.5", "an integer, not a number", "write an integer"),
    "a string for a number": ("limit: '1'", "a number, not a string", "without quotes"),
    "a boolean for a number": ("limit: true", "a number, not a boolean", "write a number"),
    "a list for a string": ("description: [x]", "a string, not an array", "write a string"),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_value_of_the_wrong_type_is_reported_at_its_value(nodes, case):
    line, words, hint = VALUES[case]
    found = nodes(model(f"    name: x\n    connector_id: y\n    {line}"))
    assert found.places == [("FP108", 11, 9 + line.index(":") + 2)]
    assert words in found.found[0].summary
    assert hint in found.found[0].hint


@pytest.mark.parametrize(
    "line",
    [
        "deploy: true", "limit: 1", "limit: 1.5", "count: 3", "anything: [1]", "anything: false",
        "deploy: ${{ d }}", "count: '${{ c }}'",
    ],
)  # fmt: skip
def test_a_value_of_the_right_type_or_an_expression_is_accepted(nodes, line):
    assert nodes(model(f"    name: x\n    connector_id: y\n    {line}")).codes == []


def test_an_input_may_have_several_types(nodes):
    good = CONNECTOR.replace("actions: []", "actions: [], client_config: {a: 1}")
    assert nodes(f"nodes:\n{good}").codes == []
    bad = CONNECTOR.replace("actions: []", "actions: [], client_config: 5")
    found = nodes(f"nodes:\n{bad}").found[0]
    assert found.summary == "`client_config` must be an object or a string, not an integer"


def test_a_version_with_a_fraction_is_asked_to_be_quoted(nodes):
    found = nodes(f"nodes:\n{CONNECTOR.replace(chr(39) + '1' + chr(39), '1.10')}")
    assert found.codes == ["FP123"]
    assert found.found[0].hint == "quote it"


def test_a_version_that_is_an_integer_goes_to_the_cluster_as_written(nodes):
    found = nodes(f"nodes:\n{CONNECTOR.replace(chr(39) + '1' + chr(39), '1')}")
    assert found.codes == []
    assert found.template.nodes[0].user_inputs["version"] == 1


def test_a_name_that_the_cluster_refuses_is_reported_with_the_rule(nodes):
    found = nodes(model("    name: 'a <b>'\n    connector_id: y"))
    assert found.places == [("FP128", 9, 15)]
    assert "<>" in found.found[0].summary
    assert r"^[\p{L}\p{N}\s.,!?():@\-_/'" in found.found[0].detail


def test_a_name_with_an_expression_is_left_to_the_cluster(nodes):
    assert nodes(model("    name: '<${{ env }}>'\n    connector_id: y")).codes == []


def test_names_of_other_things_have_no_rule(nodes):
    found = nodes("nodes: [{id: a, type: register_agent, user_inputs: {name: 'a <b>'}}]")
    assert found.codes == []


def test_a_missing_input_is_reported_at_its_node_with_who_could_give_it(nodes):
    found = nodes(model("    name: x"))
    assert found.places == [("FP107", 6, 7)]
    assert found.found[0].summary == "register_remote_model needs `connector_id`"
    assert "`previous_node_inputs: {conn: connector_id}`" in found.found[0].hint


def test_all_missing_inputs_of_a_node_are_one_error(nodes):
    found = nodes("nodes: [{id: a, type: create_connector, user_inputs: {credential: {}}}]")
    assert [item.summary for item in found.found] == [
        "create_connector needs `name`, `version`, `protocol` and `actions`"
    ]
    assert found.found[0].hint == "add them to user_inputs"


def test_a_node_does_not_give_itself_what_it_misses(nodes):
    found = nodes("nodes: [{id: a, type: deploy_model}]")
    assert found.found[0].hint == "add it to user_inputs"


GIVEN = {
    "user_inputs": "user_inputs: {model_id: x}",
    "previous_node_inputs": "previous_node_inputs: {m: model_id}",
    "the outputs of a predecessor": "previous_node_inputs: {m: register_model_status}",
}


@pytest.mark.parametrize("case", GIVEN)
def test_an_input_may_be_given_in_several_ways(nodes, case):
    found = nodes(
        model("    name: x\n    connector_id: y")
        + f"\n- id: d\n  type: deploy_model\n  {GIVEN[case]}"
    )
    assert found.codes == []


def test_an_input_may_be_given_by_an_edge(nodes):
    text = model("    name: x\n    connector_id: y") + "\n- {id: d, type: deploy_model}\n"
    assert nodes(text).codes == ["FP107"]
    assert nodes(text + "edges: [{source: m, dest: d}]").codes == []


def test_an_input_may_be_given_by_user_params(nodes):
    found = nodes("nodes: [{id: d, type: deploy_model}]\nuser_params: {model_id: x}")
    assert found.codes == []


def test_a_node_whose_inputs_can_not_be_read_misses_nothing(nodes):
    assert nodes("nodes: [{id: d, type: deploy_model, user_inputs: 5}]").codes == ["FP106"]


def test_a_predecessor_of_an_unknown_type_may_give_what_is_wanted(nodes):
    found = nodes(
        "nodes: [{id: a, type: nope}, {id: d, type: deploy_model, previous_node_inputs: {a: model_id}}]"
    )
    assert found.codes == ["FP103"]


def test_an_unknown_predecessor_hides_no_second_error(nodes):
    found = nodes("nodes: [{id: d, type: deploy_model, previous_node_inputs: {a: model_id}}]")
    assert found.codes == ["FP104"]


def test_a_previous_input_that_its_node_does_not_give_is_a_warning(nodes):
    text = model("    name: x\n    connector_id: y\n  previous_node_inputs: {conn: conector_id}")
    found = nodes(text)
    assert found.places == [("FP113", 11, 36)]
    assert found.found[0].severity == "warning"
    assert found.found[0].hint == 'did you mean "connector_id"?'
    assert found.found[0].detail.endswith("This only puts it before m.")
    assert nodes(text, strict=True).found[0].severity == "error"


def test_a_previous_input_of_a_node_that_gives_nothing_says_so(nodes):
    found = nodes("nodes: [{id: a, type: noop}, {id: b, type: noop, previous_node_inputs: {a: x}}]")
    assert found.found[0].detail.startswith("It gives none.")


def test_two_nodes_that_offer_one_input_are_listed(nodes):
    found = nodes(
        f"""
nodes:
{CONNECTOR}
{CONNECTOR.replace("conn,", "other,")}
- id: m
  type: register_remote_model
  previous_node_inputs: {{conn: connector_id, other: connector_id}}
  user_inputs: {{name: x}}
"""
    )
    assert found.places == [("FP114", 10, 7)]
    assert "conn and other" in found.found[0].summary
    assert found.found[0].node == "m"


def test_two_edges_that_offer_one_input_are_listed_at_the_node(nodes):
    found = nodes(
        f"""
nodes:
{CONNECTOR}
{CONNECTOR.replace("conn,", "other,")}
- {{id: m, type: register_remote_model, user_inputs: {{name: x}}}}
edges: [{{source: conn, dest: m}}, {{source: other, dest: m}}]
"""
    )
    assert found.places == [("FP114", 8, 7)]


def test_a_user_param_of_the_wrong_type_is_reported_where_it_stands(nodes):
    found = nodes("nodes: [{id: d, type: deploy_model}]\nuser_params: {model_id: 5}")
    assert found.places == [("FP108", 5, 29)]
    assert found.found[0].node is None


def test_a_user_param_that_sets_nothing_is_a_warning(nodes):
    found = nodes("nodes: [{id: a, type: noop}]\nuser_params: {region: eu}")
    assert found.places == [("FP129", 5, 19)]
    assert found.found[0].severity == "warning"


def test_a_user_param_may_be_meant_for_a_node_of_an_unknown_type(nodes):
    found = nodes("nodes: [{id: a, type: nope}]\nuser_params: {region: eu}")
    assert found.codes == ["FP103"]


def test_a_user_param_may_be_an_expression(nodes):
    found = nodes("nodes: [{id: d, type: deploy_model}]\nuser_params: {model_id: '${{ x }}'}")
    assert list(found.template.implicit) == ["x"]


def test_a_description_with_characters_that_newer_clusters_refuse_is_a_warning(nodes):
    found = nodes(model("    name: x\n    connector_id: y\n    description: a < b"))
    assert [(item.severity, item.code) for item in found.found] == [("warning", "FP128")]
    assert "'<'" in found.found[0].summary
