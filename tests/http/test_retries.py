"""What is repeated, what is lost, and what was never sent."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests

from flowplan.errors import AnswerLost, ProviderError, Refused, Unreachable
from flowplan.http import Connection
from flowplan.http_answers import Answer, may_have_executed, was_throttled

Open = Callable[..., Connection]
Server = Any

BUSY = {
    "error": {
        "root_cause": [{"type": "rejected_execution_exception", "reason": "queue is full"}],
        "type": "rejected_execution_exception",
        "reason": "queue is full",
    },
    "status": 429,
}
CREATE = "/_plugins/_ml/connectors/_create"


def failure(status: int, reason: str, type: str = "status_exception") -> dict[str, Any]:
    cause = {"type": type, "reason": reason}
    return {"error": {"root_cause": [cause], **cause}, "status": status}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def code_of(error: ProviderError) -> str:
    return error.diagnostics[0].code


class _Failing(requests.adapters.BaseAdapter):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def send(self, *args: Any, **kw: Any) -> requests.Response:
        raise self.error

    def close(self) -> None:
        """Nothing."""


def test_a_safe_request_is_repeated_after_a_gateway_s_error(
    server: Server, connect: Open, pauses: list[float]
) -> None:
    server.script = [(503, b"<html>"), (502, b""), (504, b""), (200, {"ok": 1})]
    assert connect().operation().request("GET", "/").body == {"ok": 1}
    assert pauses == [0.1, 0.2, 0.4]


def test_pauses_are_jittered(server: Server, connect: Open, pauses: list[float]) -> None:
    server.script = [(503, b""), (200, {})]
    connect(jitter=lambda: 0.0).operation().request("GET", "/")
    assert pauses == [0.05]


def test_retry_after_in_seconds_is_obeyed(
    server: Server, connect: Open, pauses: list[float]
) -> None:
    server.script = [(429, BUSY, {"Retry-After": "2"}), (200, {})]
    connect().operation().request("GET", "/")
    assert pauses == [2.0]


def test_retry_after_as_a_date_is_obeyed(
    server: Server, connect: Open, pauses: list[float]
) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.script = [(429, BUSY, {"Retry-After": at}), (200, {})]
    connect().operation().request("GET", "/")
    assert 25 < pauses[0] <= 30


def test_a_retry_after_beyond_the_deadline_ends_at_once(
    server: Server, connect: Open, pauses: list[float]
) -> None:
    server.script = [(429, BUSY, {"Retry-After": "3600"})]
    with pytest.raises(Refused) as caught:
        connect().operation(timeout=5).request("GET", "/")
    assert (code_of(caught.value), pauses) == ("FP315", [])


def test_an_unreadable_retry_after_is_as_good_as_none(
    server: Server, connect: Open, pauses: list[float]
) -> None:
    server.script = [(429, BUSY, {"Retry-After": "soon"}), (200, {})]
    connect().operation().request("GET", "/")
    assert pauses == [0.1]


def test_a_reset_read_is_repeated(server: Server, connect: Open) -> None:
    server.script = ["reset", "close", (200, {"ok": 1})]
    assert connect().operation().request("GET", "/").body == {"ok": 1}


def test_tries_end(server: Server, connect: Open) -> None:
    server.script = [(503, failure(503, "no cluster manager"))] * 9
    with pytest.raises(Refused) as caught:
        connect().operation().request("GET", "/")
    assert (code_of(caught.value), len(server.seen)) == ("FP316", 5)
    assert caught.value.diagnostics[0].detail == "no cluster manager"


def test_a_read_without_any_answer_is_unreachable(server: Server, connect: Open) -> None:
    server.script = ["close"] * 9
    with pytest.raises(Unreachable) as caught:
        connect().operation().request("GET", "/")
    assert code_of(caught.value) == "FP322"


@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_create_without_an_answer_is_lost_and_sent_once(
    server: Server, connect: Open, end: str
) -> None:
    server.script = [end]
    with pytest.raises(AnswerLost) as caught:
        connect().operation().request("POST", CREATE, body={})
    assert (code_of(caught.value), len(server.seen)) == ("FP323", 1)


def test_a_create_that_is_not_answered_in_time_is_lost(server: Server, connect: Open) -> None:
    released = threading.Event()
    server.script = [lambda: released.wait(5) and "close"]
    with pytest.raises(AnswerLost) as caught:
        connect(timeout=0.1).operation().request("POST", CREATE, body={})
    released.set()
    assert "in time" in caught.value.diagnostics[0].detail


def test_a_cut_off_answer_to_a_create_is_lost(server: Server, connect: Open) -> None:
    server.script = ["cut"]
    with pytest.raises(AnswerLost):
        connect().operation().request("POST", CREATE, body={})


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_a_gateway_s_error_to_a_create_is_lost(server: Server, connect: Open, status: int) -> None:
    server.script = [(status, b"<html><head><title>Bad Gateway</title></head></html>")]
    with pytest.raises(AnswerLost) as caught:
        connect().operation().request("POST", CREATE, body={})
    assert f"{status} came instead: Bad Gateway" in caught.value.diagnostics[0].detail


def test_a_create_is_repeated_on_a_429_in_opensearch_s_own_words(
    server: Server, connect: Open
) -> None:
    server.script = [(429, BUSY), (200, {"connector_id": "c"})]
    assert connect().operation().request("POST", CREATE, body={}).body == {"connector_id": "c"}


def test_a_500_that_may_come_from_the_middle_of_a_create_is_lost() -> None:
    answer = Answer.of(500, json.dumps(failure(500, "shard failed", "exception")).encode())
    assert may_have_executed(answer)


def test_a_throttled_remote_service_is_not_a_throttled_cluster() -> None:
    words = "Error from remote service: too many requests"
    answer = Answer.of(429, json.dumps(failure(429, words)).encode())
    assert not was_throttled(answer)


def test_a_change_without_an_answer_is_lost_once_it_was_sent(server: Server, connect: Open) -> None:
    server.script = ["close"] * 9
    with pytest.raises(AnswerLost):
        connect().operation().request("PUT", "/_plugins/_ml/models/m", body={})
    assert len(server.seen) == 5


@pytest.mark.parametrize("first", ["close", (503, b"<html>")])
@pytest.mark.parametrize("rest", [(429, BUSY), (503, b"<html>")])
def test_a_change_is_lost_when_an_earlier_try_may_have_been_carried_out(
    server: Server, connect: Open, first: Any, rest: Any
) -> None:
    server.script = [first, *[rest] * 8]
    with pytest.raises(AnswerLost):
        connect().operation().request("PUT", "/_plugins/_ml/models/m", body={})
    assert len(server.seen) == 5


def test_a_change_that_was_only_ever_throttled_is_refused(server: Server, connect: Open) -> None:
    server.script = [(429, BUSY)] * 9
    with pytest.raises(Refused) as caught:
        connect().operation().request("PUT", "/_plugins/_ml/models/m", body={})
    assert code_of(caught.value) == "FP315"


def test_a_refused_connection_is_unreachable_also_for_a_create(connect: Open) -> None:
    with pytest.raises(Unreachable) as caught:
        connect(f"http://127.0.0.1:{free_port()}").operation().request("POST", CREATE, body={})
    assert "refused the connection" in caught.value.diagnostics[0].detail


def test_an_unknown_host_is_said_to_be_one(connect: Open) -> None:
    with pytest.raises(Unreachable) as caught:
        connect("http://no-such-host.invalid:9200").operation().request("GET", "/")
    assert "can't be resolved" in caught.value.diagnostics[0].detail


def test_speaking_tls_to_a_plain_port_names_the_connection(server: Server, connect: Open) -> None:
    with pytest.raises(Unreachable):
        connect(f"https://127.0.0.1:{server.port}").operation().request("GET", "/")


def test_an_accepted_gateway_status_is_not_repeated(server: Server, connect: Open) -> None:
    server.script = [(503, b"")]
    assert connect().operation().request("GET", "/x", accept=(503,)).status == 503
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.exceptions.ConnectTimeout("x"), "didn't accept a connection in time"),
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), "can't be verified"),
        (requests.exceptions.InvalidURL("x"), "its address can't be used"),
    ],
)
def test_what_fails_before_anything_is_sent_is_unreachable_also_for_a_create(
    connect: Open, error: Exception, words: str
) -> None:
    connection = connect("https://h:1", mounts={"https://h": lambda: _Failing(error)})
    with pytest.raises(Unreachable) as caught:
        connection.operation().request("POST", CREATE, body={})
    assert words in caught.value.diagnostics[0].detail


def test_a_tls_connection_that_breaks_later_loses_the_answer(connect: Open) -> None:
    error = requests.exceptions.SSLError("EOF occurred in violation of protocol")
    connection = connect("https://h:1", mounts={"https://h": lambda: _Failing(error)})
    with pytest.raises(AnswerLost):
        connection.operation().request("POST", CREATE, body={})
