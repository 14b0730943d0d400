"""The small things that every answer has in common, and what the server says of itself."""

from __future__ import annotations

import re
from typing import Any

import pytest

from flowplan.server.errors import in_their_words
from flowplan.server.openapi import document
from flowplan.server.runs import Run, Runs, TooMany
from tests.server.bench import Bench
from tests.server.templates import chat


def test_pretty_and_filter_path_do_what_they_do_in_opensearch(bench: Bench) -> None:
    workflow = bench.create(chat())
    prefix = "/_plugins/_flow_framework/workflow"
    answer = bench.client.get(f"{prefix}/{workflow}/_status?pretty")
    assert answer.text.startswith('{\n  "workflow_id": ')
    assert bench.ask("GET", f"{workflow}/_status?filter_path=state")[1] == {"state": "NOT_STARTED"}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            "Refused during step a, no such thing, restStatus: 404",
            "WorkflowStepException during step a, no such thing, restStatus: NOT_FOUND",
        ),
        (
            "InUse during step a, x, restStatus: 799",
            "WorkflowStepException during step a, x, restStatus: 799",
        ),
        ("ProviderError during step a, gone", "ProviderError during step a, gone"),
    ],
)
def test_a_failure_is_told_in_their_words(ours: str, theirs: str) -> None:
    assert in_their_words(ours) == theirs


def test_steps_are_listed_and_an_unknown_one_is_refused(bench: Bench) -> None:
    assert len(bench.ask("GET", "_steps")[1]) == 21
    assert set(bench.ask("GET", "_steps?workflow_step=noop,deploy_model")[1]) == {
        "noop", "deploy_model",
    }  # fmt: skip
    assert bench.ask("GET", "_steps?workflow_step=nope") == (
        400, {"error": "Failed to retrieve workflow step json."},
    )  # fmt: skip


def test_the_description_of_the_api_has_every_route(bench: Bench) -> None:
    told = {
        (path.replace("{", "<").replace("}", ">"), method.upper())
        for path, methods in document()["paths"].items()
        for method in methods
    }
    there = {
        (rule.rule, method)
        for rule in bench.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
        if "//" not in rule.rule
    }
    assert told == there
    assert bench.ask("GET", "/openapi.json") == (200, document())


def test_a_mistake_of_ours_is_a_500_without_a_traceback(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("sk-secret")

    monkeypatch.setattr("flowplan.server.routes.bodies.status", broken)
    workflow = bench.create(chat())
    status, body = bench.ask("GET", f"{workflow}/_status")
    assert status == 500
    assert re.fullmatch(
        r"An internal error of flowplan; its log says more of request [0-9a-f]{32}\.", body["error"]
    )


def test_a_run_that_breaks_ends_failed_and_not_for_ever_provisioning(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("sk-secret")

    monkeypatch.setattr("flowplan.server.carrying.build", broken)
    workflow = bench.create(chat(), "provision=true&wait_for_completion_timeout=20s")
    body = bench.ask("GET", f"{workflow}/_status")[1]
    assert body["state"] == "FAILED"
    assert "sk-secret" not in body["error"]


def test_who_is_draining_takes_no_run_and_still_answers(bench: Bench) -> None:
    workflow = bench.create(chat())
    bench.service.runs.draining = True
    assert bench.ask("GET", "/readyz")[0] == 503
    assert bench.ask("GET", "/healthz")[0] == 200
    assert bench.ask("GET", f"{workflow}/_status")[0] == 200
    for verb in ("_provision", "_deprovision"):
        assert bench.ask("POST", f"{workflow}/{verb}")[0] == 503


def test_runs_at_work_end_before_those_that_wait_are_left_for_later() -> None:
    runs = Runs(1, 1)
    seen: list[str] = []

    def work(run: Run) -> None:
        while not run.stop.requested:
            run.wait(0.01)
        seen.append(run.workflow_id)

    first = runs.start("first", "provision", work)
    second = runs.start("second", "provision", work)
    with pytest.raises(TooMany):
        runs.start("third", "provision", work)
    runs.drain(0.05)
    assert seen == ["first"]
    assert first.wait(0)
    assert second.wait(0)
    assert runs.count == 0
