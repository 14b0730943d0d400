from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import requests

from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import parse_options
from flowplan.providers.sandbox.server import SandboxServer, serve


@pytest.fixture
def served(tmp_path: Path) -> Any:
    running = []

    def start(query: Any = "") -> Any:
        app = SandboxApp(parse_options(f"sandbox:?{query}").at(tmp_path / "sandbox.db"))
        server = SandboxServer(app)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def session() -> Any:
    with requests.Session() as found:
        found.trust_env = False
        yield found


def test_it_answers_over_http_and_keeps_the_connection(served: Any) -> None:
    server = served()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request("GET", "/_cat/plugins?format=json")
    first = connection.getresponse()
    assert (first.status, first.version) == (200, 11)
    assert len(first.read()) == int(first.headers["Content-Length"])
    sock = connection.sock
    connection.request(
        "POST",
        "/_plugins/_ml/models/_search",
        b'{"query": {"match_all": {}}}',
        {"X-Opaque-Id": "x"},
    )
    second = connection.getresponse()
    assert second.status == 200
    assert b'"hits"' in second.read()
    assert connection.sock is sock
    connection.close()


def test_head_and_wrong_methods_are_answered(served: Any, session: Any) -> None:
    url = served().url
    assert (session.head(url).status_code, session.head(url).text) == (200, "")
    assert session.put(url + "/_tasks").status_code == 405
    assert session.patch(url + "/").status_code == 405
    assert session.options(url + "/_tasks").headers["Allow"] == "GET"
    assert session.post(url + "/", data=iter([b"chunk"])).status_code == 411


def test_no_answer_closes_the_connection(served: Any, session: Any, connector_body: Any) -> None:
    create = "/_plugins/_ml/connectors/_create"
    with pytest.raises(requests.exceptions.ConnectionError):
        session.post(served("reset_rate=1").url + create, json=connector_body)
    with pytest.raises(requests.exceptions.ConnectionError):
        session.post(served("lost_rate=1").url + create, json=connector_body)
    hits = session.get(served().url + "/_plugins/_ml/connectors/_search").json()["hits"]
    assert hits["total"]["value"] == 1


def test_a_client_that_hangs_up_still_gets_its_resource(
    served: Any, session: Any, connector_body: Any
) -> None:
    server = served("latency=50ms")
    body = json.dumps(connector_body).encode()
    with socket.create_connection(("127.0.0.1", server.server_port)) as client:
        head = f"POST /_plugins/_ml/connectors/_create HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
    hits = []
    for _ in range(100):
        hits = session.get(server.url + "/_plugins/_ml/connectors/_search").json()["hits"]["hits"]
        if hits:
            break
    assert len(hits) == 1


def test_a_taken_port_is_an_error(served: Any, tmp_path: Path) -> None:
    port = served().server_port
    with pytest.raises(OSError, match="in use"):
        serve(parse_options("sandbox:").at(tmp_path / "other.db"), port, lambda _url: None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: Any) -> None:
    code = (
        "import sys; from flowplan.providers.sandbox.options import parse_options\n"
        "from flowplan.providers.sandbox.server import serve\n"
        "serve(parse_options(sys.argv[1]), 0, lambda url: print(url, flush=True)); print('done')\n"
    )
    command = [sys.executable, "-c", code, f"sandbox:{tmp_path}/sandbox.db"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with requests.Session() as session:
            session.trust_env = False
            assert session.get(url).status_code == 200
            process.send_signal(number)
            assert process.stdout.read() == "done\n"
        assert process.wait(10) == 0
    assert (tmp_path / "sandbox.db").exists()
