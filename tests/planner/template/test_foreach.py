"""`for_each` and `when` as they are written: what is wrong with them before params are known."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.planner.template.outline import outlined


def settings(text: str) -> str:
    return f"nodes:\n- id: a\n  type: noop\n  flowplan: {{{text}}}"


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("for_each: 3", [("FP106", 7, 28)]),
        ("for_each: plain", [("FP106", 7, 28)]),
        ('for_each: "x ${{ p }}"', [("FP106", 7, 28)]),
        ("for_each: null", [("FP106", 7, 28)]),
        ('for_each: "${{ p"', [("FP170", 7, 29)]),
        ("for_each: [a, true]", [("FP186", 7, 32)]),
        ("for_each: [{a: 1}]", [("FP186", 7, 29)]),
        ("for_each: {'': 1}", [("FP186", 7, 29)]),
        ("for_each: {'a\"b': 1}", [("FP186", 7, 29)]),
        ("for_each: {'a\\b': 1}", [("FP186", 7, 29)]),
        ('for_each: ["a\\nb"]', [("FP186", 7, 29)]),
        (f"for_each: [{'a' * 101}]", [("FP186", 7, 29)]),
        ("for_each: [a, b, a]", [("FP187", 7, 35)]),
        ("for_each: [1, '1']", [("FP187", 7, 32)]),
        ("when: maybe", [("FP194", 7, 24)]),
        ("when: 1", [("FP194", 7, 24)]),
        ('when: "x ${{ p }}"', [("FP194", 7, 24)]),
        ('when: "${{ each.key }}"', [("FP190", 7, 29)]),
        ('for_each: ["${{ each.key }}"]', [("FP190", 7, 34)]),
    ],
)
def test_what_can_not_be_settled_is_reported_at_its_place(
    nodes: Any, text: str, places: list[tuple[str, int, int]]
) -> None:
    assert nodes(settings(text)).places == places


@pytest.mark.parametrize(
    "text",
    [
        "for_each: []", "for_each: {}", "for_each: [a, 1, 2.5]", "for_each: {eu: {a: [1]}}",
        'for_each: "${{ p }}"', 'for_each: ["${{ p }}", b]', "when: false",
        'when: "${{ p == 1 }}"', 'for_each: [a], when: "${{ each.key == each.value }}"',
    ],
)  # fmt: skip
def test_what_can_be_settled_later_is_right(nodes: Any, text: str) -> None:
    assert nodes(settings(text)).codes == []


def test_params_in_for_each_and_when_have_to_be_given(nodes: Any) -> None:
    found = nodes(settings('for_each: {eu: "${{ p }}"}, when: "${{ q == each.key }}"'))
    assert set(found.template.implicit) == {"p", "q"}


def test_an_output_of_a_node_can_not_decide_which_nodes_there_are(nodes: Any) -> None:
    found = nodes("""\
        nodes:
        - {id: c, type: create_tool, user_inputs: {type: x}}
        - {id: a, type: noop, flowplan: {for_each: "${{ c.tools }}"}}
        - {id: b, type: noop, flowplan: {when: "${{ c.tools == 1 }}"}}
        """)
    assert found.codes == ["FP188", "FP188"]
    assert 'the node "c"' in found.found[0].summary


@pytest.mark.parametrize("text", ["${{ each.key }}", "${{ each.value.a }}", "${{ each }}"])
def test_each_means_nothing_in_a_node_without_for_each(nodes: Any, text: str) -> None:
    found = nodes(f'nodes: [{{id: a, type: noop, user_inputs: {{delay: "{text}"}}}}]')
    assert found.codes == ["FP190"]
    assert found.found[0].hint == "add `for_each` to this node"


@pytest.mark.parametrize("text", ["${{ each.name }}", "${{ each }}", "${{ each.key.x }}"])
def test_each_has_a_key_and_a_value_and_nothing_else(nodes: Any, text: str) -> None:
    found = nodes(f"""\
        nodes:
        - id: a
          type: noop
          user_inputs: {{delay: "{text}"}}
          flowplan: {{for_each: [x]}}
        """)
    assert found.codes == ["FP190"]
    assert found.found[0].hint == "write each.key or each.value"


def test_a_param_named_each_can_still_be_used(check: Any) -> None:
    found = check("""\
        name: x
        workflows:
          provision:
            nodes: [{id: a, type: noop, user_inputs: {delay: "${{ each }}"}}]
        flowplan: {params: {each: {}}}
        """)
    assert found.codes == []


GROUPS = """\
nodes:
- id: group
  type: register_model_group
  user_inputs: {name: "g ${{ each.key }}"}
  flowplan: {for_each: [eu, us]}
- id: model
  type: register_remote_model
  user_inputs:
    name: m ${{ each.value.name }}
    connector_id: c
    model_group_id: ${{ group[each.key].model_group_id }}
  flowplan: {for_each: {eu: {name: a}}}
- id: other
  type: register_remote_model
  previous_node_inputs: {'group["us"]': model_group_id}
  user_inputs: {name: m, connector_id: '${{ model["eu"].model_id }}'}
edges: [{source: 'model["eu"]', dest: other}]
"""


def test_nodes_of_a_for_each_are_named_by_their_keys(nodes: Any) -> None:
    assert nodes(GROUPS).codes == []


def test_mistakes_are_found_before_the_params_are_known(nodes: Any) -> None:
    text = GROUPS.replace("model_group_id }}", "model_group }}").replace('group["us"]', "grp[1]")
    assert nodes(text).codes == ["FP116", "FP104"]


def test_nodes_that_need_each_other_are_a_cycle_whatever_their_keys(nodes: Any) -> None:
    text = GROUPS.replace('"g ${{ each.key }}"', '"${{ model[each.key].model_id }}"')
    assert nodes(text).codes == ["FP110"]


def test_imports_name_a_node_by_its_key(nodes: Any) -> None:
    tail = "flowplan: {imports: [{node: 'group[\"eu\"]', id: x}, {node: 'gruop[\"eu\"]', id: y}]}"
    assert nodes(GROUPS, tail).codes == ["FP104"]


def test_without_params_each_written_node_is_one(nodes: Any) -> None:
    template = outlined(nodes(GROUPS).template)
    assert [node.id for node in template.nodes] == ["group", "model", "other"]
    assert template.nodes[1].user_inputs["model_group_id"] == "${{ group.model_group_id }}"
    assert template.nodes[2].previous_node_inputs == {"group": "model_group_id"}
    assert template.edges[0].source == "model"


def test_a_template_without_for_each_is_its_own_outline(nodes: Any) -> None:
    template = nodes("nodes: [{id: a, type: noop, flowplan: {when: true}}]").template
    assert outlined(template) is template
