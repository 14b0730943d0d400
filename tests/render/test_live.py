"""Progress on a terminal, drawn with a clock of its own."""

from __future__ import annotations

import io
import re

from rich.console import Console

from flowplan.planner.events import Event
from flowplan.planner.plan import NodeChange, Plan
from flowplan.render.live import LiveProgress, Running
from flowplan.render.look import Look


def progress(plan, clock):
    console = Console(file=io.StringIO(), width=80, height=30, force_terminal=True, no_color=True)
    return LiveProgress(console, plan, Look(short=True), clock)


def drawn(live) -> str:
    console = Console(file=io.StringIO(), width=80, no_color=True)
    console.print(live.draw())
    return str(console.file.getvalue())


def test_what_runs_waits_and_is_done_looks_like_this(changing_plan, golden):
    now = [0.0]
    live = progress(changing_plan, lambda: now[0])
    live(Event("step_started", "create_connector_1", "replace", timeout=10))
    live(Event("step_completed", "create_connector_1", "replace", resource_id="cF7QR5QBEpCfUu_-Aw1b",
               elapsed_ms=52))  # fmt: skip
    live(Event("step_started", "register_model_2", "update", timeout=60))
    live(Event("step_progress", "register_model_2", "update", "deploying (task RUNNING)"))
    now[0] = 12.0
    text = live.console.file.getvalue() + drawn(live)
    lines = [line.rstrip() for line in re.sub("[\u2800-\u28ff]", "*", text).splitlines()]
    golden("live.txt", "\n".join(lines))


def test_a_failure_is_printed_with_its_cause(failed_run, changing_plan):
    live = progress(changing_plan, lambda: 0.0)
    for event in failed_run:
        live(event)
    text = live.console.file.getvalue()
    assert "register_model_2     ✘ failed" in text
    assert "error[FP313]: template.yaml:31:9" in text
    assert "– skipped, needs register_model_2" in text


def test_what_is_done_for_a_finished_step_is_still_told(changing_plan):
    live = progress(changing_plan, lambda: 0.0)
    live(Event("step_progress", "create_connector_1", "replace", "old connector deleted"))
    assert "old connector deleted" in live.console.file.getvalue()


def test_thousands_of_waiting_nodes_are_counted_not_drawn():
    changes = tuple(
        NodeChange(f"n{number}", "t", "create", "new", depends_on=(f"n{number - 1}",))
        for number in range(10_000)
    )
    live = progress(Plan("w", "e", "apply", changes), lambda: 0.0)
    text = drawn(live)
    assert "9,997 more wait" in text
    assert len(text.splitlines()) < 10


def test_it_opens_and_closes_on_a_terminal(changing_plan):
    live = progress(changing_plan, lambda: 0.0)
    with live:
        live(Event("step_started", "create_connector_1", "replace"))
    assert "\x1b[?25h" in live.console.file.getvalue()


def test_the_first_second_is_not_counted_out_loud():
    running = Running("create", 0.0, 60)
    assert running.words(0.5) == "creating"
    assert running.words(12.0) == "creating (12 s of 60 s)"


def test_without_a_time_limit_only_the_elapsed_time_is_shown():
    assert Running("delete", 0.0, None).words(3.0) == "deleting (3 s)"
