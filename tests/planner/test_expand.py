"""A template with `for_each` and `when` becomes one with plain nodes, once the params are known."""

from __future__ import annotations

import textwrap
import time
from typing import Any

import pytest

from flowplan.errors import Diagnostic
from flowplan.planner.expand import expand
from flowplan.planner.sensitivity import secret_params
from flowplan.planner.source import parse_text
from flowplan.planner.template import Template, parse
from flowplan.planner.values import Sensitive, Unknown, withheld
from flowplan.providers.registry import Registry

STEPS = Registry()


def read(text: str, tail: str = "") -> tuple[Template, tuple[Diagnostic, ...]]:
    """A template of these nodes; their first line is line 4."""
    whole = f"name: x\nworkflows:\n  provision:\n{textwrap.indent(textwrap.dedent(text), '    ')}"
    template, found = parse(
        parse_text(f"{whole}\n{textwrap.dedent(tail)}", "t.yaml", "yaml"), STEPS
    )
    assert template is not None, found
    return template, found


def expanded(
    text: str, tail: str = "", **params: Any
) -> tuple[Template, list[tuple[str, int | None, str | None]], tuple[Diagnostic, ...]]:
    template, told = read(text, tail)
    secrets = secret_params(template, STEPS)
    made, found = expand(template, params, STEPS, secrets=secrets, told=told)
    return made, [(item.code, item.line, item.node) for item in found], found


def ids(template: Template) -> list[str]:
    return [node.id for node in template.nodes]


GROUP = """\
nodes:
- id: group
  type: register_model_group
  user_inputs: {name: "g ${{ each.key }}", description: "${{ each.value }}"}
  flowplan: {for_each: {eu: Europe, us: America}}
"""
MODEL = """\
- id: model
  type: register_remote_model
  user_inputs: {name: m, connector_id: c}
"""
TOOL = """\
nodes:
- id: tool
  type: create_tool
  user_inputs: {type: "${{ each.value }}"}
  flowplan: {for_each: [ListIndexTool, SearchIndexTool]}
- id: agent
  type: register_agent
  previous_node_inputs: {tool: tools}
  user_inputs: {name: a, type: flow}
"""


def test_a_template_without_for_each_and_when_comes_out_as_it_is() -> None:
    template, _ = read("nodes: [{id: a, type: noop}]")
    assert expand(template, {}, STEPS) == (template, ())
    assert expand(template, {}, STEPS)[0] is template


def test_a_map_makes_a_node_for_each_key() -> None:
    template, codes, _ = expanded(GROUP)
    assert codes == []
    assert ids(template) == ['group["eu"]', 'group["us"]']
    assert template.nodes[0].user_inputs == {"name": "g eu", "description": "Europe"}
    assert template.nodes[0].path == ("workflows", "provision", "nodes", 0)


@pytest.mark.parametrize(
    ("items", "params", "keys"),
    [
        ("[eu, us]", {}, ["eu", "us"]),
        ("[1, 2.5]", {}, ["1", "2.5"]),
        ("[]", {}, []),
        ("{}", {}, []),
        ('"${{ p }}"', {"p": ["a", 2]}, ["a", "2"]),
        ('"${{ p }}"', {"p": {"b": 1, "a": 2}}, ["b", "a"]),
        ('["${{ p }}", b]', {"p": "a"}, ["a", "b"]),
        ("\"${{ p if q else ['x'] }}\"", {"p": [], "q": False}, ["x"]),
    ],
)
def test_keys_come_from_lists_maps_and_params(items: str, params: Any, keys: list[str]) -> None:
    text = f"nodes: [{{id: a, type: noop, flowplan: {{for_each: {items}}}}}]"
    template, codes, _ = expanded(text, **params)
    assert codes == []
    assert ids(template) == [f'a["{key}"]' for key in keys]


@pytest.mark.parametrize(
    ("items", "value", "code"),
    [
        ('"${{ p }}"', "eu,us", "FP185"),
        ('"${{ p }}"', 3, "FP185"),
        ('"${{ p }}"', None, "FP185"),
        ('"${{ p }}"', [["a"]], "FP186"),
        ('"${{ p }}"', [True], "FP186"),
        ('"${{ p }}"', ['a"b'], "FP186"),
        ('"${{ p }}"', {"": 1}, "FP186"),
        ('"${{ p }}"', ["${{ q }}"], "FP186"),
        ('"${{ p }}"', ["a", "a"], "FP187"),
        ('"${{ p }}"', [1, "1"], "FP187"),
        ('"${{ p }}"', Sensitive(["a"]), "FP189"),
        ('"${{ p }}"', Sensitive({"a": 1}), "FP189"),
        ('"${{ p }}"', Sensitive({}), "FP189"),
        ('["${{ p }}"]', Sensitive("a"), "FP189"),
        ('"${{ p }}"', withheld("p"), "FP189"),
        ('"${{ p }}"', Unknown("", "p"), "FP199"),
        ('"${{ p.x }}"', {"y": 1}, "FP172"),
    ],
)
def test_what_makes_no_keys_is_reported_once_at_its_place(
    items: str, value: Any, code: str
) -> None:
    text = f"nodes:\n- id: a\n  type: noop\n  flowplan: {{for_each: {items}}}"
    assert expanded(text, p=value)[1] == [(code, 7, "a")]


def test_what_can_not_be_a_key_is_never_shown_when_it_is_secret() -> None:
    text = 'nodes: [{id: a, type: noop, flowplan: {for_each: ["${{ p }}"]}}]'
    found = expanded(text, p=Sensitive("hunter2"))[2]
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("when", "params", "there"),
    [
        ("true", {}, True),
        ("false", {}, False),
        ("\"${{ p == 'prod' }}\"", {"p": "prod"}, True),
        ("\"${{ p == 'prod' }}\"", {"p": "dev"}, False),
        ('"${{ p | default(false) }}"', {}, False),
    ],
)
def test_when_says_whether_a_node_is_there(when: str, params: Any, there: bool) -> None:
    text = f"nodes: [{{id: a, type: noop, flowplan: {{when: {when}}}}}, {{id: b, type: noop}}]"
    template, codes, _ = expanded(text, **params)
    assert codes == []
    assert ids(template) == (["a", "b"] if there else ["b"])


@pytest.mark.parametrize(
    ("value", "code"),
    [("true", "FP194"), (1, "FP194"), (None, "FP194"), (Sensitive(True), "FP189"),
     (withheld("p"), "FP189"), (Unknown("", "p"), "FP199")],
)  # fmt: skip
def test_a_condition_has_to_be_true_or_false(value: Any, code: str) -> None:
    text = 'nodes:\n- {id: a, type: noop, flowplan: {when: "${{ p }}"}}'
    assert expanded(text, p=value)[1] == [(code, 5, "a")]


def test_a_condition_that_can_not_be_computed_is_reported() -> None:
    text = "nodes:\n- {id: a, type: noop, flowplan: {when: \"${{ p + 1 == 'x' }}\"}}"
    assert expanded(text, p="a")[1] == [("FP173", 5, "a")]


def test_a_condition_may_ask_for_the_key_and_its_value() -> None:
    text = """\
        nodes:
        - id: a
          type: noop
          flowplan: {for_each: {x: {on: true}, y: {on: false}, z: {on: true}},
                     when: "${{ each.value.on and each.key != 'z' }}"}
        """
    assert ids(expanded(text)[0]) == ['a["x"]']


def test_nodes_with_the_same_keys_are_paired() -> None:
    text = GROUP + MODEL + "  previous_node_inputs: {group: model_group_id}\n"
    template, codes, _ = expanded(text + "  flowplan: {for_each: [us, eu]}")
    assert codes == []
    assert template.nodes[2].previous_node_inputs == {'group["us"]': "model_group_id"}


def test_a_node_of_the_same_key_is_reached_by_an_expression() -> None:
    text = GROUP + MODEL.replace("connector_id: c", 'connector_id: "${{ c[each.key] }}"')
    text = text.replace(
        "name: m,", 'name: m, model_group_id: "${{ group[each.key].model_group_id }}",'
    )
    template, codes, _ = expanded(text + "  flowplan: {for_each: [eu]}", c={"eu": "x"})
    assert codes == []
    assert template.nodes[2].user_inputs == {
        "name": "m",
        "model_group_id": '${{ group["eu"].model_group_id }}',
        "connector_id": '${{ c["eu"] }}',
    }


def test_one_of_several_is_named_by_its_key() -> None:
    text = GROUP + MODEL + "  previous_node_inputs: {'group[\"eu\"]': model_group_id}\n"
    template, codes, _ = expanded(text)
    assert codes == []
    assert template.nodes[2].previous_node_inputs == {'group["eu"]': "model_group_id"}


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("  previous_node_inputs: {group: model_group_id}", 12),
        ("  previous_node_inputs: {group: model_group_id}\n  flowplan: {for_each: [eu]}", 12),
        ("edges:\n- {source: model, dest: 'group[\"eu\"]'}", None),
    ],
)
def test_several_nodes_where_one_is_needed_are_listed(more: str, line: int | None) -> None:
    _, codes, found = expanded(GROUP + MODEL + more)
    assert [item[:2] for item in codes] == ([("FP191", line)] if line else [])
    assert not found or '"eu" and "us"' in found[0].detail


def test_an_expression_over_several_nodes_is_an_error_that_names_the_keys() -> None:
    text = GROUP + MODEL.replace(": c}", ': c, model_group_id: "${{ group.model_group_id }}"}')
    _, codes, found = expanded(text)
    assert codes == [("FP191", 11, "model")]
    assert found[0].hint.startswith('name one, as in group["eu"]')


def test_a_key_that_is_not_there_is_an_error_with_the_nearest() -> None:
    wanted = "\"${{ group['uk'].model_group_id }}\""
    text = GROUP + MODEL.replace(": c}", f": c, model_group_id: {wanted}}}")
    _, codes, found = expanded(text)
    assert codes == [("FP192", 11, "model")]
    assert 'did you mean group["u' in found[0].hint


def test_a_key_of_an_empty_for_each_says_so() -> None:
    text = GROUP.replace("{eu: Europe, us: America}", "[]") + MODEL
    _, codes, found = expanded(text + "  previous_node_inputs: {'group[\"eu\"]': model_group_id}")
    assert [item[0] for item in codes] == ["FP192"]
    assert found[0].detail == "`for_each` of group is empty."


def test_many_keys_are_not_all_listed() -> None:
    text = GROUP.replace("{eu: Europe, us: America}", '"${{ p }}"') + MODEL
    found = expanded(
        text + "  previous_node_inputs: {group: model_group_id}", p=[f"k{n}" for n in range(30)]
    )[2]
    assert "and 20 more" in found[0].detail


def test_all_nodes_are_joined_where_an_input_takes_a_list() -> None:
    template, codes, _ = expanded(TOOL)
    assert codes == []
    assert template.nodes[2].previous_node_inputs == {
        'tool["ListIndexTool"]': "tools", 'tool["SearchIndexTool"]': "tools",
    }  # fmt: skip


def test_an_order_that_names_them_all_has_each_of_them() -> None:
    text = TOOL.replace("type: flow}", "type: flow, tools_order: [tool, other]}")
    text += "- {id: other, type: create_tool, user_inputs: {type: x}}\n"
    text = text.replace("{tool: tools}", "{tool: tools, other: tools}")
    template, codes, _ = expanded(text)
    assert codes == []
    assert template.nodes[2].user_inputs["tools_order"] == [
        'tool["ListIndexTool"]', 'tool["SearchIndexTool"]', "other",
    ]  # fmt: skip


def test_an_output_that_only_orders_comes_from_all_of_them() -> None:
    text = GROUP + "- {id: b, type: noop, previous_node_inputs: {group: model_group_id}}\n"
    template, _, _ = expanded(text)
    assert list(template.nodes[2].previous_node_inputs) == ['group["eu"]', 'group["us"]']


def test_an_edge_with_a_bare_name_means_all_of_them() -> None:
    text = GROUP + "- {id: b, type: noop}\n- {id: c, type: noop, flowplan: {for_each: [x, y]}}\n"
    template, codes, _ = expanded(
        text + "edges: [{source: group, dest: b}, {source: group, dest: 'c[\"y\"]'}, "
        "{source: b, dest: c}]"
    )
    assert codes == []
    assert [(edge.source, edge.dest) for edge in template.edges] == [
        ('group["eu"]', "b"), ('group["us"]', "b"),
        ('group["eu"]', 'c["y"]'), ('group["us"]', 'c["y"]'),
        ("b", 'c["x"]'), ("b", 'c["y"]'),
    ]  # fmt: skip


def test_an_edge_to_a_node_that_is_not_there_is_dropped() -> None:
    text = "nodes: [{id: a, type: noop, flowplan: {when: false}}, {id: b, type: noop}]\n"
    template, codes, _ = expanded(text + "edges: [{source: a, dest: b}]")
    assert (codes, template.edges) == ([], ())


def test_an_edge_to_a_key_that_is_not_there_is_an_error() -> None:
    text = GROUP + "- {id: b, type: noop}\nedges:\n- {source: 'group[\"x\"]', dest: b}"
    assert expanded(text)[1] == [("FP192", 11, None)]


LEFT_OUT = """\
nodes:
- id: group
  type: register_model_group
  user_inputs: {name: g}
  flowplan: {when: false}
"""


def test_who_needs_a_node_that_is_left_out_is_told_with_both_names() -> None:
    text = LEFT_OUT + MODEL + "  previous_node_inputs: {group: model_group_id}"
    _, codes, found = expanded(text)
    assert codes == [("FP193", 12, "model")]
    assert '"group"' in found[0].summary


def test_an_expression_over_a_node_that_is_left_out_is_an_error() -> None:
    text = LEFT_OUT + MODEL.replace(": c}", ': c, model_group_id: "${{ group.model_group_id }}"}')
    assert expanded(text)[1] == [("FP193", 11, "model")]


def test_a_default_stands_for_a_node_that_is_left_out() -> None:
    text = LEFT_OUT + MODEL.replace(
        "name: m", "name: \"${{ group.model_group_id | default('x') }}\""
    )
    assert expanded(text)[1] == []


def test_a_node_that_is_left_out_may_need_another_that_is() -> None:
    text = LEFT_OUT + MODEL + "  previous_node_inputs: {group: model_group_id}\n"
    template, codes, _ = expanded(text + "  flowplan: {when: false}")
    assert (codes, ids(template)) == ([], [])


def test_one_of_several_may_be_left_out() -> None:
    text = GROUP.replace("America}", "America}, when: \"${{ each.key == 'eu' }}\"")
    template, codes, _ = expanded(
        text, "flowplan: {outputs: {a: '${{ group[\"us\"].model_group_id }}'}}"
    )
    assert ids(template) == ['group["eu"]']
    assert codes == [("FP193", 10, None)]


def test_imports_of_nodes_that_are_left_out_are_passed_over() -> None:
    tail = "flowplan: {imports: [{node: group, id: x}, {node: model, id: y}]}"
    template, codes, _ = expanded(LEFT_OUT + MODEL, tail)
    assert codes == []
    assert [item.node for item in template.imports] == ["model"]


def test_an_import_names_one_of_several() -> None:
    tail = "flowplan:\n  imports:\n  - {node: 'group[\"us\"]', id: x}\n  - {node: group, id: y}"
    template, codes, _ = expanded(GROUP, tail)
    assert [item.node for item in template.imports] == ['group["us"]']
    assert codes == [("FP191", 13, None)]


CHECKED = """
flowplan:
  checks:
  - {name: a, predict: 'model["eu"]', body: {}}
  - {name: b, predict: '${{ model["us"].model_id }}', body: {x: '${{ model["eu"].model_id }}'}}
  - {name: c, search: some-index}
"""


def test_checks_of_nodes_that_are_left_out_are_passed_over() -> None:
    text = "nodes:\n" + MODEL + '  flowplan: {for_each: [eu, us], when: "${{ each.key == p }}"}'
    template, codes, _ = expanded(text, CHECKED, p="us")
    assert [item.name for item in template.checks] == ["b", "c"]
    assert [item[0] for item in codes] == ["FP193"]


def test_a_check_asks_one_node() -> None:
    text = "nodes:\n" + MODEL + "  flowplan: {for_each: [eu, us]}"
    codes = expanded(text, CHECKED.replace("'model[\"eu\"]'", "model"))[1]
    assert [item[0] for item in codes] == ["FP191"]


def test_a_mistake_that_is_written_once_is_told_once() -> None:
    text = GROUP.replace("${{ each.value }}", "${{ each.value.long }}")
    text = text.replace("Europe, us: America", "{long: 1}, us: {}, uk: {}")
    _, codes, found = expanded(text)
    assert codes == [("FP195", 7, 'group["us"]')]
    assert found[0].column is not None


def test_an_input_of_the_wrong_type_is_found_when_its_value_is_known() -> None:
    text = GROUP.replace("eu: Europe, us: America", "eu: 1, us: 2")
    assert expanded(text)[1] == [("FP108", 7, 'group["eu"]')]


def test_two_nodes_that_would_make_one_index_are_found() -> None:
    text = """\
        nodes:
        - id: a
          type: create_index
          user_inputs: {index_name: same, configurations: {}}
          flowplan: {for_each: [x, y, z]}
        """
    assert expanded(text)[1] == [("FP158", 7, 'a["y"]')]


def test_what_was_told_before_is_not_told_again() -> None:
    text = GROUP.replace("{name:", "{nmae: x, name:")
    template, told = read(text)
    assert [item.code for item in told] == ["FP112"]
    assert expand(template, {}, STEPS, told=told)[1] == ()


CONNECTOR = """\
nodes:
- id: c
  type: create_connector
  user_inputs:
    name: c ${{ each.value.name }}
    version: "1"
    protocol: http
    credential: {key: "${{ each.value.key }}"}
    actions: [{action_type: predict, method: POST, url: "https://x"}]
  flowplan: {for_each: ITEMS}
"""


def test_a_param_that_a_value_comes_from_is_as_secret_as_where_it_goes() -> None:
    template, _ = read(CONNECTOR.replace("ITEMS", '"${{ tenants }}"'))
    assert "tenants" in secret_params(template, STEPS)


def test_only_what_goes_into_a_secret_input_is_secret_in_a_map_that_is_written_out() -> None:
    template, _ = read(CONNECTOR.replace("ITEMS", '{eu: {name: "${{ n }}", key: "${{ k }}"}}'))
    assert secret_params(template, STEPS) == frozenset({"k"})


def test_what_comes_from_a_secret_param_is_never_written_out() -> None:
    text = CONNECTOR.replace("ITEMS", '"${{ tenants }}"')
    template, codes, _ = expanded(text, tenants={"eu": {"name": "n", "key": "hunter2"}})
    assert codes == []
    inputs = template.nodes[0].user_inputs
    assert inputs["credential"] == {"key": '${{ tenants["eu"]["key"] }}'}
    assert "hunter2" not in repr(inputs)


def test_a_node_can_not_have_the_id_of_one_of_several() -> None:
    text = GROUP + "- {id: 'group[\"us\"]', type: noop}\n"
    assert expanded(text)[1] == [("FP109", 5, 'group["us"]')]


def test_a_key_that_is_computed_from_a_param_is_an_error() -> None:
    wanted = '"${{ group[p].model_group_id }}"'
    text = GROUP + MODEL.replace(": c}", f": c, model_group_id: {wanted}}}")
    with pytest.raises(AssertionError) as error:
        read(text)
    assert "FP191" in str(error.value)


def test_an_import_of_a_node_by_an_unknown_key_is_an_error() -> None:
    tail = "flowplan:\n  imports:\n  - {node: 'group[\"uk\"]', id: x}"
    assert expanded(GROUP, tail)[1] == [("FP192", 12, None)]


def test_a_search_in_an_index_that_no_node_makes_stays() -> None:
    tail = "flowplan: {checks: [{name: c, search: logs, pipeline: 'group[\"eu\"]'}]}"
    template, _, _ = expanded(GROUP, tail.replace("group", "none"))
    assert [item.name for item in template.checks] == ["c"]


def test_a_secret_in_for_each_stands_in_no_excerpt() -> None:
    text = GROUP.replace("us: America", "us: {api_key: hunter2}").replace("{eu", "{'': 1, eu")
    with pytest.raises(AssertionError) as error:
        read(text)
    assert "FP186" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_ten_thousand_nodes_take_seconds() -> None:
    text = GROUP.replace("{eu: Europe, us: America}", '"${{ p }}"')
    text += MODEL.replace(": c}", ': c, model_group_id: "${{ group[each.key].model_group_id }}"}')
    keys = {f"k{n}": f"value {n}" for n in range(5_000)}
    template, told = read(text + '  flowplan: {for_each: "${{ p }}"}')
    start = time.process_time()
    made, found = expand(template, {"p": keys}, STEPS, told=told)
    assert (len(made.nodes), found) == (10_000, ())
    assert time.process_time() - start < 10


TRIGGERED = """\
nodes:
- id: group
  type: register_model_group
  user_inputs: {name: "g ${{ each.key }}"}
  flowplan: {for_each: [eu, us]}
- id: other
  type: register_model_group
  user_inputs: {name: other}
  flowplan: {replace_triggered_by: ['TRIGGER']}
"""


@pytest.mark.parametrize("trigger", ["group", 'group["eu"]', 'group["us"].name'])
def test_what_triggers_a_replacement_may_be_one_of_several(trigger: str) -> None:
    assert expanded(TRIGGERED.replace("TRIGGER", trigger))[1] == []


@pytest.mark.parametrize("trigger", ['group["uss"]', 'group["uss"].name'])
def test_a_trigger_with_a_key_that_is_not_there_is_refused_with_its_place(trigger: str) -> None:
    _, places, found = expanded(TRIGGERED.replace("TRIGGER", trigger))
    assert places == [("FP192", 12, "other")]
    assert found[0].hint == 'did you mean group["us"]?'


def test_a_trigger_with_a_key_of_its_own_that_the_other_lacks_is_refused() -> None:
    text = TRIGGERED.replace("TRIGGER", "group[each.key]").replace(
        "{replace_triggered", "{for_each: [eu, asia], replace_triggered"
    )
    assert expanded(text)[1] == [("FP192", 12, 'other["asia"]')]


def test_a_trigger_that_a_when_leaves_out_triggers_nothing() -> None:
    text = (
        TRIGGERED.replace("TRIGGER", "group")
        .replace("for_each: [eu, us]", "when: false")
        .replace("${{ each.key }}", "g")
    )
    made, places, _ = expanded(text)
    assert (ids(made), places) == (["other"], [])
