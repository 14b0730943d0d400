"""Plans and events are the same after they were JSON; a fingerprint says what a plan does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from flowplan.errors import Diagnostic
from flowplan.planner.binding import fingerprint
from flowplan.planner.build import build
from flowplan.planner.events import Event, Summary
from flowplan.planner.plan import NodeChange, OutputChange, Partial, Plan
from flowplan.planner.plan_data import event_from_json, plan_from_json, to_json
from tests.lab import Lab

EVENTS = [
    Event("step_started", "a", "create", timeout=60.0),
    Event("step_completed", "a", "create", resource_type="model_id", resource_id="x", elapsed_ms=5),
    Event("step_failed", "a", "update", diagnostic=Diagnostic("error", "FP331", "no", node="a")),
    Event("step_skipped", "b", "create", waits_for=("a", "c")),
    Event("summary", summary=Summary("FAILED", failed=1, left=("model_id x",), changed=True)),
    Event("summary", summary=Summary("PROVISIONING"), status={"workflow_id": "w", "state": "x"}),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_an_event_comes_back(event: Event) -> None:
    assert event_from_json(json.loads(json.dumps(to_json(event)))) == event


def test_a_plan_comes_back(lab: Lab) -> None:
    lab.apply()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    plan = replace(
        build(lab.workspace()), partial=Partial(("a*",), (), 1, 3), not_given=("openai_key",)
    )
    assert plan_from_json(json.loads(json.dumps(to_json(plan)))) == plan


CHANGE = NodeChange("a", "noop", "update", "changed")
PLAN = Plan("w", "sandbox:", "apply", (CHANGE,))


def test_two_plans_that_do_the_same_have_one_fingerprint() -> None:
    told = replace(CHANGE, notes=("12 documents would be lost",), steps=("one",))
    seen = replace(PLAN, changes=(told,), requests=3, endpoint="sandbox:?latency=1s")
    assert fingerprint(seen) == fingerprint(PLAN)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, changes=(replace(CHANGE, action="replace"),)),
        replace(PLAN, changes=()),
        replace(PLAN, outputs={"x": OutputChange(None, 1)}),
        replace(PLAN, mode="destroy"),
        replace(PLAN, binding=replace(PLAN.binding, template="another")),
    ],
    ids=["action", "nodes", "outputs", "mode", "template"],
)
def test_another_plan_has_another(other: Plan) -> None:
    assert fingerprint(other) != fingerprint(PLAN)
