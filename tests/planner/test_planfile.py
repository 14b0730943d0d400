"""Saved plans: they come back equal, hold no secret, and are refused when stale."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import StalePlan, StateError
from flowplan.planner.build import build
from flowplan.planner.planfile import SavedPlan, check_fresh, load, save
from tests.lab import KEY, Lab


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "t.plan"


def saved(lab: Lab, file: Path) -> SavedPlan:
    workspace = lab.workspace()
    save(build(workspace), workspace, file)
    return load(file)


def check(lab: Lab, plan: SavedPlan) -> None:
    workspace = lab.workspace()
    check_fresh(plan, workspace, workspace.backend.load())


def test_a_plan_comes_back_as_it_was_saved(lab: Lab, file: Path) -> None:
    lab.apply()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    lab.request("PUT", f"/_plugins/_ml/models/{lab.ids()['model']}", {"description": "by hand"})
    workspace = lab.workspace()
    plan = build(workspace)
    save(plan, workspace, file)
    assert load(file).plan == plan


def test_a_plan_file_is_for_its_owner_only_and_has_no_secret(lab: Lab, file: Path) -> None:
    plan = saved(lab, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert KEY not in file.read_text()
    assert plan.params == {}


def test_nothing_moved_is_fresh_also_for_a_workflow_without_a_state(lab: Lab, file: Path) -> None:
    check(lab, saved(lab, file))
    lab.apply()
    check(lab, saved(lab, file))


def changed_name(lab: Lab) -> None:
    lab.inputs("model")["name"] = "x"


def changed_key(lab: Lab) -> None:
    lab.params["openai_key"] = "another"


def lost_state(lab: Lab) -> None:
    (lab.directory / "t.state.json").unlink()


def other_state(lab: Lab) -> None:
    lost_state(lab)
    lab.destroy()
    lab.apply()


@pytest.mark.parametrize(
    ("move", "word"),
    [
        (changed_name, "the template changed"),
        (changed_key, "the param openai_key changed"),
        (lost_state, "the state is gone"),
        (other_state, "the state is another one"),
        (Lab.destroy, "serial 2"),
    ],
)
def test_what_moved_is_said(lab: Lab, file: Path, move: Any, word: str) -> None:
    lab.apply()
    plan = saved(lab, file)
    move(lab)
    with pytest.raises(StalePlan) as caught:
        check(lab, plan)
    assert word in caught.value.diagnostics[0].summary
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"format_version": "9.0"}', "null", '{"format_version": "1.0"}', "x" * 9],
)
def test_what_is_no_plan_is_refused(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(StateError) as caught:
        load(file)
    assert caught.value.diagnostics[0].code == "FP431"


def test_a_file_that_cannot_be_read_or_written_is_said(tmp_path: Path, lab: Lab) -> None:
    with pytest.raises(StateError, match="FP431"):
        load(tmp_path / "missing")
    workspace = lab.workspace()
    with pytest.raises(StateError, match="FP430"):
        save(build(workspace), workspace, tmp_path / "no" / "such" / "directory")


@pytest.mark.parametrize(
    ("was", "word"),
    [({"journal": 5}, "another run has begun"), ({"cluster": "x"}, "belongs to cluster")],
)
def test_a_state_that_moved_without_a_new_serial_is_said(
    lab: Lab, file: Path, was: Any, word: str
) -> None:
    lab.apply()
    plan = saved(lab, file)
    binding = replace(plan.plan.binding, **was)
    with pytest.raises(StalePlan) as caught:
        check(lab, replace(plan, plan=replace(plan.plan, binding=binding)))
    assert word in caught.value.diagnostics[0].summary
