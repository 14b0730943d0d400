from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from flowplan.state import lock
from flowplan.state.lock import LockHolder, ci_job, held, here, span

CI = "https://ci.example.org/jobs/4711"


def holder(**fields):
    since = datetime.now(UTC) - timedelta(minutes=3)
    known = {"job": CI, "workflow": "chat", **fields}
    return LockHolder("id", "ci@runner-12", "runner-12", 4711, "apply", since, **known)


def test_this_process_knows_who_it_is():
    me = here("apply", "chat")
    assert me.pid == os.getpid()
    assert me.host == os.uname().nodename
    assert me.who.endswith(f"@{me.host}")
    assert (me.operation, me.workflow) == ("apply", "chat")
    assert datetime.now(UTC) - me.since < timedelta(minutes=1)


def test_a_user_without_a_name_is_called_by_the_number(monkeypatch):
    import getpass

    def nameless():
        raise KeyError

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert here("apply").who.startswith(f"{os.getuid()}@")


def test_details_come_back_equal():
    known = holder()
    again = LockHolder.from_json(known.as_json())
    assert again.as_json() == known.as_json()


@pytest.mark.parametrize(
    "change",
    [
        {"since": "yesterday"},
        {"since": None},
        {"since": "2026-01-01T00:00:00"},
        {"pid": "4711"},
        {"pid": True},
    ],
)
def test_details_that_are_none_are_not_believed(change):
    assert LockHolder.from_json({**holder().as_json(), **change}) is None


@pytest.mark.parametrize("value", [None, [], "x", {}, 3])
def test_what_is_no_description_is_not_believed(value):
    assert LockHolder.from_json(value) is None


@pytest.mark.parametrize(
    ("environment", "job"),
    [
        ({}, ""),
        ({"CI_JOB_URL": CI}, CI),
        ({"BUILD_URL": CI}, CI),
        ({"GITHUB_SERVER_URL": "https://github.com"}, ""),
        (
            {
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "a/b",
                "GITHUB_RUN_ID": "7",
            },
            "https://github.com/a/b/actions/runs/7",
        ),
    ],
)
def test_the_ci_job_is_found_in_the_environment(environment, job):
    assert ci_job(environment) == job


def test_the_error_says_by_whom_for_what_and_since_when():
    error = held("t.state.json", holder(), "Wait.")
    (problem,) = error.diagnostics
    assert (problem.code, error.exit_code) == ("FP501", 4)
    assert problem.summary == "t.state.json is locked"
    first, second = problem.detail.splitlines()
    assert first == f"by    ci@runner-12 (process 4711), job {CI}"
    assert second.startswith("for   apply, since ")
    assert second.endswith(" (3 min)")
    assert problem.hint == "Wait."


def test_the_error_carries_the_holder_for_programs():
    carried = held("t", holder(), "").holder
    assert (carried["host"], carried["pid"], carried["operation"]) == ("runner-12", 4711, "apply")
    assert datetime.fromisoformat(carried["since"])


def test_a_holder_outside_of_ci_has_no_job():
    assert "job" not in held("t", holder(job=""), "").diagnostics[0].detail


def test_a_holder_that_has_not_said_who_it_is_is_told_so():
    problem = held("t", LockHolder.unknown(), "").diagnostics[0]
    assert problem.detail == "by    a process that has not said yet who it is"


def test_a_lock_of_another_day_comes_with_its_date():
    old = LockHolder("i", "a@b", "b", 1, "apply", datetime(2020, 1, 2, 12, tzinfo=UTC))
    assert "since 2020-01-0" in held("t", old, "").diagnostics[0].detail


def test_a_lock_of_today_comes_with_its_time_only():
    assert len(lock._clock(datetime.now(UTC))) == len("14:02:11")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (119.9, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172_800, "2 d"),
        (900_000, "10 d"),
    ],
)
def test_lengths_of_time_are_told_in_one_unit(seconds, text):
    assert span(seconds) == text
