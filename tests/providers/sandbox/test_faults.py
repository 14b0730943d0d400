from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from flowplan.providers.sandbox import faults
from flowplan.providers.sandbox.faults import AnswerLost, AnswerTooLate, ConnectionReset, FaultPlan
from flowplan.providers.sandbox.options import parse_options
from flowplan.providers.sandbox.wire import Request

CREATE = ("POST", "/_plugins/_ml/connectors/_create")
MIXED = "sandbox:?error_rate=0.3&lost_rate=0.1&reset_rate=0.1&crash_rate=0.05&seed=7"


def drawn(url: Any, count: Any = 400) -> Any:
    plan = FaultPlan(parse_options(url))
    return [plan.draw() for _ in range(count)]


def test_faults_are_the_same_for_the_same_seed() -> None:
    assert drawn(MIXED) == drawn(MIXED)
    assert drawn(MIXED) != drawn(MIXED.replace("seed=7", "seed=8"))


def test_faults_come_at_their_rates() -> None:
    kinds = Counter(fault.kind for fault in drawn(MIXED, 4000))
    assert kinds["error"] == pytest.approx(1200, abs=150)
    assert kinds["lost"] == pytest.approx(400, abs=80)
    assert kinds["reset"] == pytest.approx(400, abs=80)
    assert kinds["crash"] == pytest.approx(200, abs=60)


def test_every_kind_of_error_comes_before_and_some_after_the_effect() -> None:
    seen = {(fault.status, fault.effect) for fault in drawn(MIXED, 2000) if fault.kind == "error"}
    assert seen == {
        (429, False),
        (500, False),
        (502, False),
        (503, False),
        (504, False),
        (500, True),
        (503, True),
    }


def test_threads_share_the_faults_of_a_seed() -> None:
    plan = FaultPlan(parse_options(MIXED))
    found: list[Any] = []

    def draw() -> None:
        found.extend(plan.draw() for _ in range(100))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    key = str
    assert sorted(found, key=key) == sorted(drawn(MIXED), key=key)


def test_a_sandbox_without_rates_draws_nothing() -> None:
    assert set(drawn("sandbox:?seed=7")) == {faults.NO_FAULT}


def test_a_reset_comes_before_the_effect_and_a_lost_answer_after(
    open_api: Any, connector_body: Any
) -> None:
    quiet = open_api()
    with pytest.raises(ConnectionReset):
        open_api("reset_rate=1").send(*CREATE, connector_body)
    assert quiet.search("connectors", {"match_all": {}}) == []
    with pytest.raises(AnswerLost):
        open_api("lost_rate=1").send(*CREATE, connector_body)
    assert len(quiet.search("connectors", {"match_all": {}})) == 1


def test_an_error_says_truly_whether_it_had_an_effect(open_api: Any, connector_body: Any) -> None:
    api, quiet = open_api("error_rate=1&seed=3"), open_api()
    plan = FaultPlan(parse_options("sandbox:?error_rate=1&seed=3"))
    made = 0
    for number in range(30):
        fault = plan.at(number)
        status, answer = api.send(*CREATE, connector_body)
        assert status == fault.status
        made += fault.effect
        if status == 429:
            assert answer["error"]["type"] == "rejected_execution_exception"
        if not fault.effect and status in (502, 503, 504):
            assert answer.startswith("<html>")
    assert len(quiet.search("connectors", {"match_all": {}}, size=100)) == made > 0


def test_a_second_run_goes_on_where_the_first_one_stopped(open_api: Any) -> None:
    plan = FaultPlan(parse_options("sandbox:?error_rate=0.5&seed=1"))
    expected = [plan.at(number).status or 200 for number in range(20)]
    first = [open_api("error_rate=0.5&seed=1").send("GET", "/")[0] for _ in range(20)]
    assert first == expected


def test_half_of_the_latency_is_slept_before_the_effect_and_half_after(open_api: Any) -> None:
    slept: list[float] = []
    api = open_api("latency=50ms", sleep=slept.append, timer=float)
    api.ok("GET", "/")
    api.send("GET", "/_nope")
    assert slept == pytest.approx([0.025] * 4)


def test_what_a_request_does_is_part_of_its_latency(open_api: Any) -> None:
    slept: list[float] = []
    # It begins at 0, and the answer is there after 45 ms.
    api = open_api("latency=50ms", sleep=slept.append, timer=iter([0.0, 0.045]).__next__)
    api.ok("GET", "/")
    assert slept == pytest.approx([0.025, 0.005])


def test_what_takes_longer_than_the_latency_is_not_held_up(open_api: Any) -> None:
    slept: list[float] = []
    api = open_api("latency=50ms", sleep=slept.append, timer=iter([0.0, 0.06]).__next__)
    api.ok("GET", "/")
    assert slept == [0.025]


def test_some_requests_take_longer_by_the_seed_and_are_carried_out(
    open_api: Any, connector_body: Any
) -> None:
    slept: list[float] = []
    api = open_api(
        "delay_rate=0.5&delay=200ms&latency=50ms&seed=5", sleep=slept.append, timer=float
    )
    for _ in range(40):
        assert api.send(*CREATE, connector_body)[0] == 200
    there, back = slept[::2], slept[1::2]
    late = [seconds - 0.025 for seconds in there if seconds > 0.025]
    assert 10 < len(late) < 30
    assert 0 < min(late) < max(late) <= 0.2
    assert back == pytest.approx([0.025] * 40)
    plan = FaultPlan(parse_options("sandbox:?delay_rate=0.5&delay=200ms&seed=5"))
    assert [plan.at(number).delay + 0.025 for number in range(40)] == there


def test_an_answer_that_comes_too_late_has_its_effect(open_api: Any) -> None:
    slept: list[float] = []
    api = open_api("latency=2s", sleep=slept.append)
    body = b'{"name": "late"}'
    with pytest.raises(AnswerTooLate):
        api.app.handle(
            Request("POST", "/_plugins/_ml/model_groups/_register", {}, body), timeout=0.5
        )
    assert slept == [0.5]
    assert open_api().search("model_groups", {"match_all": {}})


def test_a_fault_shows_in_no_task_afterwards(open_api: Any, connector_body: Any) -> None:
    for query in ("reset_rate=1", "lost_rate=1"):
        with pytest.raises(faults.Disconnect):
            open_api(query).send(*CREATE, connector_body)
    assert len(open_api().ok("GET", "/_tasks?group_by=none")["tasks"]) == 2
