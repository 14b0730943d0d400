"""What is wrong with a template once its params are known, without a state or a cluster."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.params import Params
from flowplan.planner.settled import check_settled
from flowplan.planner.source import parse_text
from flowplan.planner.template import parse
from flowplan.planner.values import Sensitive, Unknown
from flowplan.providers.registry import Registry
from tests.lab import Lab

STEPS = Registry()


def checked(text: str, tail: str = "", **params: Any) -> tuple[Diagnostic, ...]:
    """What is found in these nodes; the first one is in line 5."""
    nodes = textwrap.indent(textwrap.dedent(text), "    ")
    whole = f"name: x\nworkflows:\n  provision:\n    nodes:\n{nodes}\n{textwrap.dedent(tail)}"
    template, found = parse(parse_text(whole, "t.yaml", "yaml"), STEPS)
    assert template is not None, found
    return check_settled(template, Params(params), STEPS)


def places(found: tuple[Diagnostic, ...]) -> list[tuple[str, int | None, str | None]]:
    return [(item.code, item.line, item.node) for item in found]


TWO = """\
- {id: a, type: create_index, user_inputs: {index_name: "${{ name }}", configurations: {}}}
- {id: b, type: create_index, user_inputs: {index_name: docs, configurations: {}}}
"""


def test_two_nodes_that_params_make_one_thing_of_are_refused_at_the_later_one() -> None:
    (found,) = checked(TWO, name="docs")
    assert (found.code, found.line, found.column, found.node) == ("FP158", 6, 61, "b")
    assert found.summary == 'a makes "docs" already'


@pytest.mark.parametrize("name", ["other", Sensitive("docs"), Unknown("", "name"), 5])
def test_names_that_differ_or_are_not_known_are_none(name: Any) -> None:
    assert checked(TWO, name=name) == ()


def test_pipelines_of_two_kinds_are_two_things() -> None:
    one = '{pipeline_id: "${{ name }}", configurations: {}}'
    assert checked(
        f"- {{id: a, type: create_ingest_pipeline, user_inputs: {one}}}\n"
        f"- {{id: b, type: create_search_pipeline, user_inputs: {one}}}\n",
        name="p",
    ) == ()  # fmt: skip


def test_a_name_that_all_nodes_share_is_told_where_the_node_is() -> None:
    found = checked(
        """\
        - {id: b, type: create_index, user_inputs: {configurations: {}}}
        - {id: a, type: create_index, user_inputs: {configurations: {}}}
        user_params: {index_name: "${{ name }}"}
        """.replace("        user_params", "      user_params"),
        name="n",
    )
    assert places(found) == [("FP158", 6, "a")]


def test_all_flaws_are_told_at_once_each_with_its_place() -> None:
    found = checked(
        """\
        - id: first
          type: create_index
          user_inputs:
            index_name: first
            configurations: {settings: {knn: "true", index: {knn: "${{ on }}"}}}
        - id: second
          type: create_index
          user_inputs: {index_name: "${{ n / 0 }}", configurations: {}}
        """,
        'flowplan: {outputs: {o: "${{ 1 / (n - n) }}", ok: "${{ second.index_name }}"}}',
        on="false",
        n=1,
    )
    assert [(item.line, item.node) for item in found] == [
        (9, "first"), (12, "second"), (14, None),
    ]  # fmt: skip
    assert found[0].code == "FP157"


def test_what_comes_after_a_flawed_node_is_checked_too() -> None:
    found = checked(
        """\
        - {id: a, type: register_model_group, user_inputs: {name: "${{ n / 0 }}"}}
        - id: b
          type: register_remote_model
          previous_node_inputs: {a: model_group_id}
          user_inputs: {name: "${{ n / 0 }}", connector_id: c}
        """,
        n=1,
    )
    assert [item.node for item in found] == ["a", "b"]


def test_one_resource_that_two_nodes_import_is_told_at_the_entry() -> None:
    found = checked(
        """\
        - {id: a, type: register_model_group, user_inputs: {name: a}}
        - {id: b, type: register_model_group, user_inputs: {name: b}}
        """,
        """\
        flowplan:
          imports:
            - {node: a, id: "${{ id }}"}
            - {node: b, id: "${{ id }}"}
        """,
        id="g1",
    )
    assert places(found) == [("FP484", 11, "b")]


def test_an_import_whose_id_is_no_text_is_told_at_the_entry() -> None:
    found = checked(
        "- {id: a, type: register_model_group, user_inputs: {name: a}}",
        'flowplan: {imports: [{node: a, id: "${{ id }}"}]}',
        id=5,
    )
    assert places(found) == [("FP106", 6, "a")]


def test_a_plan_refuses_two_nodes_that_params_make_one_thing_of(tmp_path: Path) -> None:
    index = {"type": "create_index", "user_inputs": {"configurations": {}}}
    nodes = [
        {**index, "id": name, "user_inputs": {"index_name": given, "configurations": {}}}
        for name, given in (("a", "${{ name }}"), ("b", "docs"))
    ]
    lab = Lab(tmp_path, {"name": "x", "workflows": {"provision": {"nodes": nodes}}})
    lab.params = {"name": "docs"}
    with pytest.raises(PlanError) as caught:
        lab.plan()
    assert [item.code for item in caught.value.diagnostics] == ["FP158"]
