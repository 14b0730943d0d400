"""What a worker is told and tells comes over whole, and what it tells holds no order."""

from __future__ import annotations

import io
import json

import pytest

from flowplan.cli.flags import Flags
from flowplan.cli.order import Order, Teller, read_order, told_failure, write_order
from flowplan.errors import LockHeld, PlanError, StateError
from flowplan.planner.events import Event
from flowplan.planner.params import Params
from flowplan.planner.plan import Plan
from flowplan.planner.values import Sensitive
from flowplan.state.lock import LockHolder, held


def order(**changed):
    flags = Flags(
        verb="apply", argument="t.yaml", allow_delete=("a", "b"), param=("k=literal",),
        params_file=("p.json",), wait_timeout=2.0, json_into="x", lock_timeout=5.0,
    )  # fmt: skip
    params = Params({"k": Sensitive({"a": 1}), "m": [1, "x"]})
    given = {"params": params, "approved": None, **changed}
    return Order(flags, "apply", given["params"], given["approved"], "d.log", "s.log")


def test_an_order_comes_over_with_its_params_and_without_where_they_came_from():
    found = read_order(write_order(order(approved="abc")))
    assert found.params.values == {"k": Sensitive({"a": 1}), "m": [1, "x"]}
    assert (found.flags.param, found.flags.params_file) == ((), ())
    assert (found.flags.allow_delete, found.flags.lock_timeout) == (("a", "b"), 5.0)
    assert (found.mode, found.approved, found.draft, found.log) == (
        "apply",
        "abc",
        "d.log",
        "s.log",
    )


def test_a_worker_waits_for_no_worker_and_writes_no_file_of_its_caller():
    found = read_order(write_order(order()))
    assert (found.flags.wait_timeout, found.flags.json_into) == (None, None)


def test_without_a_template_there_are_no_params():
    assert read_order(write_order(order(params=None))).params is None


def test_secrets_are_not_in_the_text_of_an_order_that_is_shown():
    assert "s3cret" not in repr(order(params=Params({"k": Sensitive("s3cret")})))


@pytest.fixture
def told():
    stream = io.StringIO()
    return Teller(stream), lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_message_is_a_line(told):
    teller, messages = told
    teller.line("hello\nyou")
    teller.plan(Plan("w", "e", "apply"))
    teller.event(Event("step_started", "a", "create"))
    teller.done(3)
    assert [item["kind"] for item in messages()] == ["said", "plan", "event", "done"]


def test_a_task_that_is_asked_after_again_is_told_of_once(told):
    teller, messages = told
    for text in ("RUNNING", "RUNNING", "DONE"):
        teller.event(Event("step_progress", "a", "create", text))
    assert [item["event"]["text"] for item in messages()] == ["RUNNING", "DONE"]


def test_a_log_that_is_full_stops_nobody():
    class Full(io.StringIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

    Teller(Full()).done(0)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (PlanError.of("FP230", "no", "why", node="a", hint="do"), PlanError, 1),
        (StateError.of("FP401", "no"), Exception, 1),
        (held("s.json", LockHolder.unknown(), "wait"), Exception, 4),
    ],
)
def test_a_failure_is_as_good_as_the_first_one(told, error, kind, code):
    teller, messages = told
    teller.failed(error)
    (message,) = messages()
    found = told_failure(message)
    assert isinstance(found, kind)
    assert (found.exit_code, found.diagnostics) == (code, error.diagnostics)
    assert not isinstance(found, LockHeld)
