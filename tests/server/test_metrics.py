"""What Prometheus is told: counts by route and outcome, and never an id."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flowplan.errors import StateError
from tests.server.bench import PREFIX, Bench
from tests.server.templates import chat, index

ONE = f"{PREFIX}/<workflow_id>"
WAIT = "wait_for_completion_timeout=20s"


def measured(bench: Bench) -> dict[tuple[str, ...], float]:
    """Samples by name and values of labels."""
    answer = bench.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(bench: Bench) -> None:
    made = bench.create(chat())
    for _ in range(3):
        bench.ask("GET", f"{made}/_status")
    bench.ask("GET", "nobody/_status")
    bench.ask("GET", "/no/such/path")
    found = measured(bench)
    total = "flowplan_http_requests_total"
    assert found[total, "POST", PREFIX, "201"] == 1
    assert found[total, "GET", f"{ONE}/_status", "200"] == 3
    assert found[total, "GET", f"{ONE}/_status", "404"] == 1
    assert found[total, "GET", "other", "400"] == 1
    assert found["flowplan_http_request_seconds_count", "GET", f"{ONE}/_status"] == 4


def test_runs_are_counted_by_how_they_ended(bench: Bench) -> None:
    good = bench.create(chat(), f"provision=true&{WAIT}")
    bench.ask("POST", f"{good}/_deprovision")
    bench.cluster("PUT", "/there")
    bench.create(index("there"), f"provision=true&{WAIT}")
    kept = bench.create(index("kept"), f"provision=true&{WAIT}")
    assert bench.ask("POST", f"{kept}/_deprovision")[0] == 403
    found = measured(bench)
    total = "flowplan_runs_total"
    assert found[total, "provision", "completed"] == 2
    assert found[total, "provision", "failed"] == 1
    assert found[total, "deprovision", "completed"] == 1
    assert found[total, "deprovision", "partial"] == 1
    assert found["flowplan_run_seconds_count", "provision"] == 3
    assert found[("flowplan_runs_running",)] == found[("flowplan_runs_queued",)] == 0


def test_workflows_are_counted_by_state(bench: Bench) -> None:
    bench.create(chat())
    bench.create(chat("second"), f"provision=true&{WAIT}")
    found = measured(bench)
    states = ("NOT_STARTED", "PROVISIONING", "COMPLETED", "FAILED")
    assert [found["flowplan_workflows", state] for state in states] == [1, 0, 1, 0]


def test_no_id_and_no_made_up_method_becomes_a_label(bench: Bench) -> None:
    made = bench.create(chat())
    bench.ask("GET", f"{made}/_status")
    bench.ask("GET", f"/{made}")
    bench.client.open(f"{PREFIX}/{made}", method="BREW")
    text = bench.client.get("/metrics").text
    assert made not in text
    assert "BREW" not in text


def test_metrics_are_told_when_the_store_can_not_be_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise StateError.of("FP684", "away")

    monkeypatch.setattr(bench.service.kept.store, "all", broken)
    found = measured(bench)
    assert ("flowplan_runs_running",) in found
    assert not [name for name in found if name[0] == "flowplan_workflows"]


def test_two_servers_in_one_process_count_for_themselves(tmp_path: Path) -> None:
    with Bench(tmp_path / "a") as one, Bench(tmp_path / "b") as other:
        one.create(chat())
        assert measured(other)["flowplan_workflows", "NOT_STARTED"] == 0
