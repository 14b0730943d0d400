"""What is told while a run goes on, in a pipe and as JSON."""

from __future__ import annotations

import json

import pytest

from flowplan.planner.events import Event, Summary
from flowplan.render.events_json import EventLines, event_document, plan_event_document
from flowplan.render.events_plain import PlainProgress
from flowplan.render.wording import seconds_text

from datetime import UTC, datetime  # isort: skip


def play(events, listener):
    for event in events:
        listener(event)


def test_a_failed_run_in_a_pipe_looks_like_this(failed_run, screen, golden):
    play(failed_run, PlainProgress(screen, ["create_connector_1", "create_summary_agent"]))
    golden("apply_failed.txt", screen.stream.getvalue().rstrip("\n"))


def test_quiet_progress_tells_failures_only(failed_run, screen):
    play(failed_run, PlainProgress(screen, [], quiet=True))
    assert screen.stream.getvalue().startswith("register_model_2 ✘ failed\nerror[FP313]")
    assert "skipped" not in screen.stream.getvalue()


def test_progress_that_says_nothing_new_is_not_repeated(screen):
    progress = PlainProgress(screen, ["a"])
    for _ in range(5):
        progress(Event("step_progress", "a", "create", "deploying (task RUNNING)"))
    assert screen.stream.getvalue() == "a … deploying (task RUNNING)\n"


def test_every_event_fits_the_schema(failed_run, first_plan, schema):
    documents = []
    play(failed_run, EventLines(documents.append))
    assert [document["type"] for document in documents] == [
        "step_started", "step_completed", "step_started", "step_progress", "step_failed",
        "step_skipped", "summary",
    ]  # fmt: skip
    for document in documents:
        schema("event", document)
    schema("event", plan_event_document(first_plan, datetime.now(UTC)))


def test_a_completed_step_names_what_it_made(failed_run):
    document = event_document(failed_run[1])
    assert document["resource_id"] == "cF7QR5QBEpCfUu_-Aw1b"
    assert document["resource_type"] == "connector_id"
    assert document["elapsed_ms"] == 52
    assert document["@timestamp"] == "2026-11-21T12:00:00.250Z"


def test_a_failed_step_carries_its_diagnostic(failed_run):
    assert event_document(failed_run[4])["diagnostic"]["code"] == "FP313"


def test_a_failed_step_without_a_diagnostic_is_still_a_line(schema):
    schema("event", event_document(Event("step_failed", "a", "create")))


def test_the_last_line_has_the_contracts_fields(failed_run):
    document = event_document(failed_run[-1])
    wanted = {"type": "summary", "state": "FAILED", "created": 1, "updated": 0, "replaced": 0,
              "deleted": 0, "failed": 1, "skipped": 1, "elapsed_ms": 134}  # fmt: skip
    assert wanted.items() <= document.items()


def test_a_line_is_one_line(screen):
    from flowplan.render.json_text import write_json

    lines = EventLines(lambda document: write_json(screen, document, line=True))
    lines(Event("step_progress", "a\nb", "create", "two\nlines"))
    lines(Event("summary", summary=Summary("COMPLETED")))
    assert len([json.loads(line) for line in screen.stream.getvalue().splitlines()]) == 2


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0.00 s"), (52, "0.05 s"), (14_230, "14.2 s"), (200_000, "3 min 20 s")],
)
def test_seconds_are_short(milliseconds, text):
    assert seconds_text(milliseconds) == text
