"""Where two nodes of a workflow meet."""

from __future__ import annotations

import pytest

from flowplan.planner.source import parse_text
from flowplan.planner.template import parse
from flowplan.providers.registry import Registry


def found(*nodes: str) -> list[tuple[str, str, str]]:
    lines = "\n".join(f"    - {node}" for node in nodes)
    text = f"name: w\nworkflows:\n  provision:\n    nodes:\n{lines}\n"
    _, diagnostics = parse(parse_text(text, "t.yaml", "yaml"), Registry())
    return [(item.code, item.node or "", item.summary) for item in diagnostics]


def index(name: str, called: str) -> str:
    return f"{{id: {name}, type: create_index, user_inputs: {{index_name: '{called}', configurations: {{}}}}}}"


def pipeline(name: str, kind: str) -> str:
    return f"{{id: {name}, type: create_{kind}_pipeline, user_inputs: {{pipeline_id: p, configurations: {{}}}}}}"


LISTER = "{id: lister, type: create_tool, user_inputs: {type: ListIndexTool}}"


def agent(order: str, before: str = "{lister: tools}") -> str:
    inputs = f"{{name: a, type: flow, tools_order: {order}}}"
    return f"{{id: agent, type: register_agent, previous_node_inputs: {before}, user_inputs: {inputs}}}"


def test_an_index_that_two_nodes_make_is_an_error():
    assert found(index("a", "docs"), index("b", "docs")) == [
        ("FP158", "b", 'a makes "docs" already')
    ]


@pytest.mark.parametrize(
    "nodes",
    [
        (index("a", "docs"), index("b", "notes")),
        (pipeline("a", "ingest"), pipeline("b", "search")),
    ],
)
def test_other_names_and_other_kinds_are_none(nodes):
    assert found(*nodes) == []


def test_a_name_that_is_an_expression_may_be_any():
    assert "FP158" not in [
        code for code, _, _ in found(index("a", "${{ x }}"), index("b", "${{ x }}"))
    ]


def test_two_connectors_of_one_name_are_two():
    inputs = "{name: c, protocol: http, version: '1', credential: {k: '1'}, actions: []}"
    nodes = [f"{{id: {name}, type: create_connector, user_inputs: {inputs}}}" for name in "ab"]
    assert "FP158" not in [code for code, _, _ in found(*nodes)]


def test_an_order_that_names_no_node_is_a_warning():
    assert found(LISTER, agent("[listr, lister]")) == [
        ("FP159", "agent", 'no node "listr" gives tools to agent')
    ]


def test_an_order_of_nodes_that_give_tools_is_none():
    assert found(LISTER, agent("[lister]")) == []


def test_an_order_that_names_a_node_which_gives_nothing_is_a_warning():
    codes = [code for code, _, _ in found(LISTER, index("i", "docs"), agent("[i]"))]
    assert codes == ["FP159"]
