"""What plan, apply and destroy say of data that nobody gave up yet."""

from __future__ import annotations

from flowplan.cli.flags import Flags
from flowplan.cli.next_step import next_after_plan
from flowplan.planner.plan import NodeChange, Plan
from flowplan.render.plan_text import summary_text

REPLACED = NodeChange("index", "create_index", "replace", "changed", blocked="docs")
DELETED = NodeChange("pipe", "create_ingest_pipeline", "delete", "removed", blocked="in")


def test_a_blocked_replacement_is_said_to_be_blocked() -> None:
    assert summary_text(Plan("w", "e", "apply", (REPLACED,))) == "Plan: 1 to replace (blocked)."


def test_what_is_blocked_is_counted_by_action() -> None:
    free = NodeChange("other", "create_index", "replace", "changed")
    plan = Plan("w", "e", "apply", (REPLACED, free, DELETED))
    assert summary_text(plan) == "Plan: 2 to replace (1 blocked), 1 to delete (blocked)."


def test_the_way_out_of_a_blocked_replacement_is_to_undo_the_change() -> None:
    step = next_after_plan(Flags(verb="plan"), Plan("w", "e", "apply", (REPLACED,)), None)
    assert step == "flowplan apply --allow-delete docs, or undo the change."
