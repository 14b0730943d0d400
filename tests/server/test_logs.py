"""The log: a line an event, with the request's id, and nothing that an exception says."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowplan.server.logs import log_to, request_id, told
from flowplan.server.tokens import Tokens, make_token
from tests.server.bench import PREFIX, Bench
from tests.server.templates import chat

WAIT = "wait_for_completion_timeout=20s"


class Log:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]


@pytest.fixture
def log() -> Iterator[Log]:
    made = Log()
    handler = log_to(made.stream, "json", logging.INFO)
    yield made
    logging.getLogger().removeHandler(handler)
    logging.getLogger("flowplan.server").setLevel(logging.NOTSET)


def test_each_answer_is_a_line_that_says_who_what_and_how_long(log: Log, tmp_path: Path) -> None:
    token, line = make_token("ci", "write")
    (tmp_path / "tokens").write_text(line)
    with Bench(tmp_path, access=lambda _: Tokens(tmp_path / "tokens")) as bench:
        head = {"Authorization": f"Bearer {token}", "X-Request-Id": "build-4711"}
        made = bench.ask("POST", "", chat(), headers=head)[1]["workflow_id"]
        bench.ask("GET", f"{made}/_status?openai_key=sk-query", headers=head)
    last = log.of("answered")[-1]
    assert last.pop("ms") >= 0
    assert last.pop("time").endswith("Z")
    assert last == {
        "level": "info", "event": "answered", "request_id": "build-4711", "method": "GET",
        "route": f"{PREFIX}/<workflow_id>/_status", "status": 200, "user": "ci",
        "workflow_id": made,
    }  # fmt: skip
    assert "sk-query" not in log.stream.getvalue()


def test_the_end_of_a_run_has_the_id_of_the_request_that_began_it(log: Log, bench: Bench) -> None:
    head = {"X-Opaque-Id": "from-dashboards"}
    made = bench.ask("POST", f"?provision=true&{WAIT}", chat(), headers=head)[1]["workflow_id"]
    bench.settle()
    ended = log.of("run ended")[-1]
    assert (ended["workflow_id"], ended["kind"], ended["outcome"], ended["request_id"]) == (
        made, "provision", "completed", "from-dashboards",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["X-Request-Id", "X-Opaque-Id"])
def test_the_id_of_a_request_comes_back(bench: Bench, name: str) -> None:
    answer = bench.client.get("/healthz", headers={name: "abc-1"})
    assert answer.headers["X-Request-Id"] == "abc-1"
    assert answer.headers[name] == "abc-1"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, 'a"b', "ä"])
def test_an_id_that_may_not_stand_in_a_log_is_replaced(bench: Bench, given: str) -> None:
    answer = bench.client.get("/healthz", headers={"X-Request-Id": given})
    assert len(answer.headers["X-Request-Id"]) == 32


def test_probes_are_not_told_and_failures_are_errors(
    log: Log, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("sk-in-the-message")

    for path in ("/healthz", "/readyz", "/metrics"):
        bench.ask("GET", path)
    assert log.lines == []
    monkeypatch.setattr("flowplan.server.routes.bodies.status", broken)
    made = bench.create(chat())
    status, body = bench.ask("GET", f"{made}/_status", headers={"X-Request-Id": "r-1"})
    assert status == 500
    assert "r-1" in body["error"]
    broke = log.of("broke")[0]
    assert (broke["request_id"], broke["exception"], broke["level"]) == ("r-1", "KeyError", "error")
    assert broke["trace"][-1].endswith("broken")
    assert log.of("answered")[-1]["level"] == "error"
    assert "sk-in-the-message" not in log.stream.getvalue()


def test_a_chain_of_exceptions_says_nothing_of_its_causes(log: Log) -> None:
    try:
        try:
            int("sk-cause")
        except ValueError as error:
            raise RuntimeError("sk-effect") from error
    except RuntimeError:
        logging.getLogger("somebody.else").exception("it broke")
    assert "sk-" not in log.stream.getvalue()
    assert log.lines[0]["exception"] == "RuntimeError"


def test_text_is_one_line_whatever_is_in_it() -> None:
    stream = io.StringIO()
    handler = log_to(stream, "text", logging.INFO)
    try:
        request_id.set("")
        logging.getLogger("flowplan.server.x").info(
            "run ended", extra=told(user="a b\n\x1b[31m", ms=3, workflow_id=None)
        )
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger("flowplan.server").setLevel(logging.NOTSET)
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert line.rstrip().endswith("ms=3")
    assert "workflow_id" not in line
