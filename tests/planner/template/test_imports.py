"""`flowplan.imports`: what a template takes over."""

from __future__ import annotations

import pytest

NODES = (
    "nodes: [{id: group, type: register_model_group, user_inputs: {name: g}}, "
    "{id: other, type: register_model_group, user_inputs: {name: o}}]"
)


def top(imports, rest=""):
    return (
        f"name: x\nworkflows: {{provision: {{{NODES}}}}}\nflowplan: {{{rest}imports: {imports}}}\n"
    )


CASES = {
    "no list": ("{}", [("FP106", 3, 21)], "write a list"),
    "an entry that is no object": ("[a]", [("FP106", 3, 22)], "write an object"),
    "an entry without an id": ("[{node: group}]", [("FP105", 3, 22)], "add `id`"),
    "an entry without a node": ("[{id: x}]", [("FP105", 3, 22)], "add `node`"),
    "an empty id": ('[{node: group, id: " "}]', [("FP105", 3, 40)], "write a text for `id`"),
    "an id that is a number": ("[{node: group, id: 5}]", [("FP106", 3, 40)], "quote it"),
    "an unknown key": (
        "[{node: group, id: x, idd: y}]", [("FP102", 3, 43)], 'did you mean "id"?',
    ),
    "a node that is not there": (
        "[{node: groop, id: x}]", [("FP104", 3, 29)], 'did you mean "group"?',
    ),
    "a node like no other": (
        "[{node: zzz, id: x}]", [("FP104", 3, 29)], "add the node, or remove this",
    ),
    "a node that stands twice": (
        "[{node: group, id: x}, {node: group, id: y}]", [("FP109", 3, 51)], "remove one",
    ),
    "an output of a node": (
        '[{node: group, id: "${{ other.model_group_id }}"}]', [("FP150", 3, 40)], "write the id",
    ),
    "an expression that can't be read": (
        '[{node: group, id: "${{ 1 + }}"}]', [("FP170", 3, 49)], "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_of_imports_it_is_reported(check, case):
    lines, places, hint = CASES[case]
    found = check(top(lines))
    assert found.places == places
    assert found.found[0].hint.startswith(hint)
    assert found.template is None


def test_an_import_is_a_node_and_an_id_as_written(check):
    found = check(top("[{node: group, id: x}, {node: other, id: '${{ old }}'}]"))
    assert found.codes == []
    assert [(item.node, item.resource_id) for item in found.template.imports] == [
        ("group", "x"), ("other", "${{ old }}"),
    ]  # fmt: skip
    assert list(found.template.implicit) == ["old"]


def test_a_param_that_is_not_declared_is_reported(check):
    found = check(top("[{node: group, id: '${{ old }}'}]", rest="params: {new: {}}, "))
    assert found.codes == ["FP117"]


def test_a_template_without_imports_has_none(check):
    assert check(f"name: x\nworkflows: {{provision: {{{NODES}}}}}\n").template.imports == ()
