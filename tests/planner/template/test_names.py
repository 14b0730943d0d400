"""The names that expressions use."""

from __future__ import annotations

import pytest

GROUP = "- {id: group, type: register_model_group, user_inputs: {name: g}}"
DECLARED = "flowplan: {params: {region: {}, other: {type: object}}}"


def agent(expression):
    return f"nodes:\n{GROUP}\n- id: agent\n  type: register_agent\n  user_inputs:\n    name: '{expression}'"


def test_an_output_of_a_node_may_be_named(nodes):
    found = nodes(agent("x ${{ group.model_group_id }}"))
    assert found.codes == []
    assert found.template.implicit == {}


def test_a_plain_name_that_nobody_declares_is_an_implicit_param(nodes):
    found = nodes(agent("${{ region }}"))
    spec = found.template.implicit["region"]
    assert (spec.type, spec.sensitive, spec.has_default, spec.optional) == (
        "string", False, False, False,
    )  # fmt: skip
    assert spec.path == ("workflows", "provision", "nodes", 1, "user_inputs", "name")


def test_a_name_under_default_is_an_optional_param(nodes):
    found = nodes(agent('${{ region | default("eu") }}'))
    assert found.template.implicit["region"].optional


def test_a_name_that_is_needed_once_is_not_optional(nodes):
    found = nodes(agent('${{ region | default("eu") }} ${{ region }}'))
    assert not found.template.implicit["region"].optional
    found = nodes(agent('${{ region }} ${{ region | default("eu") }}'))
    assert not found.template.implicit["region"].optional


@pytest.mark.parametrize(
    "name", ["template.name", "create_connector.credential.key", "group.name", "agent.name"]
)
def test_a_dotted_name_may_be_a_param_as_in_use_case_templates(nodes, name):
    found = nodes(agent(f"${{{{ {name} }}}}"))
    assert found.codes == []
    assert list(found.template.implicit) == [name]


def test_a_node_that_names_its_own_output_means_a_param(nodes):
    found = nodes(agent("${{ agent.agent_id }}"))
    assert found.codes == []
    assert list(found.template.implicit) == ["agent.agent_id"]


def test_a_slip_in_the_name_of_a_node_is_an_error(nodes):
    found = nodes(agent("x ${{ goup.model_group_id }}"))
    assert found.places == [("FP104", 9, 22)]
    assert found.found[0].hint == 'did you mean "group"?'
    assert found.found[0].node == "agent"
    assert found.found[0].span == len("goup.model_group_id")


def test_a_slip_in_the_name_of_an_output_is_an_error(nodes):
    found = nodes(agent("${{ group.model_group }}"))
    assert found.places == [("FP116", 9, 20)]
    assert found.found[0].hint == 'did you mean "model_group_id"?'
    assert found.found[0].detail == "It gives model_group_id."


def test_the_second_of_two_equal_names_has_its_own_place(nodes):
    found = nodes(agent("${{ group.model_group_id }} ${{ group.model_groupid }}"))
    assert found.places == [("FP116", 9, 48)]


def test_an_unknown_param_is_an_error_once_params_are_declared(nodes):
    found = nodes(agent("${{ regoin }}"), DECLARED)
    assert found.places == [("FP117", 9, 20)]
    assert found.found[0].hint == 'did you mean "region"?'


def test_empty_declarations_declare_that_there_are_none(nodes):
    found = nodes(agent("${{ region }}"), "flowplan: {params: {}}")
    assert found.codes == ["FP117"]
    assert found.found[0].hint == "declare it under `flowplan.params`"


@pytest.mark.parametrize("name", ["region", "other", "other.deep.er"])
def test_a_declared_param_and_its_members_may_be_named(nodes, name):
    assert nodes(agent(f"${{{{ {name} }}}}"), DECLARED).codes == []


def test_a_param_may_be_declared_with_a_dot_in_its_name(nodes):
    found = nodes(agent("${{ group.name }}"), "flowplan: {params: {group.name: {}}}")
    assert found.codes == []


CLOSED = {
    "an unknown node": ("nowhere.id", "FP104", 'no node "nowhere"'),
    "an unknown output": ("group.zzz", "FP116", 'the node "group" has no output "zzz"'),
    "its own output": ("agent.agent_id", "FP111", 'the node "agent" can\'t use its own output'),
    "a node instead of an output": ("group", "FP117", '"group" is a node, not a param'),
}


@pytest.mark.parametrize("case", CLOSED)
def test_with_declared_params_it_is_an_error(nodes, case):
    name, code, summary = CLOSED[case]
    (found,) = nodes(agent(f"${{{{ {name} }}}}"), DECLARED).found
    assert (found.code, found.summary) == (code, summary)
    assert found.hint


def test_a_node_that_gives_nothing_says_so(nodes):
    found = nodes(
        "nodes: [{id: a, type: noop}, {id: b, type: noop, user_inputs: {delay: '${{ a.b }}'}}]",
        DECLARED,
    )
    assert found.found[0].detail == "It gives none."


def test_outputs_of_a_node_of_an_unknown_type_are_not_judged(nodes):
    found = nodes(
        "nodes: [{id: a, type: nope}, {id: b, type: noop, user_inputs: {delay: '${{ a.b }}'}}]",
        DECLARED,
    )
    assert found.codes == ["FP103"]


@pytest.mark.parametrize(
    ("expression", "column"), [("x ${{ a", 18), ("${{-a }}", 16), ("${{ a b }}", 22)]
)
def test_an_expression_that_can_not_be_read_is_reported_at_its_place(nodes, expression, column):
    found = nodes(agent(expression))
    assert [(code[:4], line) for code, line, _ in found.places] == [("FP17", 9)]
    assert found.found[0].node == "agent"


def test_every_broken_expression_of_a_node_is_reported(nodes):
    text = agent("${{ a") + "\n    tools: ['${{ b', '${{ c }}']"
    assert [line for _, line, _ in nodes(text).places] == [9, 10]


def test_expressions_anywhere_in_an_input_are_checked(nodes):
    text = agent("x") + "\n    tools: [{deep: [x, '${{ goup.model_group_id }}']}]"
    assert nodes(text).places == [("FP104", 10, 33)]


def test_an_output_of_the_workflow_may_name_outputs_and_params(nodes):
    tail = "flowplan: {outputs: {id: '${{ agent.agent_id }}', env: '${{ env }}'}}"
    found = nodes(agent("x"), tail)
    assert found.codes == []
    assert list(found.template.implicit) == ["env"]


def test_an_output_of_the_workflow_is_checked(nodes):
    tail = "flowplan: {outputs: {id: '${{ agent.agentid }}'}}"
    found = nodes(agent("x"), tail)
    assert [(item.code, item.node) for item in found.found] == [("FP116", None)]


def test_a_user_param_can_not_name_an_output(nodes):
    found = nodes(agent("x") + "\nuser_params: {model_id: 'x ${{ group.model_group_id }}'}")
    assert [item.code for item in found.found if item.severity == "error"] == ["FP150"]
    assert found.found[0].span == len("group.model_group_id")


def test_the_dollar_and_brace_marks_of_others_are_left_alone(nodes):
    found = nodes(agent("${parameters.x} {{mustache}} {% x %} $[[a]]"))
    assert found.codes == []
    assert found.template.implicit == {}


def test_a_key_can_not_be_an_expression(nodes):
    text = agent("x") + "\n    tools: [{'${{ a }}': {b: 1, c: 2}}]"
    found = nodes(text)
    assert found.places == [("FP152", 10, 18)]
    assert found.template is None


def test_a_param_whose_name_is_a_little_like_an_output_stays_a_param(nodes):
    found = nodes(agent("${{ group.model_id }}"))
    assert found.codes == []
    assert list(found.template.implicit) == ["group.model_id"]


def test_an_implicit_param_is_sensitive_when_any_use_of_it_is(nodes):
    text = agent("${{ k }}") + (
        "\n- {id: c, type: create_connector, user_inputs: {name: c, version: '1', protocol: http,"
        " actions: [], credential: {key: '${{ k }}'}, description: '${{ k }} ${{ d }}'}}"
    )
    implicit = nodes(text).template.implicit
    assert (implicit["k"].sensitive, implicit["d"].sensitive) == (True, False)
