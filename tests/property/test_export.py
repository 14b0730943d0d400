"""Whatever template is exported, its plan against the same state changes nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from flowplan.planner.export import export
from flowplan.planner.moves import naming
from flowplan.planner.source import parse_text
from flowplan.planner.template import parse
from flowplan.render.template_yaml import template_yaml
from flowplan.state.backends import open_backend
from flowplan.state.edit import move
from tests.lab import Lab
from tests.property.test_partial import pools

EXAMPLES = settings(max_examples=40, deadline=None, derandomize=True)
WORDS = st.sampled_from(["a", "true", "1", "[1]", '{"a": 1}', "x: y", "é", " ", "null", "1.0"])
PLAIN = st.sampled_from(["a", "true", "1", "null", "1.0"])
LEAVES = st.one_of(WORDS, st.integers(-5, 5), st.booleans())
NESTED = st.one_of(
    LEAVES,
    st.lists(LEAVES, max_size=3),
    st.dictionaries(st.sampled_from(["x", "y"]), st.one_of(LEAVES, st.lists(WORDS, max_size=2))),
)
VERSIONS = st.sampled_from([1, 2, "1", "1.0", "beta"])
SETTINGS: list[dict[str, Any]] = [
    {},
    {"prevent_destroy": False},
    {"ignore_changes": ["description"]},
    {"timeout": "90s"},
    {"keep_id": True},
]


@st.composite
def templates(draw: Any) -> dict[str, Any]:
    """A template of all that the pool has, and of what export has to say in another way."""
    template: dict[str, Any] = draw(pools()).template()
    nodes = template["workflows"]["provision"]["nodes"]
    for node in [node for node in nodes if node["type"] == "create_connector"]:
        inputs = node["user_inputs"]
        inputs["version"] = draw(VERSIONS)
        extra = st.dictionaries(st.sampled_from(["stop", "options", "top"]), NESTED, max_size=3)
        inputs["parameters"] |= draw(extra)
        inputs["credential"] = {"key": "${{ secret }}"}
        node["flowplan"] = draw(st.sampled_from(SETTINGS))
    keys = draw(st.lists(st.sampled_from(["eu", "us", "a-b", "x y"]), max_size=3, unique=True))
    nodes.append(
        {
            "id": "region", "type": "register_model_group",
            "user_inputs": {
                "name": "region ${{ each.key }}", "description": "${{ word | upper }} ${{ word }}"
            },
            "flowplan": {"for_each": keys},
        }
    )  # fmt: skip
    declared = {"secret": {"sensitive": True}, "word": {"default": draw(PLAIN)}}
    return template | {"flowplan": {"params": declared}}


def renamed(lab: Lab, before: Any, document: Any) -> None:
    """Call the nodes of the state what the export calls them."""
    backend = open_backend(lab.location)
    nodes = document["workflows"]["provision"]["nodes"]
    pairs = [(old.id, new["id"]) for old, new in zip(before.nodes, nodes, strict=True)]
    for old, new in pairs:
        if old != new:
            state = move(lab.state, old, new, naming(lab.registry), backend.location)
            backend.save(replace(state, serial=state.serial + 1))


@EXAMPLES
@given(template=templates())
def test_a_plan_of_what_was_exported_is_empty(template: dict[str, Any]) -> None:
    directory = Path(tempfile.mkdtemp())
    try:
        lab = Lab(directory, template)
        lab.params, lab.options = {"secret": "k"}, "deploy=0ms"
        assert lab.apply().failed == 0
        workspace = lab.workspace()
        assert workspace.template is not None
        assert workspace.params is not None
        document = export(workspace.template, workspace.params.values, lab.registry).document
        texts: list[tuple[str, Literal["yaml", "json"]]] = [
            (template_yaml(document, {}), "yaml"),
            (json.dumps(document), "json"),
        ]
        for text, form in texts:
            name = f"exported.{form}"
            again, found = parse(parse_text(text, name, form), lab.registry, strict=True)
            assert (found, again is None) == ((), False)
            assert "flowplan" not in text
        renamed(lab, workspace.template, document)
        lab.template = json.loads(json.dumps(document))
        given_ = {"secret": "k", "word": template["flowplan"]["params"]["word"]["default"]}
        lab.params = {name: value for name, value in given_.items() if f"${{{{ {name}" in text}
        plan = lab.plan()
        assert (plan.pending, plan.drift) == ((), ())
    finally:
        shutil.rmtree(directory)
