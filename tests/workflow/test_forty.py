"""The plan of forty changes at 80 columns: what a reviewer of a whole platform reads.

`FLOWPLAN_REGEN=1` writes the golden file anew; `make picture` draws docs/images/plan-40.svg.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from flowplan.planner.plan import Plan
from flowplan.render.look import Look
from flowplan.render.plan_text import plan_text
from tests.lab import Lab

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
IDS = re.compile(r"(?<![\w-])[A-Za-z0-9_-]{4}…[A-Za-z0-9_-]{2}(?![\w-])")
WHOLE_ID = re.compile(r'(?<=")[A-Za-z0-9_-]{20}(?=")')


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    lab = Lab(tmp_path, yaml.safe_load((CASES / "forty-before.yaml").read_text("utf-8")))
    lab.options = "deploy=0ms"
    lab.params = {"service_key": "sk-planted"}
    assert lab.apply(parallelism=1).failed == 0
    lab.template = yaml.safe_load((CASES / "forty.yaml").read_text("utf-8"))
    return lab.plan()


def drawn(plan: Plan) -> str:
    named = replace(plan, state_location="template.state.json")
    text = IDS.sub("abcd…yz", plan_text(named, Look(short=True)))
    return WHOLE_ID.sub("abcdefghijklmnopqrst", text)


def test_forty_changes_read_like_this(plan: Plan, golden: Callable[[str, str], None]) -> None:
    assert len(plan.pending) == 40
    text = drawn(plan)
    golden("plan_40.txt", text)
    assert max(map(len, text.splitlines())) <= 80


def test_the_committed_picture_shows_them() -> None:
    picture = (ROOT / "docs" / "images" / "plan-40.svg").read_text("utf-8")
    text = re.sub(r"<[^>]*>", "", picture).replace("&#160;", " ")
    for words in ("flowplan plan", "16 to create, 16 to update, 2 to replace", "(sensitive)"):
        assert words in text
    assert "not-a-real-key" not in text
