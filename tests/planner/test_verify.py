"""Checks as they are run: what is asked, how often, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowplan.errors import Diagnostic, Refused
from flowplan.planner import verify as module
from flowplan.planner.verify import Verdict, verify
from tests.lab import KEY, Lab

CONTENT = "inference_results[0].output[0].dataAsMap.choices[0].message.content"
HELLO = {"parameters": {"messages": [{"role": "user", "content": "hello"}]}}
Ask = Callable[..., Any]


def declare(lab: Lab, *checks: dict[str, Any], **params: Any) -> None:
    lab.template["flowplan"] = {"checks": list(checks)}
    if params:
        lab.template["flowplan"]["params"] = {"openai_key": {"sensitive": True}, **params}


def run(lab: Lab, *, partial: bool = False, ask: Ask | None = None) -> list[Verdict]:
    """The verdicts; `ask` answers in the cluster's place."""
    workspace = lab.workspace()
    template = workspace.template
    assert template is not None
    if ask is not None:
        lab.registry.ask = ask  # type: ignore[method-assign]
    state = workspace.backend.load().state
    told: list[Verdict] = []
    found = verify(
        workspace, template, state.resources if state else {}, checks=template.checks,
        tell=told.append, partial=partial,
    )  # fmt: skip
    assert told == [*found]
    return told


def why(verdict: Verdict) -> tuple[str, str]:
    assert verdict.diagnostic is not None
    return verdict.diagnostic.code, verdict.diagnostic.detail


def test_a_prediction_is_made_and_its_answer_compared(lab: Lab) -> None:
    expect = {"path": CONTENT, "contains": "hello"}
    declare(lab, {"name": "a", "predict": "deployment", "body": HELLO, "expect": expect})
    lab.apply()
    (verdict,) = run(lab)
    assert (verdict.result, verdict.tries) == ("passed", 1)
    assert verdict.subject == lab.ids()["model"]


def test_an_agent_is_run_with_params_in_the_question(lab: Lab) -> None:
    agent = {"name": "a", "type": "flow"}
    lab.nodes.append({"id": "agent", "type": "register_agent", "user_inputs": agent})
    declare(
        lab,
        {
            "name": "a", "agent": "agent", "body": {"parameters": {"question": "${{ asked }}"}},
            "expect": {
                "path": "inference_results[0].output[0].result", "equals": "echo: ${{ asked }}",
            },
        },
        asked={"default": "why"},
    )  # fmt: skip
    lab.apply()
    assert [verdict.result for verdict in run(lab)] == ["passed"]


def test_an_expression_may_say_what_is_asked(lab: Lab) -> None:
    declare(lab, {"name": "a", "predict": "${{ model.model_id }}", "body": HELLO})
    lab.apply()
    assert [verdict.subject for verdict in run(lab)] == [lab.ids()["model"]]


def test_all_that_is_not_as_expected_is_told_at_its_place(lab: Lab) -> None:
    expect = [{"path": CONTENT, "equals": "bye"}, {"path": "none", "exists": True}]
    declare(lab, {"name": "a", "predict": "model", "body": HELLO, "expect": expect})
    lab.apply()
    (verdict,) = run(lab)
    code, detail = why(verdict)
    assert (verdict.result, verdict.tries, code) == ("failed", 1, "FP660")
    assert detail.splitlines()[0].startswith(f'{CONTENT} is not "bye": it is "')
    assert detail.splitlines()[1] == "there is no none: the answer has inference_results"
    assert verdict.diagnostic is not None
    assert (verdict.diagnostic.file, verdict.diagnostic.line) == ("template.json", 1)


def test_a_refusal_is_told_in_the_clusters_words(lab: Lab) -> None:
    declare(lab, {"name": "a", "search": "nowhere"})
    lab.apply()
    (verdict,) = run(lab)
    code, detail = why(verdict)
    assert (verdict.result, verdict.tries, code) == ("failed", 1, "FP661")
    assert "no such index [nowhere]" in detail


def test_what_was_not_made_is_no_question(lab: Lab) -> None:
    declare(lab, {"name": "a", "predict": "deployment", "body": HELLO})
    (verdict,) = run(lab)
    assert (verdict.result, verdict.tries, why(verdict)[0]) == ("failed", 0, "FP662")
    (verdict,) = run(lab, partial=True)
    assert (verdict.result, verdict.tries) == ("skipped", 0)


def test_what_a_question_names_has_to_be_there_too(lab: Lab) -> None:
    body = {"id": "${{ connector.connector_id }}", "and": "${{ model.model_id }}"}
    declare(lab, {"name": "a", "search": "words", "body": body})
    (verdict,) = run(lab)
    assert verdict.diagnostic is not None
    assert "connector, model are not there yet" in verdict.diagnostic.summary


def test_a_prediction_is_asked_once_and_as_often_again_as_it_says(lab: Lab) -> None:
    wrong = {"path": "x", "exists": True}
    once = {"name": "a", "predict": "model", "body": HELLO, "expect": wrong}
    declare(lab, once, {**once, "name": "b", "retries": 2})
    lab.apply()
    asked: list[str] = []

    def ask(_: Any, kind: str, *__: Any) -> Any:
        asked.append(kind)
        return {}

    assert [verdict.tries for verdict in run(lab, ask=ask)] == [1, 3]
    assert asked == ["predict"] * 4


def test_a_refused_prediction_is_asked_again_where_that_is_wished(lab: Lab) -> None:
    declare(lab, {"name": "a", "predict": "model", "body": HELLO, "retries": 1})
    lab.apply()
    answers = [Refused(Diagnostic("error", "FP316", "busy"), status=500, reason=""), {}]

    def ask(*_: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Refused):
            raise answer
        return answer

    assert [(verdict.result, verdict.tries) for verdict in run(lab, ask=ask)] == [("passed", 2)]


def test_a_search_is_asked_until_it_finds(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    expect = {"path": "hits.total.value", "at_least": 1}
    declare(lab, {"name": "a", "search": "words", "expect": expect})
    lab.apply()
    counts = [0, 0, 1]

    def ask(*_: Any) -> Any:
        return {"hits": {"total": {"value": counts.pop(0)}}}

    assert [(verdict.result, verdict.tries) for verdict in run(lab, ask=ask)] == [("passed", 3)]


def test_a_search_gives_up_when_its_time_is_up(lab: Lab) -> None:
    expect = {"path": "hits.total.value", "at_least": 1}
    lab.nodes.append(
        {
            "id": "i",
            "type": "create_index",
            "user_inputs": {"index_name": "w", "configurations": {}},
        }
    )
    declare(lab, {"name": "a", "search": "i", "timeout": "150ms", "expect": expect})
    lab.apply()
    (verdict,) = run(lab)
    assert (verdict.result, why(verdict)) == (
        "failed", ("FP660", "hits.total.value is less than 1: it is 0"),
    )  # fmt: skip
    assert verdict.tries > 1
    assert verdict.elapsed_ms < 5000


def test_a_wrong_answer_says_more_than_a_last_try_that_is_cut_off(lab: Lab) -> None:
    declare(
        lab,
        {"name": "a", "predict": "model", "body": HELLO, "retries": 1,
         "expect": {"path": "x", "exists": True}},
    )  # fmt: skip
    lab.apply()
    answers: list[Any] = [{"y": 1}]

    def ask(*_: Any) -> Any:
        if not answers:
            raise Refused(Diagnostic("error", "FP330", "not finished"), status=0, reason="")
        return answers.pop()

    assert why(run(lab, ask=ask)[0]) == ("FP660", "there is no x: the answer has y")


def test_no_answer_in_time_is_told_as_such(lab: Lab) -> None:
    declare(lab, {"name": "a", "predict": "model", "body": HELLO})
    lab.apply()

    def ask(*_: Any) -> Any:
        raise Refused(Diagnostic("error", "FP330", "not finished"), status=0, reason="")

    (verdict,) = run(lab, ask=ask)
    assert verdict.diagnostic is not None
    assert verdict.diagnostic.summary == 'check "a": no answer in time'


def test_no_secret_is_in_a_result(lab: Lab) -> None:
    echo = {"parameters": {"messages": [{"role": "user", "content": "${{ openai_key }}"}]}}
    check = {"predict": "model", "body": echo}
    declare(
        lab,
        {"name": "a", **check, "expect": {"path": CONTENT, "equals": "other"}},
        {"name": "b", **check, "expect": {"path": CONTENT, "equals": "x${{ openai_key }}"}},
    )  # fmt: skip
    lab.apply()
    one, other = run(lab)
    assert "(sensitive)" in why(one)[1]
    assert why(other)[1] == f"{CONTENT} is not as expected: what it is compared with is a secret"
    assert KEY not in repr((one, other))


@pytest.mark.parametrize(
    ("subject", "code"), [("${{ number }}", "FP663"), ("${{ openai_key }}", "FP663")]
)
def test_only_a_text_that_may_be_shown_can_be_asked(lab: Lab, subject: str, code: str) -> None:
    number = {"type": "integer", "default": 5}
    declare(lab, {"name": "a", "search": subject}, number=number)
    lab.apply()
    assert why(run(lab)[0])[0] == code


def test_an_expression_that_fails_is_told_at_its_place(lab: Lab) -> None:
    declare(lab, {"name": "a", "search": "w", "body": {"size": "${{ 1 / 0 }}"}})
    lab.apply()
    assert why(run(lab)[0])[0] == "FP173"


def test_a_search_goes_through_its_pipeline(lab: Lab) -> None:
    inputs = {"pipeline_id": "out", "configurations": {"request_processors": []}}
    lab.nodes.append({"id": "p", "type": "create_search_pipeline", "user_inputs": inputs})
    index = {"index_name": "w", "configurations": {}}
    lab.nodes.append({"id": "i", "type": "create_index", "user_inputs": index})
    declare(
        lab,
        {"name": "a", "search": "i", "pipeline": "p"},
        {"name": "b", "search": "i", "pipeline": "none"},
    )
    lab.apply()
    one, other = run(lab)
    assert one.result == "passed"
    assert "Pipeline none is not defined" in why(other)[1]


def test_without_a_cluster_there_is_nothing_to_ask(lab: Lab) -> None:
    from dataclasses import replace

    workspace = replace(lab.workspace(), connection=None)
    assert workspace.template is not None
    with pytest.raises(ValueError, match="needs a cluster"):
        verify(workspace, workspace.template, {}, checks=())
