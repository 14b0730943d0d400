"""Requests, counting, deadlines and threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from flowplan.errors import ProviderError
from flowplan.http import Connection

Open = Callable[..., Connection]
Server = Any


def code_of(error: ProviderError) -> str:
    return error.diagnostics[0].code


def test_a_request_carries_its_intent_and_its_body(server: Server, connect: Open) -> None:
    server.script = [(200, {"ok": True})]
    answer = (
        connect()
        .operation("intent-1")
        .request("POST", "/x/_search", body={"a": "é"}, params={"q": "1 2"})
    )
    method, path, headers, body = server.seen[0]
    assert (answer.status, answer.body) == (200, {"ok": True})
    assert (method, path) == ("POST", "/x/_search?q=1%202")
    assert headers["X-Opaque-Id"] == "intent-1"
    assert headers["User-Agent"].startswith("flowplan/")
    assert json.loads(body) == {"a": "é"}


def test_an_operation_without_an_intent_has_no_opaque_id(server: Server, connect: Open) -> None:
    connect().operation().request("GET", "/")
    assert "X-Opaque-Id" not in server.seen[0][2]


def test_requests_are_counted_by_method_and_template(server: Server, connect: Open) -> None:
    connection = connect()
    cluster = connection.operation()
    cluster.request("GET", "/_plugins/_ml/models/aaaaaaaaaaaaaaaaaaaa")
    cluster.request("GET", "/_plugins/_ml/models/_bbb-cccccccccccccccc")
    cluster.request("POST", "/_plugins/_ml/models/_search")
    assert connection.request_count == 3
    assert connection.requests["GET /_plugins/_ml/models/{id}"] == 2
    assert connection.requests["POST /_plugins/_ml/models/_search"] == 1


def test_a_wait_after_the_deadline_says_what_was_waited_for(connect: Open) -> None:
    cluster = connect().operation(timeout=0)
    cluster.progress("deploying (task RUNNING)")
    with pytest.raises(ProviderError) as caught:
        cluster.wait(1)
    assert code_of(caught.value) == "FP330"
    assert "task RUNNING" in caught.value.diagnostics[0].detail


def test_a_wait_is_no_longer_than_what_is_left(connect: Open, pauses: list[float]) -> None:
    cluster = connect().operation(timeout=5)
    cluster.wait(60)
    assert 4 < pauses[0] <= 5


def test_nothing_is_sent_after_the_deadline(server: Server, connect: Open) -> None:
    with pytest.raises(ProviderError):
        connect().operation(timeout=0).request("GET", "/")
    assert server.seen == []


def test_threads_share_a_connection(server: Server, connect: Open) -> None:
    connection = connect()
    cluster = connection.operation

    def work() -> None:
        for _ in range(5):
            cluster().request("GET", "/")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connection.request_count == len(server.seen) == 20


def test_importing_the_leaf_does_not_import_requests() -> None:
    check = "import sys, flowplan.http; sys.exit('requests' in sys.modules or 'ssl' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", check], check=False, env={**os.environ}, timeout=60
    )
    assert done.returncode == 0
