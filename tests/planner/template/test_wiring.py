"""Which predecessor gives which input."""

from __future__ import annotations

import pytest

from flowplan.planner.template import Edge, Node, Wiring, sources_of_inputs


def wire(catalogue, *nodes, edges=(), user_params=None):
    return Wiring.of(nodes, [Edge(*edge) for edge in edges], catalogue, user_params or {})


def node(name, type, **previous):
    inputs = previous.pop("inputs", {})
    return Node(name, type, previous_node_inputs=previous, user_inputs=inputs)


CONN = node("conn", "create_connector")
OTHER = node("other", "create_connector")


def test_a_named_predecessor_gives_the_input(catalogue):
    wiring = wire(catalogue, CONN, node("m", "register_remote_model", conn="connector_id"))
    assert wiring.candidates("m") == {"connector_id": ("conn",)}


def test_a_named_predecessor_comes_before_user_inputs_and_params(catalogue):
    model = node("m", "register_remote_model", conn="connector_id", inputs={"connector_id": "x"})
    wiring = wire(catalogue, CONN, model, user_params={"connector_id": "y"})
    assert wiring.candidates("m") == {"connector_id": ("conn",)}


def test_a_predecessor_by_edge_gives_what_nobody_else_gives(catalogue):
    model = node("m", "register_remote_model")
    wiring = wire(catalogue, CONN, model, edges=[("conn", "m")])
    assert wiring.candidates("m") == {"connector_id": ("conn",)}


@pytest.mark.parametrize(
    ("inputs", "user_params"), [({"connector_id": "x"}, {}), ({}, {"connector_id": "x"})]
)
def test_what_is_written_comes_before_what_an_edge_offers(catalogue, inputs, user_params):
    model = node("m", "register_remote_model", inputs=inputs)
    wiring = wire(catalogue, CONN, model, edges=[("conn", "m")], user_params=user_params)
    assert wiring.candidates("m") == {}


def test_a_named_predecessor_comes_before_one_by_edge(catalogue):
    model = node("m", "register_remote_model", conn="connector_id")
    wiring = wire(catalogue, OTHER, CONN, model, edges=[("other", "m")])
    assert wiring.candidates("m") == {"connector_id": ("conn",)}
    assert wiring.rivals("m") == {}


def test_an_output_that_is_no_input_of_the_step_only_orders(catalogue):
    wiring = wire(catalogue, CONN, node("g", "register_model_group", conn="connector_id"))
    assert wiring.candidates("g") == {}
    assert wiring.before["g"] == ("conn",)


def test_an_input_that_is_never_sent_as_such_is_given_by_name_only(catalogue):
    deploy = node("d", "deploy_model")
    named = wire(catalogue, deploy, node("t", "create_tool", d="model_id"))
    assert named.candidates("t") == {"model_id": ("d",)}
    ordered = wire(catalogue, deploy, node("t", "create_tool"), edges=[("d", "t")])
    assert ordered.candidates("t") == {}


def test_several_that_offer_one_input_are_rivals(catalogue):
    model = node("m", "register_remote_model", conn="connector_id", other="connector_id")
    wiring = wire(catalogue, CONN, OTHER, model)
    assert wiring.rivals("m") == {"connector_id": ("conn", "other")}


def test_several_that_pass_on_one_value_are_no_rivals(catalogue):
    wiring = wire(
        catalogue,
        node("m", "register_remote_model"),
        node("d", "deploy_model", m="model_id"),
        node("e", "deploy_model", m="model_id", d="model_id"),
    )
    assert wiring.candidates("e") == {"model_id": ("m", "d")}
    assert wiring.rivals("e") == {}


def test_a_deployment_of_another_model_is_a_rival(catalogue):
    wiring = wire(
        catalogue,
        node("m", "register_remote_model"),
        node("n", "register_remote_model"),
        node("d", "deploy_model", n="model_id"),
        node("e", "deploy_model", m="model_id", d="model_id"),
    )
    assert wiring.rivals("e") == {"model_id": ("m", "d")}


def test_a_deployment_of_a_written_id_is_a_rival(catalogue):
    wiring = wire(
        catalogue,
        node("m", "register_remote_model"),
        node("d", "deploy_model", inputs={"model_id": "x"}),
        node("e", "deploy_model", m="model_id", d="model_id"),
    )
    assert wiring.rivals("e") == {"model_id": ("m", "d")}


def test_values_that_go_in_a_circle_end(catalogue):
    wiring = wire(
        catalogue,
        node("a", "deploy_model", b="model_id"),
        node("b", "deploy_model", a="model_id"),
        node("e", "deploy_model", a="model_id", b="model_id"),
    )
    assert wiring.candidates("e") == {"model_id": ("a", "b")}
    assert wiring.rivals("e") == {}


def test_an_input_that_takes_a_list_is_put_together(catalogue):
    wiring = wire(
        catalogue,
        node("t", "create_tool"),
        node("u", "create_tool"),
        node("a", "register_agent", t="tools", u="tools"),
    )
    assert wiring.candidates("a") == {"tools": ("t", "u")}
    assert wiring.rivals("a") == {}


def test_a_node_of_an_unknown_type_is_given_nothing(catalogue):
    wiring = wire(catalogue, CONN, node("m", "nope", conn="connector_id"))
    assert wiring.candidates("m") == {}
    assert wiring.outputs("m") is None


def test_ends_that_are_no_nodes_and_the_node_itself_are_left_out(catalogue):
    wiring = wire(
        catalogue, node("a", "noop", a="x", b="x"), edges=[("a", "a"), ("a", "z"), ("z", "a")]
    )
    assert wiring.before == {"a": ()}


def test_of_nodes_with_one_id_the_first_counts(catalogue):
    wiring = wire(catalogue, node("a", "noop"), node("a", "create_tool"), node("", "noop"))
    assert [item.type for item in wiring.nodes.values()] == ["noop"]


def test_the_sources_of_a_whole_template(nodes, catalogue):
    found = nodes(
        """
        nodes:
        - {id: m, type: register_remote_model, user_inputs: {name: x, connector_id: y}}
        - {id: d, type: deploy_model, previous_node_inputs: {m: model_id}}
        """
    )
    assert sources_of_inputs(found.template, catalogue) == {"m": {}, "d": {"model_id": ("m",)}}


def test_a_long_chain_that_passes_a_value_on_is_followed_once(catalogue):
    chain = [node("d0", "register_remote_model")]
    chain += [node(f"d{n}", "deploy_model", **{f"d{n - 1}": "model_id"}) for n in range(1, 3000)]
    last = node("last", "deploy_model", **{item.id: "model_id" for item in chain})
    wiring = wire(catalogue, *chain, last)
    assert wiring.rivals("last") == {}
