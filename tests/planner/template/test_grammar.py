"""The shape of a template: keys, kinds of values, versions, workflows."""

from __future__ import annotations

import pytest

NODE = "nodes: [{id: a, type: noop}]"


def top(lines):
    return f"name: x\nworkflows: {{provision: {{{NODE}}}}}\n{lines}\n"


CASES = {
    "an unknown key": ("flowplam: {}", [("FP102", 3, 1)], 'did you mean "flowplan"?'),
    "a key like no other": ("zzz: 1", [("FP102", 3, 1)], "remove it"),
    "a description that is no string": ("description: 5", [("FP106", 3, 14)], "quote it"),
    "a null": ("use_case: null", [("FP106", 3, 11)], "write a string, or remove the key"),
    "a version that is no object": ("version: 1.0.0", [("FP106", 3, 10)], "write an object"),
    "an unknown key of version": (
        "version: {templat: 1.0.0}", [("FP102", 3, 11)], 'did you mean "template"?',
    ),
    "a version of two numbers": (
        'version: {template: "1.0"}', [("FP125", 3, 21)], 'write it as "2.12.0"',
    ),
    "a version that is a number": (
        "version: {template: 1.0}", [("FP125", 3, 21)], 'write it as "2.12.0"',
    ),
    "a null version": ("version: {template: null}", [("FP125", 3, 21)], 'write it as "2.12.0"'),
    "compatibility that is no list": (
        "version: {compatibility: 2.12.0}", [("FP106", 3, 26)], "write a list",
    ),
    "wrong versions in compatibility": (
        "version: {compatibility: [2.12.0, x, 3]}",
        [("FP125", 3, 35), ("FP125", 3, 38)],
        'write it as "2.12.0"',
    ),
    "flowplan that is no object": ("flowplan: []", [("FP106", 3, 11)], "write an object"),
    "an unknown key of flowplan": (
        "flowplan: {output: {}}", [("FP102", 3, 12)], 'did you mean "outputs"?',
    ),
    "moved that is no list": ("flowplan: {moved: {}}", [("FP106", 3, 19)], "write a list"),
    "an output without a value": (
        "flowplan: {outputs: {a: null}}", [("FP106", 3, 25)], "write a value",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_at_the_top_of_a_template_it_is_reported(check, case):
    lines, places, hint = CASES[case]
    found = check(top(lines))
    assert found.places == places
    assert found.found[0].hint.startswith(hint)
    assert found.template is None


@pytest.mark.parametrize(
    "lines",
    [
        "user: {name: x}\ncreated_time: 1\nlast_updated_time: 2\nlast_provisioned_time: 3",
        "tenant_id: x\nall_shared_principals: [x]",
        'version: {template: "1.0.0", compatibility: ["2.12.0-SNAPSHOT", "3.0.0-beta1"]}',
        "flowplan: {}",
    ],
)
def test_what_flow_framework_writes_itself_is_no_mistake(check, lines):
    assert check(top(lines)).codes == []


def test_a_missing_name_is_reported_at_the_start(check):
    found = check(f"description: x\nworkflows: {{provision: {{{NODE}}}}}\n")
    assert found.places == [("FP105", 1, 1)]
    assert found.found[0].summary == "a template needs `name`"


@pytest.mark.parametrize("name", ['""', '" "'])
def test_an_empty_name_is_as_good_as_none(check, name):
    found = check(f"name: {name}\nworkflows: {{provision: {{{NODE}}}}}\n")
    assert found.places == [("FP105", 1, 7)]


def test_a_name_that_is_no_string_is_reported_once(check):
    found = check(f"name: 5\nworkflows: {{provision: {{{NODE}}}}}\n")
    assert found.places == [("FP106", 1, 7)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name: x\n", ("FP127", 1, 1)),
        ("name: x\nworkflows: {}\n", ("FP127", 2, 1)),
        ("name: x\nworkflows: {provision: {}}\n", ("FP127", 2, 13)),
        ("name: x\nworkflows: {provision: {nodes: []}}\n", ("FP127", 2, 25)),
        ("name: x\nworkflows: {provision: {nodes: {}}}\n", ("FP106", 2, 32)),
        ("name: x\nworkflows: []\n", ("FP106", 2, 12)),
        ("name: x\nworkflows: null\n", ("FP106", 2, 12)),
        ("name: x\nworkflows: {provision: null}\n", ("FP106", 2, 24)),
    ],
)
def test_a_template_without_nodes_is_an_error(check, text, place):
    assert check(text).places == [place]


def test_another_workflow_is_said_to_be_unused(check):
    found = check(f"name: x\nworkflows:\n  provision: {{{NODE}}}\n  other: {{{NODE}}}\n")
    assert found.places == [("FP126", 4, 3)]
    assert found.found[0].severity == "warning"
    assert [node.path[1] for node in found.template.nodes] == ["provision"]


def test_another_workflow_is_checked_all_the_same(check):
    found = check(
        f"name: x\nworkflows:\n  provision: {{{NODE}}}\n  other: {{nodes: [{{id: a, type: nop}}]}}\n"
    )
    assert found.places == [("FP126", 4, 3), ("FP103", 4, 33)]


def test_a_misspelt_provision_is_recognised(check):
    found = check(f"name: x\nworkflows:\n  provison: {{{NODE}}}\n")
    assert found.places == [("FP127", 2, 1), ("FP126", 3, 3)]
    assert found.found[1].hint == 'did you mean "provision"?'


def test_params_of_another_workflow_need_not_be_given(check):
    other = 'other: {nodes: [{id: a, type: noop, user_inputs: {delay: "${{ x }}"}}]}'
    found = check(f"name: x\nworkflows:\n  provision: {{{NODE}}}\n  {other}\n")
    assert found.template.implicit == {}


def test_a_name_with_an_expression_is_used_as_written_with_a_warning(check):
    found = check(f"name: ${{{{ x }}}}\nworkflows: {{provision: {{{NODE}}}}}\n")
    assert found.places == [("FP153", 1, 7)]
    assert (found.template.name, found.template.implicit) == ("${{ x }}", {})
