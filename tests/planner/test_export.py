"""What a template is in Flow Framework's own grammar, and what can't be said there."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

import pytest

from flowplan.errors import TemplateError
from flowplan.planner.expand import expand
from flowplan.planner.export import Exported, export
from flowplan.planner.params import Params
from flowplan.planner.sensitivity import mark_secrets, secret_params
from flowplan.planner.source import parse_text
from flowplan.planner.template import parse
from flowplan.planner.values import Unknown
from flowplan.providers.registry import Registry

STEPS = Registry()


def exported(text: str, tail: str = "", **params: Any) -> Exported:
    """The export of these nodes; a param that is None has no value."""
    whole = f"name: x\nworkflows:\n  provision:\n{textwrap.indent(textwrap.dedent(text), '    ')}"
    document = parse_text(f"{whole}\n{textwrap.dedent(tail)}", "t.yaml", "yaml")
    template, found = parse(document, STEPS)
    assert template is not None, found
    secrets = secret_params(template, STEPS)
    values = {
        name: Unknown("", name, sensitive=name in secrets) if value is None else value
        for name, value in params.items()
    }
    made, wrong = expand(template, values, STEPS, secrets=secrets)
    assert not wrong
    return export(made, mark_secrets(Params(values), secrets).values, STEPS)


def provision(found: Exported) -> Any:
    return found.document["workflows"]["provision"]


def inputs(found: Exported, index: int = 0) -> Any:
    return provision(found)["nodes"][index].get("user_inputs", {})


def codes(found: Exported) -> list[str]:
    return [item.code for item in found.warnings]


def refused(text: str, tail: str = "", **params: Any) -> TemplateError:
    with pytest.raises(TemplateError) as error:
        exported(text, tail, **params)
    return error.value


def tool(value: str, *, more: str = "") -> str:
    return f"nodes:\n- id: t\n  type: create_tool\n  user_inputs: {{type: x, {value}}}\n{more}"


CONNECTOR = """\
- id: c
  type: create_connector
  user_inputs:
    name: c
    description: d
    version: 1
    protocol: http
    parameters: {model: m}
    credential: {key: "${{ key }}"}
    actions: [{action_type: predict, method: POST, url: "https://x"}]
"""
GROUPS = """\
nodes:
- id: group
  type: register_model_group
  user_inputs: {name: "g ${{ each.key }}"}
  flowplan: {for_each: [eu, us], prevent_destroy: true}
- id: model
  type: register_remote_model
  previous_node_inputs: {group: model_group_id}
  user_inputs: {name: "m", connector_id: "${{ c }}"}
  flowplan: {for_each: [eu, us]}
"""


def test_nothing_of_flowplan_is_left() -> None:
    tail = "flowplan: {params: {c: {}}, outputs: {a: '${{ model[\"eu\"].model_id }}'}}"
    found = exported(GROUPS, tail, c="x")
    assert "flowplan" not in json.dumps(found.document)
    assert "each" not in json.dumps(found.document)


def test_what_stands_around_the_workflow_is_kept() -> None:
    tail = "description: d\nuse_case: u\nversion: {template: 1.0.0}\nui_metadata: {a: [1]}"
    document = exported("nodes: [{id: a, type: noop}]", tail).document
    assert list(document) == [
        "name", "description", "use_case", "version", "workflows", "ui_metadata",
    ]  # fmt: skip


def test_nodes_get_names_that_flow_framework_can_write() -> None:
    found = exported(GROUPS, c="x")
    assert [node["id"] for node in provision(found)["nodes"]] == [
        "group_eu", "group_us", "model_eu", "model_us",
    ]  # fmt: skip
    assert provision(found)["nodes"][2]["previous_node_inputs"] == {"group_eu": "model_group_id"}
    assert codes(found) == ["FP198"]
    assert 'group["eu"] → group_eu' in found.warnings[0].detail


def test_names_are_never_given_twice() -> None:
    text = 'nodes:\n- {id: a_x, type: noop}\n- {id: a, type: noop, flowplan: {for_each: [x, "x!"]}}'
    assert [node["id"] for node in provision(exported(text))["nodes"]] == ["a_x", "a_x_2", "a_x_3"]


def test_a_name_with_a_hyphen_stays_unless_an_expression_has_to_name_it() -> None:
    more = "- {id: my-group, type: register_model_group, user_inputs: {name: g}}"
    assert codes(exported(tool("name: n", more=more))) == []
    found = exported(tool('parameters: {g: "${{ my-group.model_group_id }}"}', more=more))
    assert codes(found) == ["FP198"]
    assert inputs(found)["parameters"] == {"g": "${{ my_group.model_group_id }}"}


@pytest.mark.parametrize(
    ("value", "params", "made"),
    [
        ('name: "${{ p }}"', {"p": "v"}, "${{ p }}"),
        ('name: "${{ p }}"', {"p": None}, "${{ p }}"),
        ('name: "a ${{p}} b"', {"p": "v"}, "a ${{ p }} b"),
        ('name: "${{ p | upper }}"', {"p": "v"}, "V"),
        ('name: "a-${{ p | upper }}-${{ q }}"', {"p": "v", "q": None}, "a-V-${{ q }}"),
        ("name: \"${{ 'x' if p == 'v' else 'y' }}\"", {"p": "v"}, "x"),
        ('name: "${parameters.x} {{y}}"', {}, "${parameters.x} {{y}}"),
    ],
)
def test_a_param_stays_and_what_only_flowplan_knows_is_computed(
    value: str, params: Any, made: str
) -> None:
    assert inputs(exported(tool(value), **params))["name"] == made


def test_a_value_that_is_computed_keeps_its_type() -> None:
    tail = "flowplan: {params: {p: {type: object}, q: {type: boolean}}}"
    text = tool('parameters: "${{ p }}", include_output_in_agent_response: "${{ q }}"')
    found = inputs(exported(text, tail, p={"a": 1}, q=True))
    assert found["parameters"] == {"a": 1}
    assert found["include_output_in_agent_response"] is True


@pytest.mark.parametrize(
    ("value", "params", "why"),
    [
        ('name: "${{ p | upper }}"', {"p": None}, "has no value"),
        ('parameters: {a: {b: "${{ p | upper }}"}}', {"p": None}, "has no value"),
        ('name: "${{ g.model_group_id | upper }}"', {}, "is not known before"),
        ("name: \"${{ '$' ~ '{{ x }}' }}\"", {}, "no way to write"),
        ('name: "${{ p + 1 }}"', {"p": "a"}, "does not work"),
        ("attributes: {a: {b: 1}}", {}, "neither objects nor lists"),
        ("attributes: {a: [1]}", {}, "neither objects nor lists"),
    ],
)
def test_what_can_not_be_said_is_an_error_with_its_place(value: str, params: Any, why: str) -> None:
    more = "- {id: g, type: register_model_group, user_inputs: {name: g}}"
    error = refused(tool(value, more=more), **params)
    assert [item.code for item in error.diagnostics] == ["FP196"]
    assert error.diagnostics[0].node == "t"
    assert error.diagnostics[0].line == 7
    assert why in error.diagnostics[0].detail


def test_a_list_of_texts_can_not_be_said() -> None:
    text = (
        "nodes: [{id: g, type: register_model_group, user_inputs: {name: g, backend_roles: [a]}}]"
    )
    assert "backend_roles[0]" in refused(text).diagnostics[0].summary


def test_all_that_can_not_be_said_is_told_at_once() -> None:
    text = tool('name: "${{ p + 1 }}", description: "${{ p + 2 }}"')
    assert len(refused(text, p="a").diagnostics) == 2


def test_a_secret_stays_a_param_and_is_never_written_out() -> None:
    found = exported("nodes:\n" + CONNECTOR, key="hunter2")
    assert inputs(found)["credential"] == {"key": "${{ key }}"}
    assert "hunter2" not in json.dumps(found.document)


def test_a_secret_that_would_have_to_be_written_out_is_an_error_without_it() -> None:
    text = "nodes:\n" + CONNECTOR.replace("${{ key }}", "${{ key | upper }}")
    error = refused(text, key="hunter2")
    assert "HUNTER2" not in repr(error.diagnostics)
    assert "a secret would have to be written out" in error.diagnostics[0].detail.lower()


def test_a_secret_inside_a_param_need_not_be_given() -> None:
    text = "nodes:\n" + CONNECTOR.replace("${{ key }}", "${{ keys.eu }}")
    tail = "flowplan: {params: {keys: {type: object, sensitive: true}}}"
    assert inputs(exported(text, tail, keys=None))["credential"] == {"key": "${{ keys_eu }}"}


def test_two_secrets_never_share_a_param() -> None:
    text = CONNECTOR.replace("{key:", '{a: "${{ keys[\'x-y\'] }}", b: "${{ keys.x_y }}", key:')
    tail = "flowplan: {params: {key: {}, keys: {type: object, sensitive: true}}}"
    found = exported("nodes:\n" + text, tail, key="k", keys={"x-y": "1", "x_y": "2"})
    assert len(set(inputs(found)["credential"].values())) == 3


def test_a_secret_inside_a_param_becomes_a_param_of_its_own() -> None:
    text = CONNECTOR.replace("${{ key }}", "${{ keys[each.key] }}").replace(
        "name: c\n", "name: c\n"
    )
    text = f"nodes:\n{text}  flowplan: {{for_each: [eu, us]}}"
    tail = "flowplan: {params: {keys: {type: object, sensitive: true}}}"
    found = exported(text, tail, keys={"eu": "a", "us": "b"})
    assert [inputs(found, n)["credential"]["key"] for n in (0, 1)] == [
        "${{ keys_eu }}", "${{ keys_us }}",
    ]  # fmt: skip
    assert 'keys["us"] → keys_us' in found.warnings[1].detail


def test_expressions_inside_lists_are_written_out_since_nothing_fills_them_in() -> None:
    text = "nodes:\n" + CONNECTOR.replace("https://x", "https://${{ host }}/v1")
    assert inputs(exported(text, key="k", host="h"))["actions"][0]["url"] == "https://h/v1"


def test_inputs_that_are_kept_as_json_are_filled_in_at_any_depth() -> None:
    text = """\
        nodes:
        - id: i
          type: create_index
          user_inputs: {index_name: i, configurations: {a: {b: [{c: "${{ p }}"}]}}}
        """
    assert inputs(exported(text, p="v"))["configurations"] == {"a": {"b": [{"c": "${{ p }}"}]}}


def test_a_version_is_written_as_text() -> None:
    assert inputs(exported("nodes:\n" + CONNECTOR, key="k"))["version"] == "1"


def test_nested_parameters_are_written_as_json_text() -> None:
    found = exported(tool("parameters: {a: [1, {b: 2}]}"))
    assert inputs(found)["parameters"] == {"a": '[1,{"b":2}]'}
    assert codes(found) == ["FP197"]


def test_the_model_of_an_agent_is_written_as_json_text() -> None:
    text = """\
        nodes:
        - id: a
          type: register_agent
          user_inputs: {name: a, type: flow, model: {model_id: "${{ p }}"}}
        """
    assert json.loads(inputs(exported(text, p="v"))["model"]) == {"model_id": "${{ p }}"}


AGENT = """\
nodes:
- {id: m, type: register_remote_model, user_inputs: {name: m, connector_id: c}}
- id: a
  type: register_agent
  user_inputs: {name: a, type: flow, llm: {model_id: "${{ m.model_id }}"}}
"""


def test_an_output_in_an_expression_stays_and_its_node_becomes_a_predecessor() -> None:
    found = exported(AGENT)
    assert inputs(found, 1)["llm"] == {"model_id": "${{ m.model_id }}"}
    assert provision(found)["edges"] == [{"source": "m", "dest": "a"}]


def test_an_edge_that_is_there_is_not_written_twice() -> None:
    found = exported(AGENT + "edges: [{source: m, dest: a}]")
    assert len(provision(found)["edges"]) == 1


def test_an_output_of_the_name_of_its_input_goes_to_previous_node_inputs() -> None:
    text = """\
        nodes:
        - {id: m, type: register_remote_model, user_inputs: {name: m, connector_id: c}}
        - {id: d, type: deploy_model, user_inputs: {model_id: "${{ m.model_id }}"}}
        """
    node = provision(exported(text))["nodes"][1]
    assert node == {"id": "d", "type": "deploy_model", "previous_node_inputs": {"m": "model_id"}}


def test_a_node_gives_one_output_by_name_and_the_others_by_expression() -> None:
    text = """\
        nodes:
        - {id: m, type: register_remote_model, user_inputs: {name: m, connector_id: c}}
        - id: d
          type: deploy_model
          previous_node_inputs: {m: register_model_status}
          user_inputs: {model_id: "${{ m.model_id }}"}
        """
    node = provision(exported(text))["nodes"][1]
    assert node["user_inputs"] == {"model_id": "${{ m.model_id }}"}


def test_an_expression_that_would_give_another_input_as_well_is_an_error() -> None:
    text = """\
        nodes:
        - {id: g, type: register_model_group, user_inputs: {name: g}}
        - id: m
          type: register_remote_model
          user_inputs: {name: "${{ g.model_group_id }}", connector_id: c}
        """
    found = refused(text).diagnostics
    assert [item.code for item in found] == ["FP196"]
    assert "`model_group_id` would come from another node" in found[0].summary


def test_user_params_are_kept() -> None:
    text = tool("name: n").replace("nodes:", 'user_params: {description: "${{ p }}"}\nnodes:')
    assert provision(exported(text, p="v"))["user_params"] == {"description": "${{ p }}"}


@pytest.mark.parametrize(
    ("more", "written"),
    [
        ("  flowplan: {timeout: 2m}", "120s"),
        ("  flowplan: {timeout: 500ms}", "500ms"),
        ("  user_inputs: {node_timeout: 1m}", "60s"),
        ("", None),
    ],
)
def test_the_time_limit_is_node_timeout(more: str, written: str | None) -> None:
    found = exported(f"nodes:\n- id: a\n  type: noop\n{more}")
    assert inputs(found).get("node_timeout") == written


def test_an_order_of_nodes_has_their_new_names() -> None:
    text = """\
        nodes:
        - {id: t, type: create_tool, user_inputs: {type: x}, flowplan: {for_each: [a, b]}}
        - id: agent
          type: register_agent
          previous_node_inputs: {t: tools}
          user_inputs: {name: a, type: flow, tools_order: [t]}
        """
    found = exported(text)
    assert inputs(found, 2)["tools_order"] == ["t_a", "t_b"]
    assert provision(found)["nodes"][2]["previous_node_inputs"] == {"t_a": "tools", "t_b": "tools"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("nodes:\n" + CONNECTOR.replace("    description: d\n", ""), "`description`"),
        ("nodes:\n" + CONNECTOR.replace("    parameters", "    client_config: {a: 1}\n    parameters"), "client_config"),
        ("nodes: [{id: r, type: reindex, user_inputs: {source_index: a, destination_index: b}}]", "requests_per_second"),
        (tool("name: n, config: {a: 1}"), ""),
    ],
)  # fmt: skip
def test_what_flow_framework_is_known_to_refuse_is_warned_of(text: str, word: str) -> None:
    params = {"key": "k"} if "key" in text else {}
    found = exported(text, **params)
    assert codes(found) == (["FP197"] if word else [])
    assert not word or word in found.warnings[0].summary


KEYS = {"name", "description", "use_case", "version", "workflows", "ui_metadata"}


def test_the_result_keeps_to_the_recorded_grammar() -> None:
    text = GROUPS.replace("nodes:\n", "nodes:\n" + CONNECTOR)
    document = exported(text, key="k", c="x").document
    assert set(document) <= KEYS
    workflow = document["workflows"]["provision"]
    assert set(workflow) <= {"nodes", "edges", "user_params"}
    for node in workflow["nodes"]:
        assert set(node) <= {"id", "type", "previous_node_inputs", "user_inputs"}
        assert re.fullmatch(r"\w+", node["id"])
        for name, value in node.get("user_inputs", {}).items():
            assert value is not None
            if isinstance(value, dict) and name not in {"configurations", "interface", "llm"}:
                assert all(not isinstance(item, (dict, list)) for item in value.values())
            if isinstance(value, list):
                assert all(isinstance(item, dict) for item in value)


def test_the_result_reads_back_without_a_doubt() -> None:
    document = exported(GROUPS, c="x").document
    again, found = parse(parse_text(json.dumps(document), "t.json", "json"), STEPS, strict=True)
    assert again is not None
    assert found == ()
