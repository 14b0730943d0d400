"""Lifecycle settings and moves as a shell meets them: exits, places, what is printed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.acceptance.chat import chat, inputs, write

CONNECTOR, MODEL, DEPLOYMENT = "create_connector_1", "register_model_2", "deploy_model_3"


def node(template: dict[str, Any], name: str) -> dict[str, Any]:
    nodes = template["workflows"]["provision"]["nodes"]
    return next(item for item in nodes if item["id"] == name)


def with_settings(name: str, **settings: Any) -> dict[str, Any]:
    template = chat()
    node(template, name)["flowplan"] = settings
    return template


def renamed() -> dict[str, Any]:
    """The connector has another name, everywhere."""
    text = json.dumps(chat()).replace(CONNECTOR, "openai")
    template: dict[str, Any] = json.loads(text)
    template.setdefault("flowplan", {})["moved"] = [{"from": CONNECTOR, "to": "openai"}]
    return template


def test_a_plan_that_would_replace_what_is_protected_exits_1_with_its_place(applied, flowplan):
    template = with_settings(CONNECTOR, prevent_destroy=True)
    inputs(template, CONNECTOR)["parameters"]["model"] = "gpt-4o"
    write(applied / "template.yaml", template)
    found = flowplan("plan", "--format", "json")
    assert found.code == 1
    item = json.loads(found.out)["diagnostics"][0]
    assert (item["code"], item["node"]) == ("FP241", CONNECTOR)
    assert item["file"].endswith("template.yaml")
    assert item["line"] > 1
    assert "keep_id" in item["hint"]
    assert flowplan("apply", "--auto-approve").code == 1


def test_destroy_of_what_is_protected_exits_1_and_deletes_nothing(project, flowplan):
    write(project / "template.yaml", with_settings(DEPLOYMENT, prevent_destroy=True))
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    found = flowplan("destroy", "--auto-approve")
    assert found.code == 1
    assert "FP240" in found.err
    assert flowplan("state", "list").out.split() == [CONNECTOR, MODEL, DEPLOYMENT]
    write(project / "template.yaml", with_settings(DEPLOYMENT, prevent_destroy=False))
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    assert flowplan("destroy", "--auto-approve", "-q").code == 0


def test_the_state_shows_the_settings(project, flowplan, conforms):
    write(project / "template.yaml", with_settings(MODEL, retries=2, ignore_changes="all"))
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    text = flowplan("state", "show", MODEL).out
    assert "lifecycle" in text
    assert 'ignore_changes  "all"' in text
    document = json.loads(flowplan("show", "--format", "json").out)
    conforms(document, "show")
    [record] = [item for item in document["resources"] if item["node"] == MODEL]
    assert record["lifecycle"] == {"ignore_changes": "all", "retries": 2}


def test_a_move_is_planned_saved_and_applied(applied, flowplan, conforms):
    write(applied / "template.yaml", renamed())
    text = flowplan("plan", "--out", "p.plan")
    assert text.code == 0
    assert "→ openai" in text.out
    assert "moved from create_connector_1" in text.out
    assert "Plan: 1 to move." in text.out
    document = conforms(json.loads(flowplan("show", "p.plan", "--format", "json").out), "plan")
    moves = [change for change in document["changes"] if change["action"] == "move"]
    assert [(item["node"], item["moved_from"], item["fields"]) for item in moves] == [
        ("openai", CONNECTOR, [])
    ]
    assert document["summary"]["move"] == 1
    done = flowplan("apply", "--plan", "p.plan")
    assert (done.code, "Applied: 1 moved" in done.out) == (0, True)
    assert flowplan("state", "list").out.split() == ["openai", MODEL, DEPLOYMENT]
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_the_events_of_a_move_fit_their_schema(applied, flowplan, conforms):
    write(applied / "template.yaml", renamed())
    found = flowplan("apply", "--auto-approve", "--format", "json")
    events = [conforms(json.loads(line), "event") for line in found.out.splitlines()]
    done = [item for item in events if item["type"] == "step_completed"]
    assert [(item["node"], item["action"]) for item in done] == [("openai", "move")]
    assert events[-1]["moved"] == 1
    assert events[-1]["updated"] == 0


def test_a_circle_of_moves_is_found_by_validate(project, flowplan):
    template = renamed()
    template["flowplan"]["moved"] = [{"from": "a", "to": "b"}, {"from": "b", "to": "a"}]
    write(project / "template.yaml", template)
    found = flowplan("validate")
    assert found.code == 1
    assert found.err.count("error[FP184]") == 2


@pytest.mark.parametrize("flag", [[], ["--no-refresh"]])
def test_a_plan_with_a_move_has_changes(applied, flowplan, flag):
    write(applied / "template.yaml", renamed())
    assert flowplan("plan", "--detailed-exitcode", *flag).code == 2
