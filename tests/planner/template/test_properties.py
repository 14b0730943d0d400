"""What holds for every tree that a file may hold: an answer, and never an exception."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from flowplan.planner.source import parse_text
from flowplan.planner.template import check_params, parse

WORDS = st.sampled_from(
    [
        "a", "b", "noop", "create_connector", "deploy_model", "model_id", "x", "", "${{ a }}", "${{ a.model_id }}",
        "${{ b | default(1) }}", "${{ a", "20s", "1.0.0", "string",
    ]
)  # fmt: skip
KEYS = st.sampled_from(
    [
        "name", "version", "workflows", "provision", "nodes", "edges", "id", "type", "user_inputs", "source",
        "previous_node_inputs", "user_params", "flowplan", "params", "outputs", "default", "enum", "pattern",
        "template", "compatibility", "dest", "credential", "node_timeout", "a", "b", "moved",
    ]
)  # fmt: skip
VALUES = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers(-2, 2) | st.floats(0, 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)
NODES = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("abc"), "type": WORDS},
        optional={
            "user_inputs": st.dictionaries(KEYS, VALUES, max_size=3) | VALUES,
            "previous_node_inputs": st.dictionaries(st.sampled_from("abcd"), WORDS, max_size=3),
            "flowplan": VALUES,
        },
    ),
    max_size=4,
)
TEMPLATES = st.fixed_dictionaries(
    {
        "name": WORDS,
        "workflows": st.fixed_dictionaries(
            {"provision": st.fixed_dictionaries({"nodes": NODES}, optional={"edges": VALUES})}
        ),
    },
    optional={"flowplan": st.dictionaries(KEYS, VALUES, max_size=3), "version": VALUES},
)


class Nothing:
    def schema(self, name):
        return None

    def kind(self, name):
        return ""

    def names(self):
        return ()

    def unsupported(self, name):
        return name == "noop"


@settings(max_examples=200)
@given(TEMPLATES | VALUES, st.booleans())
def test_every_tree_gets_an_answer(tree, strict):
    from flowplan.protocol import InputSpec, StepSchema

    class Some(Nothing):
        def schema(self, name):
            inputs = {"model_id": InputSpec(("string",), required=True), "name": InputSpec()}
            return StepSchema(inputs, outputs=("model_id",)) if name == "deploy_model" else None

    document = parse_text(json.dumps(tree, indent=1), "t.json", "json")
    for catalogue in (Nothing(), Some()):
        template, found = parse(document, catalogue, strict=strict)
        assert (template is None) == any(item.severity == "error" for item in found)
        for item in found:
            assert item.line
            assert item.column
            assert item.excerpt[item.column - 1 :][: item.span]
        if template is not None:
            check_params(template, {"a": "x"})


@given(TEMPLATES)
def test_checking_twice_finds_the_same(tree):
    document = parse_text(json.dumps(tree), "t.json", "json")
    assert parse(document, Nothing())[1] == parse(document, Nothing())[1]
