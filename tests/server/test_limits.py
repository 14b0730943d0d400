"""How much is taken on, and what is said of more."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from flowplan.server import ServeSettings
from flowplan.server.errors import Rejected
from flowplan.server.limits import Limits
from flowplan.server.tokens import Tokens, make_token
from tests.server.bench import PREFIX, Bench
from tests.server.process import Served
from tests.server.templates import chat

WAIT = "wait_for_completion_timeout=20s"


def test_a_body_that_is_too_large_is_a_413(tmp_path: Path) -> None:
    with Bench(tmp_path, settings=ServeSettings(max_body=2000)) as bench:
        template = {**chat(), "description": "x" * 2000}
        assert bench.ask("POST", "", template) == (
            413, {"error": "The body is larger than 2000 bytes."},
        )  # fmt: skip
        assert bench.ask("POST", "", chat())[0] == 201
        assert bench.ask("POST", "_search")[1]["hits"]["total"]["value"] == 1


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_a_body_that_is_too_deep_is_a_400(tmp_path: Path, kind: str) -> None:
    with Bench(tmp_path) as bench:
        for text in (
            "[" * 100_000,
            '{"name": "t", "ui_metadata": ' + "[" * 5000 + "]" * 5000 + "}",
        ):
            for path in ("", "_search"):
                status, _ = bench.ask("POST", path, text, content_type=f"application/{kind}")
                assert status == 400


def test_more_waiting_requests_than_threads_can_spare_are_a_429(tmp_path: Path) -> None:
    settings = ServeSettings(waiters=1, drain=0.0)
    with Bench(tmp_path, "latency=50ms", settings=settings) as bench:
        first, second = bench.create(chat("first")), bench.create(chat("second"))
        answers: list[int] = []
        client = threading.Thread(
            target=lambda: answers.append(bench.ask("POST", f"{first}/_provision?{WAIT}")[0])
        )
        client.start()
        while bench.service.runs.current(first) is None:
            threading.Event().wait(0.005)
        for path in (f"{second}/_provision?{WAIT}", f"{second}/_deprovision"):
            status, body = bench.ask("POST", path)
            assert status == 429
            assert body["error"].startswith("Exceeded max simultaneous waiting requests: 1")
        status, body = bench.ask("POST", f"?provision=true&{WAIT}", chat("third"))
        assert status == 429
        # What nobody waits for is begun all the same, and the refused have left nothing.
        assert bench.ask("POST", f"{second}/_provision")[0] == 202
        client.join()
        assert answers == [202]
        assert bench.ask("POST", "_search")[1]["hits"]["total"]["value"] == 2
        bench.settle()
        assert bench.ask("POST", f"{second}/_deprovision")[0] == 200


def test_each_caller_may_begin_so_many_runs_a_minute() -> None:
    now = [0.0]
    limits = Limits(1, 2, clock=lambda: now[0])
    for caller in ("ada", "bob"):
        limits.begin(caller)
        limits.begin(caller)
        with pytest.raises(
            Rejected, match="Exceeded max provisioning requests per minute: 2"
        ) as caught:
            limits.begin(caller)
        assert caught.value.status == 429
    now[0] = 31.0
    limits.begin("ada")
    with pytest.raises(Rejected):
        limits.begin("ada")


def test_callers_that_were_seen_long_ago_are_forgotten() -> None:
    now = [0.0]
    limits = Limits(1, 1, clock=lambda: now[0])
    for number in range(1000):
        limits.begin(str(number))
    now[0] = 61.0
    limits.begin("fresh")
    assert set(limits._left) == {"fresh"}


def test_a_run_too_many_leaves_nothing_behind(tmp_path: Path) -> None:
    with Bench(tmp_path, settings=ServeSettings(runs_a_minute=1)) as bench:
        assert bench.ask("POST", "?provision=true", chat())[0] == 202
        assert bench.ask("POST", "?provision=true", chat("next"))[0] == 429
        assert bench.ask("POST", "_search")[1]["hits"]["total"]["value"] == 1


def test_the_rate_is_each_tokens_own(tmp_path: Path) -> None:
    (one, first), (other, second) = make_token("one", "write"), make_token("other", "write")
    file = tmp_path / "tokens"
    file.write_text(f"{first}\n{second}\n")
    settings = ServeSettings(runs_a_minute=1)
    with Bench(tmp_path, settings=settings, access=lambda _: Tokens(file)) as bench:
        for token, status in ((one, 202), (one, 429), (other, 202)):
            head = {"Authorization": f"Bearer {token}"}
            assert bench.ask("POST", "?provision=true", chat(), headers=head)[0] == status


def test_clients_that_are_slow_keep_nobody_from_being_answered(tmp_path: Path) -> None:
    with Served(tmp_path) as served, ExitStack() as stack:
        host, port = served.url.removeprefix("http://").split(":")
        line = f"POST {PREFIX} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{{".encode()
        # More than the server has threads, half with a head that has no end.
        for number in range(150):
            client = stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
            client.sendall(line if number % 2 else line[:20])
        assert served.ask("GET", "/healthz")[0] == 200
        assert served.ask("POST", "", chat())[0] == 201


def test_a_head_without_end_and_a_body_beyond_measure_are_cut_off(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        host, port = served.url.removeprefix("http://").split(":")

        def send(text: bytes) -> bytes:
            with socket.create_connection((host, int(port)), timeout=10) as client:
                client.sendall(text)
                return client.recv(200)

        line = f"POST {PREFIX} HTTP/1.1\r\nHost: x\r\n".encode()
        assert b" 431 " in send(line + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n")
        assert b" 413 " in send(line + b"Content-Length: 99999999999\r\n\r\n")
        big = json.dumps({**chat(), "description": "x" * (17 << 20)})
        answer = served.session.post(
            served.url + PREFIX, data=big, headers={"Content-Type": "application/json"}, timeout=30
        )
        assert answer.status_code == 413
        assert answer.json() == {"error": f"The body is larger than {16 << 20} bytes."}
        assert served.end() == 0
