"""What is deleted before the new one is made: what is known meanwhile, and what can't be done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import PlanError
from flowplan.planner.select import Selection
from tests.lab import Lab, actions, change_of
from tests.workflow.requests_sent import watched

GROUP = {"id": "group", "type": "register_model_group", "user_inputs": {"name": "first"}}
AGAIN = Selection(replace=("group",))


@pytest.fixture
def grouped(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path, {"name": "x", "workflows": {"provision": {"nodes": [GROUP]}}})
    lab.params = {}
    lab.apply()
    return lab


def refusing(method: str, part: str) -> Any:
    """Refuse these requests, as a cluster does that somebody else has changed."""

    def refuse(sent: str, path: str, body: str) -> tuple[int, str] | None:
        del body
        hit = sent == method and part in path
        return (409, '{"error": {"reason": "no"}, "status": 409}') if hit else None

    return watched(refuse)


def groups(lab: Lab) -> set[str]:
    return {item["id"] for item in lab.on_cluster()["model_groups"]}


@pytest.fixture
def cut_short(grouped: Lab) -> tuple[Lab, str]:
    """The group was renamed and its old one is deposed; then a new one could not be made."""
    lab = grouped
    old = str(lab.ids()["group"])
    lab.inputs("group")["name"] = "second"
    lab.node("group")["flowplan"] = {"create_before_destroy": True}
    with refusing("DELETE", "/model_groups/"):
        lab.apply(selection=AGAIN)
    del lab.node("group")["flowplan"]
    assert [item.resource_id for item in lab.state.resources["group"].deposed] == [old]
    with refusing("POST", "/model_groups/_register"):
        assert lab.apply(selection=AGAIN).failed == 1
    assert groups(lab) == {old}
    return lab, old


def test_what_was_deposed_is_known_after_a_new_one_was_refused(cut_short: tuple[Lab, str]) -> None:
    lab, old = cut_short
    plan = lab.plan()
    assert [(c.action, c.reason, c.resource_id) for c in plan.changes] == [
        ("create", "unfinished", None), ("delete", "deposed", old),
    ]  # fmt: skip
    assert lab.apply().failed == 0
    assert groups(lab) == {str(lab.ids()["group"])}
    assert lab.plan().empty


def test_without_a_look_at_the_cluster_the_node_is_made_too(cut_short: tuple[Lab, str]) -> None:
    lab, _ = cut_short
    change = change_of(lab.plan(refresh=False), "group")
    assert (change.action, change.reason) == ("create", "unfinished")


def test_what_is_refused_again_is_still_known(cut_short: tuple[Lab, str]) -> None:
    lab, old = cut_short
    before = lab.state.resources
    with refusing("POST", "/model_groups/_register"):
        assert lab.apply().failed == 1
    assert lab.state.resources == before
    assert groups(lab) == {old}


def test_a_try_that_failed_is_made_again_and_forgets_nothing(cut_short: tuple[Lab, str]) -> None:
    lab, _ = cut_short
    lab.apply()
    lab.node("group")["flowplan"] = {"retries": 1}
    with refusing("POST", "/model_groups/_register"):
        assert lab.apply(selection=AGAIN).failed == 1
    assert lab.state.resources["group"].empty
    lab.apply()
    assert lab.plan().empty


def test_a_node_without_a_resource_is_forgotten_once_it_is_removed(
    cut_short: tuple[Lab, str],
) -> None:
    lab, old = cut_short
    lab.nodes[:] = [{"id": "other", "type": "noop"}]
    plan = lab.plan()
    assert [(c.node, c.action, c.resource_id) for c in plan.pending if c.node == "group"] == [
        ("group", "delete", old), ("group", "forget", None),
    ]  # fmt: skip
    lab.apply()
    assert (groups(lab), list(lab.ids())) == (set(), ["other"])


def test_a_destroy_takes_what_was_deposed_and_forgets_the_rest(cut_short: tuple[Lab, str]) -> None:
    lab, _ = cut_short
    assert lab.destroy().failed == 0
    assert (groups(lab), lab.ids()) == (set(), {})


def test_a_missing_one_is_no_drift(cut_short: tuple[Lab, str]) -> None:
    lab, _ = cut_short
    assert lab.plan(mode="refresh-only").empty


def test_data_that_is_deleted_already_needs_no_permission(tmp_path: Path) -> None:
    inputs = {"index_name": "fp-docs", "configurations": {}}
    index = {"id": "index", "type": "create_index", "user_inputs": inputs}
    lab = Lab(tmp_path, {"name": "x", "workflows": {"provision": {"nodes": [index]}}})
    lab.params = {}
    lab.apply()
    with refusing("PUT", "/fp-docs"):
        lab.apply(selection=Selection(replace=("index",)))
    assert lab.state.resources["index"].empty
    lab.nodes[:] = [{"id": "other", "type": "noop"}]
    plan = lab.plan()
    assert (actions(plan)["index"], plan.diagnostics) == ("forget", ())


def test_what_came_in_use_after_the_plan_is_a_failure_that_changes_nothing(grouped: Lab) -> None:
    before = grouped.state.resources
    with refusing("DELETE", "/model_groups/"):
        assert grouped.apply(selection=AGAIN).failed == 1
    assert grouped.state.resources == before


# ---- what the cluster would refuse -----------------------------------------------------------


@pytest.fixture
def held(lab: Lab) -> Lab:
    """A model in a group, and one of somebody else beside it."""
    lab.nodes.insert(0, {**GROUP, "user_inputs": {"name": "shared"}})
    lab.inputs("model")["model_group_id"] = "${{ group.model_group_id }}"
    lab.apply()
    return lab


def refused(lab: Lab, selection: Selection = AGAIN) -> Any:
    with pytest.raises(PlanError) as caught:
        lab.plan(selection=selection)
    return caught.value.diagnostics


def test_a_group_with_models_is_not_planned_to_be_made_anew(held: Lab) -> None:
    (found,) = refused(held)
    assert (found.code, found.node) == ("FP247", "group")
    assert "model (chat model" in found.detail
    assert "flowplan destroy --target model" in found.hint


def test_nor_with_its_models(held: Lab) -> None:
    codes = [item.code for item in refused(held, Selection(replace=("group", "model")))]
    assert codes == ["FP247"]


def test_models_of_others_are_named(held: Lab) -> None:
    ids = held.ids()
    inputs = {"name": "theirs", "function_name": "remote"}
    inputs |= {"model_group_id": str(ids["group"]), "connector_id": str(ids["connector"])}
    other = held.request("POST", "/_plugins/_ml/models/_register", inputs)["model_id"]
    (found,) = refused(held)
    assert f"theirs ({other})" in found.detail
    assert "flowplan destroy --target model" in found.hint


def test_what_the_hint_says_can_be_done(held: Lab) -> None:
    before = held.ids()["group"]
    held.destroy(selection=Selection(target=("model",)))
    assert held.apply(selection=AGAIN).failed == 0
    assert held.ids()["group"] != before
    assert held.plan().empty


def test_a_new_name_lets_the_new_one_be_made_first(held: Lab) -> None:
    held.node("group")["flowplan"] = {"create_before_destroy": True}
    held.inputs("group")["name"] = "another"
    before = held.ids()["group"]
    assert held.apply(selection=AGAIN).failed == 0
    assert held.ids()["group"] != before
    assert held.plan().empty


def test_an_empty_group_is_made_anew(grouped: Lab) -> None:
    before = grouped.ids()["group"]
    assert grouped.apply(selection=AGAIN).replaced == 1
    assert grouped.ids()["group"] != before
