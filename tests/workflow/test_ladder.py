"""Five steps of one template: each does exactly what was planned, and touches nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab, actions
from tests.ladder import STEPS, climb, template_at


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_each_step_does_exactly_what_was_planned(lab: Lab) -> None:
    climb(lab)
    lab.destroy()
    assert lab.counts() == (0, 0, 0)
    assert lab.request("GET", "/_search/pipeline", accept=(404,)) in ({}, {"error": "not_found"})


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_each_step_can_be_the_first(lab: Lab, number: int) -> None:
    lab.template = template_at(number)
    assert set(actions(lab.plan()).values()) == {"create"}
    assert lab.apply().failed == 0
    assert lab.plan().empty


def test_going_down_again_does_what_is_the_other_way_round(lab: Lab) -> None:
    for number in (2, 1, 0):
        lab.template = template_at(number)
        assert lab.apply().failed == 0
        before = _kept(lab, number)
        plan = lab.plan()
        assert plan.empty, plan.pending
        assert _kept(lab, number) == before


def _kept(lab: Lab, number: int) -> Mapping[str, Any]:
    return {name: lab.ids()[name] for name in STEPS[number].nodes}
