"""Order, neighbours and cycles of dependency graphs, and the edges of a template."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowplan.planner.graph import Graph, edges_of

DIAMOND = Graph.build({"d": ["b", "c"], "b": ["a"], "c": ["a"], "a": [], "x": []})


def test_predecessors_come_first_and_else_the_order_given():
    assert DIAMOND.order == ("a", "b", "c", "d", "x")
    assert Graph.build({"c": (), "a": (), "b": ()}).order == ("c", "a", "b")


def test_a_node_comes_as_soon_as_it_can_before_later_ones():
    assert Graph.build({"a": ["z"], "b": [], "z": []}).order == ("b", "z", "a")


def test_neighbours_are_known_in_both_directions():
    assert DIAMOND.predecessors("d") == ("b", "c")
    assert DIAMOND.successors("a") == ("b", "c")
    with pytest.raises(KeyError):
        DIAMOND.predecessors("nobody")


def test_a_predecessor_named_twice_counts_once():
    graph = Graph.build({"a": [], "b": ["a", "a"]})
    assert graph.predecessors("b") == ("a",)
    assert graph.successors("a") == ("b",)


def test_a_predecessor_that_is_no_node_is_left_out():
    assert Graph.build({"a": ["gone"]}).predecessors("a") == ()


def test_a_graph_without_a_cycle_has_none():
    assert DIAMOND.cycle() is None
    assert Graph.build({}).cycle() is None


def test_a_cycle_is_a_path_along_the_edges_back_to_its_start():
    graph = Graph.build({"x": ["a"], "a": ["c"], "b": ["a"], "c": ["b"], "y": ["c"]})
    assert graph.cycle() == ("a", "b", "c", "a")


def test_a_node_that_needs_itself_is_a_cycle():
    assert Graph.build({"a": ["a"]}).cycle() == ("a", "a")


def test_what_only_depends_on_a_cycle_is_not_in_it():
    assert Graph.build({"z": ["q"], "p": ["q"], "q": ["p"]}).cycle() == ("p", "q", "p")


def test_the_order_has_the_nodes_of_a_cycle_last():
    graph = Graph.build({"a": ["b"], "b": ["a"], "c": ["a"], "d": []})
    assert graph.order == ("d", "a", "b", "c")


def test_a_long_chain_is_no_problem():
    size = 10_000
    names = [f"n{i}" for i in range(size)]
    graph = Graph.build({name: names[i - 1 : i] for i, name in enumerate(names)})
    assert graph.cycle() is None
    assert graph.order == tuple(names)
    ring = Graph.build({name: [names[i - 1]] for i, name in enumerate(names)})
    assert len(ring.cycle() or ()) == size + 1


GRAPHS = st.integers(1, 12).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, size - 1), max_size=4), min_size=size, max_size=size
    )
)


@given(GRAPHS)
def test_random_graphs_are_ordered_or_have_a_cycle(given_edges):
    nodes = {str(n): [str(other) for other in others] for n, others in enumerate(given_edges)}
    graph = Graph.build(nodes)
    assert sorted(graph.order) == sorted(nodes)
    cycle = graph.cycle()
    if cycle is None:
        place = {name: n for n, name in enumerate(graph.order)}
        assert all(place[b] < place[a] for a in nodes for b in nodes[a])
        return
    assert cycle[0] == cycle[-1]
    assert len(set(cycle[1:])) == len(cycle) - 1
    assert all(earlier in nodes[later] for earlier, later in pairwise(cycle))


def template(nodes, edges=(), params=(), implicit=()):
    return SimpleNamespace(
        nodes=[
            SimpleNamespace(
                id=name,
                previous_node_inputs=before,
                user_inputs=inputs,
                lifecycle=SimpleNamespace(replace_triggered_by=()),
            )
            for name, before, inputs in nodes
        ],
        edges=[SimpleNamespace(source=a, dest=b) for a, b in edges],
        params=dict.fromkeys(params),
        implicit=dict.fromkeys(implicit),
    )


def test_edges_come_from_three_sources_and_name_them():
    found = edges_of(
        template(
            [
                ("a", {}, {}),
                ("b", {"a": "x"}, {"deep": [{"k": "id ${{ a.model_id | upper }}"}]}),
                ("c", {}, {"y": "${{ a['x'] }}"}),
            ],
            edges=[("a", "b"), ("b", "c")],
        )
    )
    assert found == {
        "a": {},
        "b": {"a": {"edge", "previous_node_inputs", "reference"}},
        "c": {"b": {"edge"}, "a": {"reference"}},
    }


def test_ends_that_are_no_nodes_draw_no_edge():
    found = edges_of(
        template(
            [("a", {"gone": "x"}, {"k": "${{ gone.x }} ${{ key }}"})],
            edges=[("q", "a"), ("a", "q")],
        )
    )
    assert found == {"a": {}}


@pytest.mark.parametrize("where", ["params", "implicit"])
def test_a_dotted_param_draws_no_edge(where):
    nodes = [
        ("a", {}, {"k": "${{ a.credential.key }}"}),
        ("b", {}, {"k": "${{ a.credential.key }}"}),
    ]
    assert edges_of(template(nodes, **{where: ["a.credential.key"]})) == {"a": {}, "b": {}}


def test_known_outputs_decide_between_output_and_param():
    nodes = [("a", {}, {}), ("b", {}, {"k": "${{ a.id }}"}), ("c", {}, {"k": "${{ a.key }}"})]
    found = edges_of(template(nodes, params=["a.id", "a.key"]), {"a": ["id"]})
    assert found == {"a": {}, "b": {"a": {"reference"}}, "c": {}}


def test_a_node_whose_outputs_are_not_known_still_draws_an_edge():
    nodes = [("a", {}, {}), ("b", {}, {"k": "${{ a.id }}"})]
    assert edges_of(template(nodes), {})["b"] == {"a": {"reference"}}


def test_an_instance_of_a_for_each_draws_an_edge():
    nodes = [('g["eu"]', {}, {}), ("b", {}, {"k": '${{ g["eu"].id }}'})]
    assert edges_of(template(nodes))["b"] == {'g["eu"]': {"reference"}}


def test_a_string_that_can_not_be_read_is_left_to_validation():
    assert edges_of(template([("a", {}, {}), ("b", {}, {"k": "${{ ? }}"})]))["b"] == {}
