"""`retries`: a failed step is tried again in the same run, unless it can't go otherwise."""

from __future__ import annotations

import pytest

from flowplan.planner.execute import Stop, retry
from tests.lab import Lab
from tests.workflow.requests_sent import watched

BUSY = (409, '{"error": {"reason": "version conflict"}, "status": 409}')
WRONG = (400, '{"error": {"reason": "no such field"}, "status": 400}')


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.01)


class Failing:
    """The first `times` requests to a path get an answer of another cluster."""

    def __init__(self, method: str, part: str, times: int, answer: tuple[int, str]) -> None:
        self.method, self.part, self.left, self.given = method, part, times, answer

    def __call__(self, method: str, path: str, body: str) -> tuple[int, str] | None:
        if method != self.method or self.part not in path or not self.left:
            return None
        self.left -= 1
        return self.given


def test_a_conflict_is_tried_again(lab: Lab) -> None:
    lab.node("connector")["flowplan"] = {"retries": 2}
    with watched(Failing("POST", "connectors/_create", 2, BUSY)):
        summary = lab.apply()
    assert (summary.created, summary.failed) == (3, 0)
    told = [item.text for item in lab.events if "trying again" in item.text]
    assert [item[-8:] for item in told] == ["(1 of 2)", "(2 of 2)"]
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty


def test_without_the_setting_it_is_not(lab: Lab) -> None:
    with watched(Failing("POST", "connectors/_create", 1, BUSY)):
        assert lab.apply().failed == 1


def test_after_so_many_tries_the_step_has_failed(lab: Lab) -> None:
    lab.node("connector")["flowplan"] = {"retries": 2}
    with watched(Failing("POST", "connectors/_create", 9, BUSY)) as sent:
        summary = lab.apply()
    assert (summary.failed, summary.skipped) == (1, 2)
    assert len(sent) == 3


def test_a_refusal_of_what_was_sent_is_not_tried_again(lab: Lab) -> None:
    lab.node("connector")["flowplan"] = {"retries": 5}
    with watched(Failing("POST", "connectors/_create", 9, WRONG)) as sent:
        assert lab.apply().failed == 1
    assert len(sent) == 1


def test_what_a_try_has_begun_is_finished_by_the_next_one(lab: Lab) -> None:
    lab.node("deployment")["flowplan"] = {"retries": 1}
    with watched(Failing("GET", "/tasks/", 1, (500, '{"error": {"reason": "x"}, "status": 500}'))):
        summary = lab.apply()
    assert (summary.created, summary.failed) == (3, 0)
    assert lab.plan().empty


def test_a_delete_is_tried_again_after_the_template_is_gone(lab: Lab) -> None:
    lab.node("connector")["flowplan"] = {"retries": 1, "timeout": "9s"}
    lab.apply()
    with watched(Failing("DELETE", "/connectors/", 1, (409, WRONG[1].replace("400", "409")))):
        lab.destroy()
    assert lab.counts() == (0, 0, 0)


def test_an_update_is_tried_again_with_all_its_fields(lab: Lab) -> None:
    lab.node("model")["flowplan"] = {"retries": 3}
    lab.apply()
    lab.inputs("model")["name"] = "another"
    with watched(Failing("PUT", "/models/", 2, BUSY)):
        assert lab.apply().failed == 0
    assert lab.on_cluster()["models"][0]["name"] == "another"
    assert lab.plan().empty


def test_no_further_try_begins_once_the_run_is_to_stop(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE", 60.0)
    lab.node("connector")["flowplan"] = {"retries": 9}
    stop = Stop()

    def listen(event: object) -> None:
        if "trying again" in getattr(event, "text", ""):
            stop.request()

    with watched(Failing("POST", "connectors/_create", 9, BUSY)) as sent:
        assert lab.apply(stop=stop, listen=listen).failed == 1
    assert len(sent) == 1
