"""The HTTP leaf against a real server on the loopback interface."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from flowplan.http import Connection, open_connection


@dataclass
class Server:
    """Answers in the order of `script`: (status, body, headers), "reset", "close", "cut" or a callable."""

    script: list[Any] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


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

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_CONNECT = _answer  # noqa: N815 - given

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A closed socket is what these tests ask for; but an alert has to be read before it."""
        if isinstance(sys.exc_info()[1], ssl.SSLError):
            time.sleep(0.2)


@contextmanager
def _running(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(scheme="https" if context else "http")
    listening = _Quiet(("127.0.0.1", 0), _handler(server))
    if context:
        # The handshake in the request's own thread: a failed one must not end the accepting.
        listening.socket = context.wrap_socket(
            listening.socket, server_side=True, do_handshake_on_connect=False
        )
    server.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with _running() as server:
        yield server


@pytest.fixture
def serve() -> Iterator[Callable[[ssl.SSLContext], Server]]:
    """Makes a server that speaks TLS with a context."""
    with ExitStack() as stack:
        yield lambda context: stack.enter_context(_running(context))


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
