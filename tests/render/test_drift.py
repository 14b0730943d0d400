"""Drift as people and scripts see it, and plans about a part."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from flowplan.planner.events import Summary
from flowplan.planner.plan import Binding, Drift, FieldChange, NodeChange, Partial, Plan
from flowplan.render.apply_summary import summary_lines
from flowplan.render.drift import drift_document, drift_text
from flowplan.render.look import Look
from flowplan.render.plan_text import plan_text

LOOK = Look()
STEP = "flowplan plan, or to accept it: flowplan apply --refresh-only"


@pytest.fixture
def drifted() -> Plan:
    """One field that the template set, one that it did not, a secret, and a model that is gone."""
    connector = Drift(
        "create_connector_1", "create_connector", "cF3I5QBEpCfUu_-AwdK0",
        (
            FieldChange(("description",), "the chat service", "changed by hand"),
            FieldChange(("parameters", "token"), "s3cret-old", "s3cret-new", sensitive=True),
            FieldChange(("client_config", "max_retry"), None, 3, added=True, left_alone=True),
        ),
    )  # fmt: skip
    model = Drift("register_model_2", "register_remote_model", "gL4xK5QBEpCfUu_-AQdQ", gone=True)
    return Plan(
        "chat", "https://search.example.org", "refresh-only", drift=(connector, model),
        server="3.6.0", state_location="template.state.json", binding=Binding(serial=7),
        requests=4, looked_at=14,
    )  # fmt: skip


def test_drift_looks_like_this(drifted, golden):
    golden("drift.txt", drift_text(drifted, LOOK, next_step=STEP))


def test_a_refresh_only_plan_looks_like_this(drifted, golden):
    step = "flowplan apply --refresh-only"
    golden("plan_refresh_only.txt", plan_text(drifted, LOOK, next_step=step))


def test_a_drift_document_looks_like_this(drifted, golden, schema):
    document = drift_document(drifted)
    schema("drift", document)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    golden("drift.json", text)
    assert "s3cret" not in text


def test_a_secret_that_drifted_is_never_drawn(drifted):
    assert "s3cret" not in drift_text(drifted, Look(verbose=True))
    assert "s3cret" not in plan_text(drifted, Look(verbose=True))


def test_without_drift_it_is_one_line_with_what_was_looked_at(drifted):
    assert drift_text(replace(drifted, drift=()), LOOK) == (
        "No drift. 14 resources are as applied (checked in 4 requests)."
    )


def test_one_resource_is_as_applied_in_the_singular(drifted):
    plan = replace(drifted, drift=(), looked_at=1, requests=1)
    assert drift_text(plan, LOOK) == "No drift. 1 resource is as applied (checked in 1 request)."


def test_nothing_to_look_at_is_said(drifted):
    plan = replace(drifted, drift=(), looked_at=0)
    assert drift_text(plan, LOOK) == "No drift. Nothing is recorded that could be looked at."


def test_drift_of_a_part_says_so(drifted, schema):
    plan = replace(drifted, partial=Partial(("create_*",), ("tool",), 3, 20))
    assert (
        "This is about 3 of 20 nodes only: --target create_* --exclude tool.\n2 of 14 resources"
        in drift_text(plan, LOOK)
    )
    document = drift_document(plan)
    schema("drift", document)
    assert document["partial"]["of"] == 20


@pytest.mark.parametrize(
    ("nodes", "said"), [(1, "the selected node ("), (3, "the selected 3 nodes (")]
)
def test_an_empty_plan_of_a_part_does_not_say_that_the_template_matches(nodes, said):
    changes = tuple(NodeChange(str(n), "t", "no-op", "") for n in range(nodes))
    plan = Plan("w", "e", "apply", changes, requests=2, partial=Partial(("x",), (), nodes, 9))
    text = plan_text(plan, LOOK)
    assert said in text
    assert text.endswith(f"This is about {nodes} of 9 nodes only: --target x.")
    assert "match" not in text


def test_an_empty_plan_of_a_part_keeps_its_notes():
    change = NodeChange("model", "t", "no-op", "", notes=("description keeps its text",))
    plan = Plan("w", "e", "apply", (change,), partial=Partial(("model",), (), 1, 2))
    assert plan_text(plan, LOOK).endswith("\n  model: description keeps its text")


@pytest.mark.parametrize(("number", "said"), [(1, "1 resource is"), (2, "2 resources is")])
def test_accepted_drift_is_counted(number, said):
    summary = Summary("COMPLETED", accepted=number, serial=8)
    text = summary_lines(summary, "refresh-only", LOOK, outputs={})
    assert text == f"Accepted: what changed on {said} in the state now. State serial 8."
