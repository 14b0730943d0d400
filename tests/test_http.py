"""The HTTP leaf against a real server on the loopback interface."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import AnswerLost, ProviderError, Refused, Unreachable
from flowplan.http import Connection, open_connection
from flowplan.http_answers import Answer, may_have_executed, was_throttled

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


@dataclass
class Server:
    """Answers in the order of `script`: (status, body, headers), "reset", "close", "cut" or a callable."""

    script: list[Any] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.seen.append((self.command, self.path, dict(self.headers), body))
            step = server.script.pop(0) if server.script else (200, {})
            if callable(step):
                step = step()
            if step == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            if isinstance(step, str):
                if step == "cut":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
                self.close_connection = True
                self.connection.close()
                return
            status, content, *heads = step
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in (heads[0] if heads else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - the names are given

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A closed socket is what these tests ask for."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    listening = _Quiet(("127.0.0.1", 0), _handler(server))
    server.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    listening.shutdown()
    listening.server_close()
    thread.join()


Open = Callable[..., Connection]


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def connect(server: Server, pauses: list[float]) -> Iterator[Open]:
    opened: list[Connection] = []

    def connect(url: str | None = None, **kw: Any) -> Connection:
        kw.setdefault("environ", {})
        opened.append(
            open_connection(
                server.url if url is None else url,
                **{"sleep": pauses.append, "jitter": lambda: 1.0, **kw},
            )
        )
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    assert (method, path) == ("POST", "/x/_search?q=1+2")
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


def test_a_create_refused_for_its_content_is_refused_and_not_lost(
    server: Server, connect: Open
) -> None:
    words = "Create Connector request has empty body"
    server.script = [(500, failure(500, words, "i_o_exception"))]
    with pytest.raises(Refused) as caught:
        connect().operation().request("POST", CREATE)
    assert (caught.value.status, caught.value.reason) == (500, words)


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


def test_redirects_are_not_followed(server: Server, connect: Open) -> None:
    server.script = [(302, b"", {"Location": f"{server.url}/login"})]
    with pytest.raises(Refused) as caught:
        connect().operation().request("GET", "/")
    assert (code_of(caught.value), len(server.seen)) == ("FP318", 1)
    assert "/login" in caught.value.diagnostics[0].detail


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (400, "Connector name is null", "FP310"),
        (401, "Unauthorized", "FP311"),
        (403, "no permissions for [cluster:admin/opensearch/ml/connector]", "FP312"),
        (404, "Failed to find connector:nope", "FP313"),
        (409, "still using", "FP314"),
        (400, "no handler found for uri [/_plugins/_ml/x] and method [GET]", "FP317"),
        (405, "Incorrect HTTP method", "FP317"),
        (418, "teapot", "FP319"),
    ],
)
def test_each_refusal_has_its_code_and_the_cluster_s_words(
    server: Server, connect: Open, status: int, reason: str, code: str
) -> None:
    server.script = [(status, failure(status, reason))]
    with pytest.raises(Refused) as caught:
        connect().operation().request("GET", "/_plugins/_ml/connectors/x")
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.detail, caught.value.status) == (code, reason, status)


def test_flow_framework_s_error_form_is_understood(server: Server, connect: Open) -> None:
    server.script = [(403, {"error": "This API is disabled."})]
    with pytest.raises(Refused) as caught:
        connect().operation().request("GET", "/x")
    assert caught.value.reason == "This API is disabled."


def test_a_refusal_without_a_body_says_that_there_is_no_reason(
    server: Server, connect: Open
) -> None:
    server.script = [(404, b"")]
    with pytest.raises(Refused) as caught:
        connect().operation().request("GET", "/x")
    assert caught.value.diagnostics[0].detail == "The answer gives no reason."


@pytest.mark.parametrize(
    ("method", "path", "what"),
    [
        ("POST", "/_plugins/_ml/models/_register", "the model"),
        ("PUT", "/_plugins/_ml/connectors/x", "to change the connector"),
        ("DELETE", "/_plugins/_ml/model_groups/x", "to delete the model group"),
        ("POST", "/_plugins/_ml/models/x/_undeploy", "to undeploy the model"),
        ("POST", "/_plugins/_ml/models/_search", "POST /_plugins/_ml/models/_search"),
        ("GET", "/_cat/plugins", "GET /_cat/plugins"),
    ],
)
def test_a_refusal_names_the_thing(
    server: Server, connect: Open, method: str, path: str, what: str
) -> None:
    server.script = [(404, failure(404, "gone"))]
    with pytest.raises(Refused) as caught:
        connect().operation().request(method, path)
    assert caught.value.diagnostics[0].summary == f"the cluster refused {what} (404)"


def test_an_accepted_status_is_an_answer(server: Server, connect: Open) -> None:
    server.script = [(404, {"found": False})]
    answer = connect().operation().request("GET", "/x", accept=(404,))
    assert (answer.status, answer.body) == (404, {"found": False})


def test_an_accepted_gateway_status_is_not_repeated(server: Server, connect: Open) -> None:
    server.script = [(503, b"")]
    assert connect().operation().request("GET", "/x", accept=(503,)).status == 503
    assert len(server.seen) == 1


def test_a_page_instead_of_json_is_not_opensearch_s(server: Server, connect: Open) -> None:
    server.script = [(200, b"<html><title>Sign in</title></html>")]
    with pytest.raises(ProviderError) as caught:
        connect().operation().request("GET", "/")
    assert code_of(caught.value) == "FP324"
    assert "Sign in" in caught.value.diagnostics[0].detail


def test_too_deep_json_is_no_traceback(server: Server, connect: Open) -> None:
    server.script = [(200, b"[" * 200_000)]
    with pytest.raises(ProviderError) as caught:
        connect().operation().request("GET", "/")
    assert code_of(caught.value) == "FP324"


def test_no_message_shows_a_secret(server: Server, connect: Open) -> None:
    secret = 'sk-"quoted"-key'
    server.script = [
        (400, failure(400, f"bad {secret}")),
        (400, json.dumps({"k": secret}).encode()),
    ]
    cluster = connect(redact=[secret, ""]).operation()
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            cluster.request("GET", "/")
        shown = repr(caught.value) + repr(caught.value.diagnostics) + caught.value.reason
        assert "quoted" not in shown
        assert "(sensitive)" in shown


def test_a_short_secret_hides_only_where_it_stands_alone(connect: Open) -> None:
    connection = connect(redact=["ab"])
    assert connection.redact("ab cab (ab)") == "(sensitive) cab ((sensitive))"


def test_secrets_can_be_added_later(connect: Open) -> None:
    connection = connect()
    connection.hide(["hunter22"])
    assert connection.redact("key hunter22.") == "key (sensitive)."


def test_progress_and_notes_are_told_without_secrets(connect: Open) -> None:
    told: list[str] = []
    cluster = connect(redact=["hunter22"]).operation(
        None, 10, on_progress=told.append, on_note=told.append
    )
    cluster.progress("on hunter22")
    cluster.note("left hunter22")
    assert told == ["on (sensitive)", "left (sensitive)"]


def test_credentials_from_the_url_are_sent_and_never_shown(server: Server, connect: Open) -> None:
    url = f"http://admin:p%40ss-word@127.0.0.1:{server.port}"
    server.script = [(401, b"Unauthorized p@ss-word")]
    connection = connect(url)
    with pytest.raises(Refused) as caught:
        connection.operation().request("GET", "/")
    sent = server.seen[0][2]["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"admin:p@ss-word"
    shown = repr(caught.value.diagnostics) + connection.endpoint + repr(vars(connection))
    assert "p@ss-word" not in repr(caught.value.diagnostics) + connection.endpoint
    assert "p%40ss" not in shown


def test_credentials_of_the_environment_come_first(server: Server, connect: Open) -> None:
    environ = {"FLOWPLAN_USERNAME": "üser", "FLOWPLAN_PASSWORD": "pässwörd"}
    connect(f"http://a:b@127.0.0.1:{server.port}", environ=environ).operation().request("GET", "/")
    sent = server.seen[0][2]["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == "üser:pässwörd"


def test_half_a_credential_is_an_error(connect: Open) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(environ={"FLOWPLAN_USERNAME": "admin"})
    assert code_of(caught.value) == "FP325"


def test_a_netrc_is_ignored(
    server: Server, connect: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login wrong password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    connect().operation().request("GET", "/")
    assert "Authorization" not in server.seen[0][2]


@pytest.mark.parametrize(
    "url",
    ["search.example.org:9200", "ftp://x", "https://", "http://[::1", "http://h:99999",
     "http://h/?q=1", "http://a b", "", "http://user:secret-word@"],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused_without_repeating_it(connect: Open, url: str) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(url)
    assert code_of(caught.value) == "FP320"
    assert "secret-word" not in repr(caught.value.diagnostics)


def test_an_endpoint_may_have_a_path_and_an_ipv6_address(connect: Open) -> None:
    assert connect("https://h:9200/search/").endpoint == "https://h:9200/search"
    assert connect("http://u@[::1]:9200").endpoint == "http://[::1]:9200"


def test_the_endpoint_s_name_can_be_given(connect: Open) -> None:
    assert connect("http+sandbox://local/", shown="sandbox:").endpoint == "sandbox:"


def test_a_missing_ca_bundle_is_named(connect: Open) -> None:
    with pytest.raises(ProviderError) as caught:
        connect(environ={"FLOWPLAN_CA_BUNDLE": "/no/such/file.pem"})
    assert code_of(caught.value) == "FP321"
    assert "FLOWPLAN_CA_BUNDLE" in caught.value.diagnostics[0].summary


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


def test_proxies_of_the_environment_are_used(
    server: Server, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    connect("http://search.example.org:9200").operation().request("GET", "/x")
    assert server.seen[0][1] == "http://search.example.org:9200/x"


def test_a_refusing_proxy_is_named(connect: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(Unreachable) as caught:
        connect("http://search.example.org:9200").operation().request("POST", CREATE, body={})
    assert "the proxy refused" in caught.value.diagnostics[0].detail


def test_importing_the_leaf_does_not_import_requests() -> None:
    check = "import sys, flowplan.http; sys.exit('requests' in sys.modules or 'ssl' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", check], check=False, env={**os.environ}, timeout=60
    )
    assert done.returncode == 0
