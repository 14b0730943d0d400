"""Every kind of resource is taken over: as the template says, and with one field that differs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from flowplan.planner.build import build
from flowplan.planner.execute import execute
from tests.lab import Lab
from tests.workflow.hand_made import KINDS, imports, paths, take


@pytest.mark.parametrize("name", KINDS)
def test_what_was_made_by_hand_as_the_template_says_plans_nothing(
    one: Callable[[Mapping[str, Any]], Lab], name: str
) -> None:
    kind = KINDS[name]
    lab = one(kind.node)
    found = kind.make(lab, lab.inputs("node"))
    taken = take(lab, "node", found)
    assert taken.plan.changes[0].fields == ()
    plan = lab.plan()
    assert plan.empty
    assert not plan.drift
    assert lab.apply().imported == 0


@pytest.mark.parametrize("name", KINDS)
def test_one_field_that_differs_is_planned_and_an_apply_sets_it(
    one: Callable[[Mapping[str, Any]], Lab], name: str
) -> None:
    kind = KINDS[name]
    lab = one(kind.node)
    there = copy.deepcopy(lab.inputs("node"))
    kind.change(there)
    found = kind.make(lab, there)
    taken = take(lab, "node", found)
    assert [p.startswith(kind.field) for p in paths(taken.plan.changes[0])] == [True]
    plan = lab.plan()
    (change,) = plan.changes
    assert change.action == "update"
    assert [p.startswith(kind.field) for p in paths(change)] == [True]
    assert lab.apply().updated == 1
    assert lab.plan().empty
    assert lab.ids() == {"node": found}


@pytest.mark.parametrize("name", KINDS)
def test_an_import_in_the_template_takes_over_and_changes_in_one_apply(
    one: Callable[[Mapping[str, Any]], Lab], name: str
) -> None:
    kind = KINDS[name]
    lab = one(kind.node)
    there = copy.deepcopy(lab.inputs("node"))
    kind.change(there)
    found = kind.make(lab, there)
    imports(lab, node=found)
    (change,) = lab.plan().changes
    assert (change.action, change.then, change.resource_id) == ("import", "update", found)
    assert [p.startswith(kind.field) for p in paths(change)] == [True]
    summary = lab.apply()
    assert (summary.imported, summary.updated, summary.created) == (1, 0, 0)
    assert lab.plan().empty


@pytest.mark.parametrize("name", KINDS)
def test_what_was_taken_over_is_deleted_by_destroy(
    one: Callable[[Mapping[str, Any]], Lab], name: str
) -> None:
    kind = KINDS[name]
    lab = one(kind.node)
    found = kind.make(lab, lab.inputs("node"))
    take(lab, "node", found)
    workspace = lab.workspace(template=False)
    with workspace.backend.lock("destroy"):
        plan = build(workspace, mode="destroy", allow_delete=kind.allow)
        assert execute(workspace, plan, listener=lambda _: None).left == ()
    assert lab.state.resources == {}
