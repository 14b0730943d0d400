"""`flowplan check`, and the checks that follow an apply."""

from __future__ import annotations

import json

import pytest

from .conftest import SECRET, TEMPLATE

HOLDS = """\
    - name: answers
      predict: deploy_model_3
      body: {parameters: {messages: [{role: user, content: hello}]}}
      expect: {path: "inference_results[0].status_code", equals: 200}
"""
FAILS = """\
    - name: greets
      predict: deploy_model_3
      body: {parameters: {messages: []}}
      expect: {path: "inference_results[0].status_code", equals: 201}
"""
PREDICT = "POST /_plugins/_ml/models/{id}/_predict"


@pytest.fixture
def declare(project):
    """Write the template with these checks."""

    def write(*checks: str) -> None:
        (project / "template.yaml").write_text(f"{TEMPLATE}  checks:\n{''.join(checks)}")

    return write


@pytest.fixture
def schema():
    """Check a document against a published schema."""
    jsonschema = pytest.importorskip("jsonschema")
    from pathlib import Path

    def check(name, document):
        path = Path(__file__).parents[2] / "docs" / "schema" / f"{name}.json"
        jsonschema.Draft7Validator(json.loads(path.read_text("utf-8"))).validate(document)

    return check


def test_a_check_that_holds_ends_with_0(declare, flowplan):
    declare(HOLDS)
    applied = flowplan("apply", "--auto-approve")
    assert (applied.code, "1 check holds." in applied.out) == (0, True)
    assert "check answers" in applied.err
    result = flowplan("check")
    assert (result.code, result.out.splitlines()[-1]) == (0, "1 check holds.")


def test_a_check_that_fails_after_an_apply_ends_it_with_3_and_all_is_recorded(declare, flowplan):
    declare(HOLDS, FAILS)
    result = flowplan("apply", "--auto-approve")
    assert result.code == 3
    assert "1 of 2 checks failed: all is made and recorded.\nNext: flowplan check" in result.out
    assert "error[FP660]: template.yaml" in result.err
    assert flowplan("status", "--format", "json").json["state"] == "COMPLETED"
    again = flowplan("check")
    assert (again.code, "✘ failed" in again.out) == (1, True)


def test_an_apply_that_changes_nothing_asks_nothing(declare, flowplan):
    declare(FAILS)
    assert flowplan("apply", "--auto-approve", "--no-check").code == 0
    assert flowplan("apply", "--auto-approve").code == 0


@pytest.mark.parametrize(
    "call", [("plan",), ("plan", "--refresh-only"), ("apply", "--refresh-only"), ("destroy",)]
)
def test_nothing_else_ever_asks(declare, flowplan, monkeypatch, call):
    declare(FAILS)
    flowplan("apply", "--auto-approve", "--no-check")
    from flowplan.providers.registry import Registry

    def never(*_, **__):
        raise AssertionError("asked")

    monkeypatch.setattr(Registry, "ask", never)
    more = () if call[0] == "plan" else ("--auto-approve",)
    assert flowplan(*call, *more).code == 0


def test_the_events_of_an_apply_have_the_checks_before_the_summary(declare, flowplan, schema):
    declare(HOLDS, FAILS)
    result = flowplan("apply", "--auto-approve", "--format", "json")
    *_, one, other, summary = result.lines
    assert (one["type"], one["check"]) == ("check_completed", "answers")
    assert (other["type"], other["diagnostic"]["code"]) == ("check_failed", "FP660")
    assert (summary["type"], summary["state"], summary["created"]) == ("summary", "COMPLETED", 3)
    assert (summary["checks"], summary["checks_failed"]) == (2, 1)
    for line in result.lines:
        schema("event", line)
    assert result.code == 3


def test_a_saved_plan_is_checked_too(declare, flowplan):
    declare(FAILS)
    flowplan("plan", "--out", "p.json")
    assert flowplan("apply", "--plan", "p.json").code == 3


def test_after_a_partial_apply_what_is_not_there_is_skipped(declare, flowplan):
    declare(FAILS)
    result = flowplan(
        "apply", "--auto-approve", "--target", "create_connector_1", "--format", "json"
    )
    assert result.code == 0
    check = result.lines[-2]
    assert check["type"] == "check_skipped"
    assert "deploy_model_3 is not there yet" in check["text"]


def test_the_document_of_check_fits_its_schema(declare, flowplan, schema):
    declare(HOLDS, FAILS)
    flowplan("apply", "--auto-approve", "--no-check")
    result = flowplan("check", "--format", "json")
    assert result.code == 1
    schema("check", result.json)
    assert result.json["summary"] == {"passed": 1, "failed": 1, "skipped": 0}
    assert [item["code"] for item in result.json["diagnostics"]] == ["FP660"]
    assert SECRET not in result.out


def test_one_check_can_be_chosen(declare, flowplan):
    declare(HOLDS, FAILS)
    flowplan("apply", "--auto-approve", "--no-check")
    assert flowplan("check", "--only", "ans*").code == 0
    wrong = flowplan("check", "--only", "answer")
    assert (wrong.code, 'did you mean "answers"?' in wrong.err) == (64, True)


def test_before_the_first_apply_there_is_nothing_to_ask(declare, flowplan):
    declare(HOLDS)
    result = flowplan("check")
    assert (result.code, "error[FP662]" in result.err) == (1, True)


def test_a_template_without_checks_says_so(applied, flowplan):
    result = flowplan("check")
    assert (result.code, result.out) == (0, "No checks. The template declares none.\n")


def test_a_state_of_another_workflow_is_refused(declare, flowplan, project):
    declare(HOLDS)
    flowplan("apply", "--auto-approve", "--no-check")
    text = (project / "template.yaml").read_text()
    (project / "template.yaml").write_text(text.replace("name: chat\n", "name: other\n", 1))
    result = flowplan("check")
    assert (result.code, "error[FP406]" in result.err) == (1, True)


def test_a_check_takes_no_lock_and_writes_nothing(declare, flowplan, project):
    declare(HOLDS)
    flowplan("apply", "--auto-approve", "--no-check")
    before = (project / "template.state.json").read_bytes()
    from flowplan.state.backends import open_backend

    with open_backend(str(project / "template.state.json")).lock("apply"):
        result = flowplan("check")
    assert result.code == 0
    assert "is locked" in result.err
    assert (project / "template.state.json").read_bytes() == before


def test_a_check_without_a_terminal_is_told_when_applying_quietly(declare, flowplan):
    declare(HOLDS, FAILS)
    result = flowplan("apply", "--auto-approve", "--quiet")
    assert "check greets" in result.err
    assert "check answers" not in result.err
