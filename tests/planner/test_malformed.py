"""Whatever is written in a template, also where few look: mistakes are told, and nothing raises."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowplan.errors import TemplateError
from flowplan.planner.expand import expand
from flowplan.planner.graph import edges_of
from flowplan.planner.params import Params
from flowplan.planner.sensitivity import secret_params
from flowplan.planner.settled import check_settled
from flowplan.planner.source import parse_text
from flowplan.planner.template import Template, check_params, parse
from flowplan.planner.template.outline import outlined
from flowplan.providers.registry import Registry

STEPS = Registry()
GROUP = {"type": "register_model_group"}
VALID: dict[str, Any] = {
    "name": "x",
    "workflows": {
        "provision": {
            "nodes": [
                {
                    **GROUP, "id": "several", "user_inputs": {"name": "${{ each.key }}"},
                    "flowplan": {"for_each": ["e", "f"]},
                },
                {
                    **GROUP, "id": "group", "user_inputs": {"name": "${{ p }}"},
                    "flowplan": {
                        "replace_triggered_by": ["agent.name", 'several["e"]'],
                        "ignore_changes": ["name"], "when": "${{ on }}",
                    },
                },
                {
                    "id": "index", "type": "create_index",
                    "user_inputs": {"index_name": "i", "configurations": {"settings": {"k": 1}}},
                },
                {
                    "id": "agent", "type": "register_agent",
                    "user_inputs": {"name": "a", "type": "flow"},
                },
            ],
            "edges": [{"source": "group", "dest": "index"}],
        }
    },
    "flowplan": {
        "params": {"p": {"default": "a", "enum": ["a", "b"]}, "on": {"type": "boolean", "default": True}},
        "outputs": {"o": "${{ several['f'].model_group_id }}"},
        "moved": [{"from": "was", "to": "group"}, {"from": "that", "to": 'several["e"]'}],
        "imports": [{"node": "index", "id": "i"}, {"node": 'several["f"]', "id": "${{ p }}"}],
        "checks": [
            {
                "name": "answers", "agent": "agent", "body": {"a": "${{ p }}"}, "timeout": "3s",
                "retries": 1, "expect": [{"path": "a.b", "equals": 1}, {"path": "c", "exists": True}],
            },
            {"name": "finds", "search": "index", "body": {}},
        ],
    },
}  # fmt: skip
"""A template that uses what has few other tests; it is broken at some of its places."""

WORDS = st.sampled_from(
    [
        "a", "group", "several", "index", 'several["e"]', 'several["zz"]', '["e"]', 'several["', "",
        " ", ".", "..", "index.", ".x", "index..x", "[each.key]", "several[each.key]", "20s",
        "${{ p }}", "${{ p", "${{ }}", "${{ several.model_group_id }}", "${{ each.value.x }}",
        "${{ 1 / 0 }}", "${{ group.model_group_id }}", "noop", "register_agent", "\0", "🙂",
    ]
)  # fmt: skip
KEYS = st.sampled_from(
    ["from", "to", "node", "id", "name", "type", "agent", "predict", "search", "pipeline", "body",
     "expect", "path", "equals", "matches", "retries", "timeout", "default", "for_each", "when", "x"]
)  # fmt: skip
JSON = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(-2, 2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, item in items if isinstance(tree, (dict, list)) else ():
        yield (*path, key)
        if isinstance(item, (dict, list)):
            yield from places(item, (*path, key))


PLACES = [path for path in places(VALID) if path[0] != "name"]
DECLARED = [path for path in PLACES if len(path) > 1 and path[1] in ("moved", "imports", "checks")]


def put(tree: Any, path: tuple[Any, ...], value: Any) -> None:
    """Put a value where one stands, or as much of the way there as is left."""
    for key in path[:-1]:
        inside = isinstance(tree, dict) and key in tree
        if not inside and not (isinstance(tree, list) and isinstance(key, int) and key < len(tree)):
            return
        tree = tree[key]
    if isinstance(tree, dict):
        tree[path[-1]] = value
    elif isinstance(tree, list) and isinstance(path[-1], int):
        tree[path[-1] : path[-1] + 1] = [value]


def looked_through(tree: Any) -> Template | None:
    """All that a command does with a template before it needs a state; None where it has errors."""
    try:
        document = parse_text(json.dumps(tree), "t.json", "json")
    except TemplateError:
        return None
    partial, found = parse(document, STEPS, partial=True)
    for item in found:
        assert item.line, item
    if partial is None or any(item.severity == "error" for item in found):
        assert found
        return None
    edges_of(outlined(partial))
    values = {name: spec.default for name, spec in partial.params.items() if spec.has_default}
    if any(item.severity == "error" for item in check_params(partial, values)):
        return None
    secrets = secret_params(partial, STEPS)
    made, found = expand(partial, values, STEPS, secrets=secrets)
    if not any(item.severity == "error" for item in found):
        for item in check_settled(made, Params(values), STEPS):
            assert item.line, item
    return made


def test_what_is_broken_below_is_valid() -> None:
    made = looked_through(copy.deepcopy(VALID))
    assert made is not None
    assert check_settled(made, Params({"p": "a", "on": True}), STEPS) == ()


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=3))
def test_any_value_in_any_place_gets_an_answer(changes: list[tuple[Any, Any]]) -> None:
    tree = copy.deepcopy(VALID)
    for path, value in changes:
        put(tree, path, value)
    looked_through(tree)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(DECLARED), JSON), min_size=1, max_size=3))
def test_any_value_among_moves_imports_and_checks_gets_an_answer(
    changes: list[tuple[Any, Any]],
) -> None:
    tree = copy.deepcopy(VALID)
    for path, value in changes:
        put(tree, path, value)
    looked_through(tree)


@given(st.sampled_from(["moved", "imports", "checks"]), JSON | st.lists(JSON, max_size=4))
def test_anything_in_the_place_of_them_gets_an_answer(key: str, value: Any) -> None:
    looked_through({**copy.deepcopy(VALID), "flowplan": {key: value}})


@given(st.lists(JSON, max_size=4), st.sampled_from(["moved", "imports", "checks"]))
def test_nodes_that_are_no_objects_get_an_answer_beside_them(nodes: list[Any], key: str) -> None:
    tree = copy.deepcopy(VALID)
    tree["workflows"]["provision"]["nodes"][:2] = nodes
    tree["flowplan"] = {key: tree["flowplan"][key]}
    looked_through(tree)
