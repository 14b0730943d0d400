"""`flowplan.moved`: a node gets another name, and its resource never notices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import PlanError
from flowplan.planner.build import build
from flowplan.planner.execute import execute
from flowplan.planner.select import Selection
from tests.cutting import Cut
from tests.lab import Lab, actions, change_of
from tests.workflow.requests_sent import watched


def rename(lab: Lab, old: str, new: str, *, told: bool = True) -> None:
    """Call a node otherwise, wherever the template names it."""
    lab.node(old)["id"] = new
    for node in lab.nodes:
        previous = node.get("previous_node_inputs", {})
        if old in previous:
            previous[new] = previous.pop(old)
    outputs = lab.template.get("flowplan", {}).get("outputs", {})
    for name, value in outputs.items():
        outputs[name] = value.replace(f"{old}.", f"{new}.")
    if told:
        moved(lab, (old, new))


def moved(lab: Lab, *pairs: tuple[str, str]) -> None:
    entries = lab.template.setdefault("flowplan", {}).setdefault("moved", [])
    entries += [{"from": old, "to": new} for old, new in pairs]


@pytest.fixture
def applied(lab: Lab) -> Lab:
    lab.apply()
    return lab


def test_a_moved_node_is_planned_as_a_move_and_nothing_else(applied: Lab) -> None:
    rename(applied, "connector", "openai")
    plan = applied.plan()
    assert actions(plan) == {"openai": "move", "model": "no-op", "deployment": "no-op"}
    change = change_of(plan, "openai")
    assert (change.reason, change.fields, change.moved_from) == ("moved", (), "connector")
    assert plan.summary["move"] == 1
    assert not plan.empty


def test_a_move_writes_nothing_to_the_cluster(applied: Lab) -> None:
    before = applied.ids()
    rename(applied, "connector", "openai")
    rename(applied, "model", "gpt")
    with watched() as sent:
        summary = applied.apply()
    assert sent == []
    assert (summary.moved, summary.created, summary.deleted) == (2, 0, 0)
    after = applied.ids()
    assert after == {
        "openai": before["connector"], "gpt": before["model"], "deployment": before["deployment"],
    }  # fmt: skip
    assert applied.state.resources["gpt"].dependencies == ("openai",)
    assert applied.state.resources["deployment"].dependencies == ("gpt",)


def test_an_entry_that_is_done_is_passed_over(applied: Lab) -> None:
    rename(applied, "connector", "openai")
    applied.apply()
    serial = applied.state.serial
    plan = applied.plan()
    assert plan.empty
    assert plan.diagnostics == ()
    applied.apply()
    assert applied.state.serial == serial


def test_without_the_entry_the_resource_would_be_made_again(applied: Lab) -> None:
    rename(applied, "deployment", "serving", told=False)
    assert actions(applied.plan())["serving"] == "create"


def test_a_node_that_moves_and_changes_is_updated_with_a_note(applied: Lab) -> None:
    rename(applied, "model", "gpt")
    applied.inputs("gpt")["name"] = "new name"
    change = change_of(applied.plan(), "gpt")
    assert (change.action, change.reason, change.moved_from) == ("update", "changed", "model")
    assert "moved from model" in change.notes
    applied.apply()
    assert applied.on_cluster()["models"][0]["name"] == "new name"
    assert applied.plan().empty


def test_moves_follow_one_another(applied: Lab) -> None:
    before = applied.ids()["connector"]
    rename(applied, "connector", "c", told=False)
    moved(applied, ("connector", "b"), ("b", "c"))
    assert change_of(applied.plan(), "c").moved_from == "connector"
    applied.apply()
    assert applied.ids()["c"] == before
    assert applied.plan().empty


def test_who_stopped_half_way_of_a_chain_is_moved_on(applied: Lab) -> None:
    rename(applied, "connector", "b")
    applied.apply()
    rename(applied, "b", "c")
    applied.apply()
    assert "c" in applied.ids()
    assert applied.plan().empty


def test_two_recorded_nodes_can_not_have_one_name(applied: Lab) -> None:
    applied.nodes.append(dict(applied.node("connector"), id="other"))
    applied.apply()
    applied.without("other")
    moved(applied, ("other", "connector"))
    with pytest.raises(PlanError) as error:
        applied.plan()
    found = error.value.diagnostics[0]
    assert (found.code, found.node) == ("FP250", "connector")
    assert found.line is not None
    assert "flowplan state rm connector" in found.hint


def test_two_recorded_nodes_of_one_chain_are_refused(applied: Lab) -> None:
    applied.nodes.append(dict(applied.node("connector"), id="other"))
    applied.apply()
    applied.without("other")
    rename(applied, "connector", "last", told=False)
    moved(applied, ("other", "connector"), ("connector", "last"))
    with pytest.raises(PlanError) as error:
        applied.plan()
    assert [item.code for item in error.value.diagnostics] == ["FP250"]


def test_a_move_needs_no_look_at_the_cluster(applied: Lab) -> None:
    rename(applied, "connector", "openai")
    plan = applied.plan(refresh=False)
    assert change_of(plan, "openai").action == "move"
    assert plan.requests == 0


def test_a_node_becomes_one_of_a_for_each(applied: Lab) -> None:
    before = applied.ids()
    for name in ("connector", "model", "deployment"):
        applied.node(name)["flowplan"] = {"for_each": ["eu"]}
        moved(applied, (name, f'{name}["eu"]'))
    applied.template["flowplan"]["outputs"] = {}
    assert set(actions(applied.plan()).values()) == {"move"}
    with watched() as sent:
        applied.apply()
    assert sent == []
    assert applied.ids() == {f'{name}["eu"]': value for name, value in before.items()}
    assert applied.state.resources['model["eu"]'].dependencies == ('connector["eu"]',)


def test_a_move_to_a_key_that_is_not_there_is_refused(applied: Lab) -> None:
    for name in ("connector", "model", "deployment"):
        applied.node(name)["flowplan"] = {"for_each": ["eu"]}
    applied.template["flowplan"]["outputs"] = {}
    moved(applied, ("connector", 'connector["us"]'))
    with pytest.raises(PlanError) as error:
        applied.plan()
    assert [item.code for item in error.value.diagnostics] == ["FP251"]


def test_a_partial_apply_moves_what_it_is_about(applied: Lab) -> None:
    rename(applied, "connector", "openai")
    rename(applied, "deployment", "serving")
    workspace = applied.workspace()
    with workspace.backend.lock("apply"):
        plan = build(workspace, selection=Selection(target=("openai",)))
        execute(workspace, plan, listener=lambda _: None)
    assert set(applied.ids()) == {"openai", "model", "deployment"}
    applied.apply()
    assert set(applied.ids()) == {"openai", "model", "serving"}
    assert applied.plan().empty


def test_a_failing_run_has_moved_all_the_same(applied: Lab) -> None:
    rename(applied, "model", "gpt")
    applied.inputs("gpt")["name"] = "new name"

    def refuse(method: str, path: str, body: str) -> tuple[int, str] | None:
        return (403, '{"error": {"reason": "no"}, "status": 403}') if method == "PUT" else None

    with watched(refuse):
        assert applied.apply().failed == 1
    assert set(applied.ids()) == {"connector", "gpt", "deployment"}
    assert change_of(applied.plan(), "gpt").moved_from is None


def test_cut_off_after_the_move_the_node_has_its_new_name(
    applied: Lab, cut: Callable[..., None], soon: None
) -> None:
    rename(applied, "model", "gpt")
    applied.inputs("gpt")["name"] = "new name"
    cut("PUT", "/models/", after=True)
    with pytest.raises(Cut):
        applied.apply()
    assert set(applied.ids()) == {"connector", "gpt", "deployment"}
    applied.apply()
    assert applied.plan().empty
    assert applied.counts() == (1, 1, 1)


def test_the_order_of_an_agents_tools_follows_the_names(tmp_path: Path) -> None:
    tools: list[dict[str, Any]] = [
        {"id": name, "type": "create_tool", "user_inputs": {"type": "ListIndexTool", "name": name}}
        for name in ("first", "second")
    ]
    agent = {
        "id": "agent", "type": "register_agent",
        "previous_node_inputs": {"first": "tools", "second": "tools"},
        "user_inputs": {"name": "a", "type": "flow", "tools_order": ["second", "first"]},
    }  # fmt: skip
    template = {"name": "tools", "workflows": {"provision": {"nodes": [*tools, agent]}}}
    lab = Lab(tmp_path, template)
    lab.params = {}
    lab.apply()
    rename(lab, "first", "one")
    lab.inputs("agent")["tools_order"] = ["second", "one"]
    assert actions(lab.plan()) == {"one": "move", "second": "no-op", "agent": "no-op"}


def test_moved_data_needs_no_permission(tmp_path: Path) -> None:
    node = {
        "id": "logs", "type": "create_index",
        "user_inputs": {"index_name": "logs", "configurations": {"settings": {}}},
    }  # fmt: skip
    lab = Lab(tmp_path, {"name": "one", "workflows": {"provision": {"nodes": [node]}}})
    lab.params = {}
    lab.apply()
    rename(lab, "logs", "events")
    plan = lab.plan()
    assert actions(plan) == {"events": "move"}
    assert not [item for item in plan.diagnostics if item.severity == "error"]
