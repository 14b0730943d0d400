"""A stand-in for a chat service on loopback, and clients that ask for predictions through a cluster.

It must not know flowplan.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class ChatHandler(BaseHTTPRequestHandler):
    """Answers every POST with a chat completion that names the model it was asked for."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        last = (asked.get("messages") or [{}])[-1].get("content", "")
        choice = {"index": 0, "message": {"role": "assistant", "content": f"echo: {last}"}}
        answer = {"object": "chat.completion", "model": asked.get("model"), "choices": [choice]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


class LoopbackServer(ThreadingHTTPServer):
    """A server whose clients may vanish in the middle."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Killing clients is what these tests are for."""


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port; gives `host:port`."""
    server = LoopbackServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Traffic:
    """What clients got: for each prediction when it began and which model answered it."""

    answered: list[tuple[float, str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def wait_for(self, model: str, seconds: float = 30.0) -> None:
        """Until a prediction was answered by that model."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(name == model for _, name in self.answered):
                return
            time.sleep(0.02)
        raise AssertionError(f"no prediction by {model} within {seconds:g} s")


@contextmanager
def predicting(
    node: str, model_id: str, clients: int = 4, rate: float | None = None
) -> Iterator[Traffic]:
    """Clients that ask for one prediction after the other, as fast as they are answered.

    With `rate` they ask for that many a second altogether, as far as the node keeps up.
    """
    traffic, ended = Traffic(), threading.Event()
    pause = clients / rate if rate else 0.0
    threads = [
        threading.Thread(
            target=_ask, args=(node, model_id, traffic, ended, pause, pause * number / clients)
        )
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield traffic
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _ask(
    node: str, model_id: str, traffic: Traffic, ended: threading.Event, pause: float, late: float
) -> None:
    body = json.dumps({"parameters": {"messages": [{"role": "user", "content": "hello"}]}})
    connection = http.client.HTTPConnection(urlsplit(node).netloc, timeout=60)
    due = time.monotonic() + late
    while not ended.wait(max(0.0, due - time.monotonic())):
        began = time.monotonic()
        # A client that is behind does not make up for it with a burst.
        due = max(due + pause, began)
        connection.request(
            "POST", f"/_plugins/_ml/models/{model_id}/_predict", body,
            {"Content-Type": "application/json"},
        )  # fmt: skip
        response = connection.getresponse()
        said = response.read()
        if response.status != 200:
            traffic.failed.append(f"{response.status}: {said[:300]!r}")
            continue
        result = json.loads(said)["inference_results"][0]["output"][0]["dataAsMap"]
        traffic.answered.append((began, result["model"]))
    connection.close()
