"""Ids, edges and cycles."""

from __future__ import annotations

import pytest


def chain(*pairs, extra=()):
    names = dict.fromkeys([name for pair in pairs for name in pair])
    lines = [f"- {{id: {name}, type: noop}}" for name in [*names, *extra]]
    edges = ", ".join(f"{{source: {source}, dest: {dest}}}" for source, dest in pairs)
    return "nodes:\n" + "\n".join(lines) + f"\nedges: [{edges}]"


def test_an_id_that_is_used_twice_is_reported_with_both_places(nodes):
    found = nodes("nodes:\n- {id: a, type: noop}\n- {id: b, type: noop}\n- {id: a, type: noop}")
    assert found.places == [("FP109", 7, 12)]
    assert "line 5" in found.found[0].detail


@pytest.mark.parametrize(("end", "column"), [("source", 22), ("dest", 33)])
def test_an_edge_to_an_unknown_node_is_reported_at_that_end(nodes, end, column):
    other = {"source": "dest", "dest": "source"}[end]
    ends = {end: "alfa", other: "alpha"}
    text = f"nodes: [{{id: alpha, type: noop}}]\nedges: [{{source: {ends['source']}, dest: {ends['dest']}}}]"
    found = nodes(text)
    (item,) = found.found
    assert (item.code, item.line, item.hint) == ("FP104", 5, 'did you mean "alpha"?')
    assert item.excerpt[item.column - 1 :][: item.span] == end


def test_an_edge_between_two_unknown_nodes_is_two_errors(nodes):
    found = nodes("nodes: [{id: a, type: noop}]\nedges: [{source: xx, dest: yy}]")
    assert found.codes == ["FP104", "FP104"]


def test_an_edge_from_an_unknown_node_to_itself_is_about_the_node(nodes):
    found = nodes("nodes: [{id: a, type: noop}]\nedges: [{source: xx, dest: xx}]")
    assert found.codes == ["FP104", "FP104"]


def test_a_previous_node_that_does_not_exist_is_reported_at_its_key(nodes):
    found = nodes("nodes:\n- {id: alpha, type: noop, previous_node_inputs: {alfa: x}}")
    assert found.places == [("FP104", 5, 54)]
    assert (found.found[0].node, found.found[0].hint) == ("alpha", 'did you mean "alpha"?')


def test_a_node_can_not_come_before_itself_by_an_edge(nodes):
    found = nodes("nodes: [{id: a, type: noop}]\nedges: [{source: a, dest: a}]")
    assert found.places == [("FP111", 5, 25)]


def test_a_node_can_not_come_before_itself_by_its_inputs(nodes):
    found = nodes("nodes:\n- {id: a, type: noop, previous_node_inputs: {a: x}}")
    assert found.places == [("FP111", 5, 50)]


def test_a_cycle_is_reported_with_its_path_from_the_first_node(nodes):
    found = nodes(chain(("a", "b"), ("b", "c"), ("c", "a")))
    assert [item.summary for item in found.found] == ["cycle: a → b → c → a"]
    assert found.codes == ["FP110"]


def test_a_cycle_is_reported_where_it_is_closed(nodes):
    found = nodes(chain(("a", "b"), ("b", "a")))
    assert found.places == [("FP110", 7, 35)]


def test_two_cycles_are_two_errors(nodes):
    found = nodes(chain(("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"), extra=["e"]))
    assert sorted(item.summary for item in found.found) == [
        "cycle: a → b → a",
        "cycle: c → d → c",
    ]


def test_a_cycle_may_mix_edges_inputs_and_references(nodes):
    found = nodes(
        """
nodes:
- {id: a, type: register_model_group, user_inputs: {name: "${{ c.agent_id }}"}}
- {id: b, type: noop, previous_node_inputs: {a: model_group_id}}
- {id: c, type: register_agent, user_inputs: {name: x}}
edges: [{source: b, dest: c}]
"""
    )
    assert [item.summary for item in found.found] == ["cycle: a → b → c → a"]
    assert found.places == [("FP110", 6, 57)]


def test_a_long_cycle_is_found_without_a_deep_stack(nodes):
    names = [f"n{n}" for n in range(3000)]
    found = nodes(chain(*zip(names, [*names[1:], names[0]], strict=True)))
    assert found.codes == ["FP110"]
    assert found.found[0].summary.startswith("cycle: n0 → n1 → n2")


def test_no_more_than_some_cycles_are_listed(nodes):
    pairs = [pair for n in range(30) for pair in ((f"a{n}", f"b{n}"), (f"b{n}", f"a{n}"))]
    assert len(nodes(chain(*pairs)).found) == 20


def test_nodes_without_a_usable_id_take_no_part(nodes):
    found = nodes("nodes: [{type: noop, previous_node_inputs: {a: x}}, {id: a, type: noop}]")
    assert found.codes == ["FP105"]
