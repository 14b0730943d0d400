"""From patterns to nodes: what a selection means, and what it takes along."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from flowplan.errors import PlanError
from flowplan.planner.plan import Partial
from flowplan.planner.select import (
    Scope,
    Selection,
    check_replaced,
    choose,
    matches,
    narrowed,
    refreshed_nodes,
)
from flowplan.planner.source import parse_text
from flowplan.planner.template import Template, parse
from flowplan.providers.registry import Registry
from flowplan.state.model import ResourceRecord

STEPS = Registry()
CONNECTOR = {
    "name": "c", "version": "1", "protocol": "http", "credential": {"k": "v"},
    "actions": [{"action_type": "predict", "method": "POST", "url": "https://a.example"}],
}  # fmt: skip
NODES: list[dict[str, Any]] = [
    {"id": "connector", "type": "create_connector", "user_inputs": CONNECTOR},
    {"id": "other", "type": "create_connector", "user_inputs": CONNECTOR},
    {
        "id": "model", "type": "register_remote_model", "user_inputs": {"name": "m"},
        "previous_node_inputs": {"connector": "connector_id"},
    },
    {"id": "deployment", "type": "deploy_model", "previous_node_inputs": {"model": "model_id"}},
    {
        "id": "tool", "type": "create_tool",
        "user_inputs": {"type": "T", "parameters": {"model_id": "${{ model.model_id }}"}},
    },
    {
        "id": "agent", "type": "register_agent", "user_inputs": {"name": "a", "type": "flow"},
        "previous_node_inputs": {"tool": "tools"},
    },
]  # fmt: skip
TYPES: Mapping[str, frozenset[str]] = {
    "model": frozenset({"register_remote_model"}),
    "model_2": frozenset({"register_remote_model"}),
    'group["eu"]': frozenset({"register_model_group"}),
    'group["us"]': frozenset({"register_model_group"}),
    "groupe": frozenset({"noop"}),
    "deploy_model": frozenset({"register_agent"}),
    "deployment": frozenset({"deploy_model"}),
}


def template(nodes: Iterable[Mapping[str, Any]] = NODES, **flowplan: Any) -> Template:
    document = {"name": "t", "workflows": {"provision": {"nodes": list(nodes)}}}
    if flowplan:
        document["flowplan"] = flowplan
    found, told = parse(parse_text(json.dumps(document), "t.json", "json"), STEPS)
    assert found is not None, told
    return found


def record(node: str, type_name: str, *dependencies: str) -> ResourceRecord:
    return ResourceRecord(node, type_name, resource_id=f"id-{node}", dependencies=dependencies)


def recorded(*records: ResourceRecord) -> dict[str, ResourceRecord]:
    return {item.node: item for item in records}


ALL = recorded(
    record("connector", "create_connector"),
    record("other", "create_connector"),
    record("model", "register_remote_model", "connector"),
    record("deployment", "deploy_model", "model"),
    record("tool", "create_tool", "model"),
    record("agent", "register_agent", "tool"),
)


def chosen(
    *,
    of: Template | None = None,
    records: Mapping[str, ResourceRecord] | None = None,
    deleting: bool = False,
    **patterns: tuple[str, ...],
) -> Scope:
    return choose(Selection(**patterns), of, STEPS, records or {}, deleting=deleting)


def codes(error: pytest.ExceptionInfo[PlanError]) -> list[str]:
    return [item.code for item in error.value.diagnostics]


# ---- patterns ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("model", {"model"}),
        ('group["eu"]', {'group["eu"]'}),
        ("group", {'group["eu"]', 'group["us"]'}),
        ("deploy_model", {"deploy_model"}),
        ("register_remote_model", {"model", "model_2"}),
        ("model*", {"model", "model_2"}),
        ("model_?", {"model_2"}),
        ("model_[0-9]", {"model_2"}),
        ('group["*"]', {'group["eu"]', 'group["us"]'}),
        ('*["us"]', {'group["us"]'}),
        ("MODEL", set()),
        ("register_*", set()),
        ("mod", set()),
    ],
)
def test_a_pattern_is_an_id_a_name_of_several_a_type_or_a_glob_in_this_order(
    pattern: str, found: set[str]
) -> None:
    assert matches(pattern, TYPES) == found


def test_every_pattern_that_matches_nothing_is_told_with_the_nearest_name() -> None:
    with pytest.raises(PlanError) as error:
        chosen(of=template(), target=("modle", "zzz"), exclude=("create_conector",))
    assert codes(error) == ["FP260"] * 3
    told = [(item.summary, item.detail) for item in error.value.diagnostics]
    assert told == [
        ("--target modle matches no node", 'Did you mean "model"?'),
        (
            "--target zzz matches no node",
            "The nodes are connector, other, model, deployment, tool, agent.",
        ),
        ("--exclude create_conector matches no node", 'Did you mean "create_connector"?'),
    ]


def test_many_nodes_are_not_all_listed() -> None:
    records = recorded(*(record(f"n{number}", "noop") for number in range(13)))
    with pytest.raises(PlanError) as error:
        chosen(records=records, target=("zzz",), deleting=True)
    assert error.value.diagnostics[0].detail.endswith("n8, n9 and 3 more.")


def test_without_nodes_the_state_is_said_to_be_empty() -> None:
    with pytest.raises(PlanError) as error:
        chosen(target=("a",), deleting=True)
    assert error.value.diagnostics[0].detail == "There are no nodes: the state is empty."


def test_a_node_whose_type_changed_matches_by_both() -> None:
    nodes = [{"id": "a", "type": "noop"}]
    records = recorded(record("a", "create_tool"))
    for kind in ("noop", "create_tool"):
        assert chosen(of=template(nodes), records=records, target=(kind,)).nodes == {"a"}


# ---- targets and exclusions -------------------------------------------------------------------


def test_a_target_needs_what_it_is_made_with_through_all_kinds_of_edges() -> None:
    scope = chosen(of=template(), target=("agent",))
    assert scope.nodes == {"agent", "tool", "model", "connector"}
    assert scope.partial == Partial(("agent",), (), 4, 6)


def test_an_exclusion_leaves_out_what_needs_its_nodes() -> None:
    assert chosen(of=template(), exclude=("model",)).nodes == {"connector", "other"}


def test_an_exclusion_wins_over_a_target() -> None:
    scope = chosen(of=template(), target=("agent", "deployment"), exclude=("tool",))
    assert scope.nodes == {"deployment", "model", "connector"}


def test_a_selection_that_leaves_nothing_is_refused_with_its_flags() -> None:
    with pytest.raises(PlanError) as error:
        chosen(of=template(), target=("agent",), exclude=("connector",))
    assert codes(error) == ["FP261"]
    assert "--target agent --exclude connector" in error.value.diagnostics[0].detail


def test_a_removed_node_is_selected_only_when_it_is_named() -> None:
    records = {**ALL, "gone": record("gone", "create_connector")}
    assert "gone" not in chosen(of=template(), records=records, target=("model",)).nodes
    assert chosen(of=template(), records=records, target=("gone",)).nodes == {"gone"}


def test_a_removed_node_takes_along_what_still_uses_it_but_not_what_it_used() -> None:
    records = {
        **ALL,
        "old": record("old", "create_connector", "other"),
        "model": record("model", "register_remote_model", "old"),
    }
    scope = chosen(of=template(), records=records, target=("old",))
    # The model has to be moved away, what uses it keeps its id.
    assert scope.nodes == {"old", "model", "connector"}


def test_a_removed_node_takes_along_removed_ones_that_use_it() -> None:
    records = {
        "old": record("old", "create_connector"),
        "user": record("user", "register_remote_model", "old"),
    }
    assert chosen(of=template(), records=records, target=("old",)).nodes == {"old", "user"}


def test_what_a_kept_node_uses_is_not_deleted_either() -> None:
    records = {
        "old": record("old", "create_connector"),
        "user": record("user", "register_remote_model", "old"),
    }
    scope = chosen(of=template(), records=records, exclude=("user",))
    assert scope.nodes == {node["id"] for node in NODES}


# ---- destroy ----------------------------------------------------------------------------------


def test_a_destroy_takes_along_what_uses_the_target_through_what_makes_nothing() -> None:
    scope = chosen(records=ALL, deleting=True, target=("model",))
    assert scope.nodes == {"model", "deployment", "tool", "agent"}


def test_a_destroy_without_some_nodes_keeps_what_they_need() -> None:
    scope = chosen(records=ALL, deleting=True, exclude=("model",))
    assert scope.nodes == {"deployment", "tool", "agent", "other"}


# ---- refresh-only -----------------------------------------------------------------------------


def test_a_refresh_takes_along_what_the_target_was_made_with() -> None:
    assert chosen(records=ALL, target=("model",)).nodes == {"model", "connector"}


def test_a_dependency_that_is_no_longer_recorded_is_passed_over() -> None:
    records = recorded(record("model", "register_remote_model", "forgotten"))
    assert chosen(records=records, target=("model",)).nodes == {"model"}


def test_a_refresh_only_plan_is_about_the_same_nodes_when_it_is_carried_out() -> None:
    assert refreshed_nodes(None, STEPS, ALL) == set(ALL)
    partial = Partial((), ("model",), 2, 6)
    assert refreshed_nodes(partial, STEPS, ALL) == {"connector", "other"}


# ---- replacements -----------------------------------------------------------------------------


def test_a_replacement_alone_makes_no_partial_plan() -> None:
    scope = chosen(of=template(), records=ALL, replace=("create_connector",))
    assert scope == Scope(frozenset(ALL), frozenset({"connector", "other"}))


def test_a_replacement_of_what_makes_nothing_is_refused() -> None:
    with pytest.raises(PlanError) as error:
        chosen(of=template(), records=ALL, replace=("tool",))
    assert codes(error) == ["FP263"]


def test_a_replacement_of_what_the_template_no_longer_has_is_refused() -> None:
    records = {**ALL, "gone": record("gone", "create_connector")}
    with pytest.raises(PlanError) as error:
        chosen(of=template(), records=records, replace=("gone",))
    assert codes(error) == ["FP264"]


def test_a_replacement_outside_of_the_selection_is_refused() -> None:
    with pytest.raises(PlanError) as error:
        chosen(of=template(), records=ALL, target=("other",), replace=("model",))
    assert codes(error) == ["FP262"]


def test_a_glob_passes_over_what_can_not_be_replaced() -> None:
    scope = chosen(of=template(), records=ALL, replace=("*",))
    assert scope.replaced == set(ALL) - {"tool"}


def test_what_a_plan_takes_over_is_not_replaced_by_it() -> None:
    check_replaced({"a"}, ["b"])
    with pytest.raises(PlanError) as error:
        check_replaced({"a"}, ["b", "a"])
    assert codes(error) == ["FP265"]


# ---- the template of a partial plan -----------------------------------------------------------


def test_a_narrowed_template_has_the_nodes_imports_and_outputs_of_the_selection() -> None:
    whole = template(
        outputs={
            "both": "${{ connector.connector_id }} ${{ other.connector_id }}",
            "one": "${{ connector.connector_id }}",
            "text": "always",
        },
        imports=[{"node": "connector", "id": "x"}, {"node": "other", "id": "y"}],
    )
    found = narrowed(whole, {"connector"}, STEPS)
    assert [node.id for node in found.nodes] == ["connector"]
    assert [item.node for item in found.imports] == ["connector"]
    assert set(found.outputs) == {"one", "text"}
    assert found.document is whole.document


def test_a_param_that_is_called_like_an_output_is_no_node() -> None:
    whole = template(
        params={"connector.url": {"type": "string", "default": "u"}},
        outputs={"url": "${{ connector.url }}"},
    )
    assert set(narrowed(whole, {"other"}, STEPS).outputs) == {"url"}
