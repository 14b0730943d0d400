"""The shape of a workflow: nodes, edges, time limits."""

from __future__ import annotations

import pytest

CASES = {
    "a node that is no object": ("nodes: [5]", [("FP106", 4, 13)]),
    "a node without an id": ("nodes: [{type: noop}]", [("FP105", 4, 13)]),
    "a node without a type": ("nodes: [{id: a}]", [("FP105", 4, 13)]),
    "a node with neither": ("nodes: [{}]", [("FP105", 4, 13), ("FP105", 4, 13)]),
    "an id that is no string": ("nodes: [{id: 5, type: noop}]", [("FP106", 4, 18)]),
    "an empty id": ('nodes: [{id: "", type: noop}]', [("FP105", 4, 18)]),
    "an id of two lines": ('nodes: [{id: "a\\nb", type: noop}]', [("FP106", 4, 18)]),
    "a null type": ("nodes: [{id: a, type: null}]", [("FP106", 4, 27)]),
    "an unknown key of a node": (
        "nodes: [{id: a, type: noop, user_input: {}}]", [("FP102", 4, 33)],
    ),
    "inputs that are no object": (
        "nodes: [{id: a, type: deploy_model, user_inputs: []}]", [("FP106", 4, 54)],
    ),
    "null inputs": (
        "nodes: [{id: a, type: deploy_model, user_inputs: null}]", [("FP106", 4, 54)],
    ),
    "previous inputs that are no object": (
        "nodes: [{id: a, type: deploy_model, previous_node_inputs: [b]}]", [("FP106", 4, 63)],
    ),
    "a previous input that is a list": (
        "nodes: [{id: b, type: noop}, {id: a, type: noop, previous_node_inputs: {b: [x]}}]",
        [("FP106", 4, 80)],
    ),
    "a null input": (
        "nodes: [{id: a, type: deploy_model, user_inputs: {model_id: null}}]",
        [("FP122", 4, 65)],
    ),
    "edges that are no list": (
        "nodes: [{id: a, type: noop}]\nedges: {}", [("FP106", 5, 12)],
    ),
    "an edge that is no object": (
        "nodes: [{id: a, type: noop}]\nedges: [a]", [("FP106", 5, 13)],
    ),
    "an edge without a source": (
        "nodes: [{id: a, type: noop}]\nedges: [{dest: a}]", [("FP105", 5, 13)],
    ),
    "an edge with a key too many": (
        "nodes: [{id: a, type: noop}]\nedges: [{source: a, dest: b, weight: 1}]",
        [("FP104", 5, 25), ("FP102", 5, 34)],
    ),
    "an unknown key of a workflow": (
        "nodes: [{id: a, type: noop}]\nedge: []", [("FP102", 5, 5)],
    ),
    "user params that are no object": (
        "nodes: [{id: a, type: noop}]\nuser_params: x", [("FP106", 5, 18)],
    ),
    "a user param that is an object": (
        "nodes: [{id: a, type: noop}]\nuser_params: {delay: {}}",
        [("FP106", 5, 26), ("FP108", 5, 26)],
    ),
    "a null user param": (
        "nodes: [{id: a, type: noop}]\nuser_params: {delay: null}", [("FP106", 5, 26)],
    ),
    "settings that are no object": (
        "nodes: [{id: a, type: noop, flowplan: 5}]", [("FP106", 4, 43)],
    ),
    "an unknown setting": (
        "nodes: [{id: a, type: noop, flowplan: {prevent_destoy: true}}]", [("FP102", 4, 44)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_in_a_workflow_it_is_reported(nodes, case):
    text, places = CASES[case]
    found = nodes(text)
    assert found.places == places
    assert found.template is None


def test_a_message_about_a_node_names_it(nodes):
    found = nodes("nodes: [{id: a, type: noop, user_input: {}}]")
    assert found.found[0].node == "a"
    assert found.found[0].hint == 'did you mean "user_inputs"?'


def test_empty_settings_are_allowed(nodes):
    assert nodes("nodes: [{id: a, type: noop, flowplan: {}}]").codes == []


@pytest.mark.parametrize("timeout", ["20", "-5s", "20 parsecs", "true", "1.5s", "'${{ t }}'", "''"])
def test_a_wrong_time_limit_is_reported_at_its_value(nodes, timeout):
    found = nodes(f"nodes:\n- {{id: a, type: noop, user_inputs: {{node_timeout: {timeout}}}}}")
    assert found.places == [("FP124", 5, 55)]


def test_a_null_time_limit_is_reported_as_any_null_input(nodes):
    found = nodes("nodes: [{id: a, type: noop, user_inputs: {node_timeout: null}}]")
    assert found.codes == ["FP122"]


@pytest.mark.parametrize(("text", "seconds"), [("'0'", 0.0), ("20s", 20.0), ("5m", 300.0)])
def test_a_time_limit_is_kept_in_seconds(nodes, text, seconds):
    found = nodes(f"nodes: [{{id: a, type: noop, user_inputs: {{node_timeout: {text}}}}}]")
    assert found.template.nodes[0].timeout == seconds


def test_without_a_time_limit_the_one_of_the_step_holds(nodes):
    assert nodes("nodes: [{id: a, type: noop}]").template.nodes[0].timeout is None
