"""The sandbox on a port of 127.0.0.1, for `flowplan sandbox serve` and tests.

HTTP/1.1 with keep-alive, a thread a connection. Must not know any endpoint, nor how the command
line talks: it says that it is ready through a callback and never prints.
"""

from __future__ import annotations

import io
import logging
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import unquote

from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.faults import ConnectionReset, Disconnect
from flowplan.providers.sandbox.options import SandboxOptions

__all__ = ["SandboxServer", "serve"]

_log = logging.getLogger(__name__)
_HOST = "127.0.0.1"
_PATIENCE = 5.0  # how long a stop waits for requests that are being executed
_IDLE = 60.0


class SandboxServer(ThreadingHTTPServer):
    """A server around an application; `url` is where it listens."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, app: SandboxApp, port: int = 0) -> None:
        self.app = app
        self._active = 0
        self._changed = threading.Condition()
        super().__init__((_HOST, port), _Handler)

    @property
    def url(self) -> str:
        """For example `http://127.0.0.1:9200`."""
        return f"http://{_HOST}:{self.server_address[1]}"

    def server_bind(self) -> None:
        """Bind without the name lookup of the base class, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = _HOST, self.server_address[1]

    @contextmanager
    def executing(self) -> Iterator[None]:
        """Hold back the end of the server while a request is executed."""
        with self._changed:
            self._active += 1
        try:
            yield
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify_all()

    def server_close(self) -> None:
        """Stop listening, wait for requests in execution, close the database."""
        super().server_close()
        with self._changed:
            self._changed.wait_for(lambda: self._active == 0, _PATIENCE)
        self.app.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no event; the base class prints a traceback."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            _log.exception("the sandbox failed to answer a request")


def _refused(headers: Message) -> int | None:
    """The status for a body whose length is not told in advance."""
    if "Transfer-Encoding" in headers:
        return 411
    length = headers.get("Content-Length", "0")
    return None if length.isascii() and length.isdigit() else 400


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE
    wbufsize = -1  # one packet an answer

    def log_message(self, format: str, *args: Any) -> None:
        """Only what the command line asks for is ever written, and that is not here."""

    def _environ(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path).encode().decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(length),
            "SERVER_NAME": _HOST,
            "SERVER_PORT": str(cast(SandboxServer, self.server).server_port),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.rfile.read(length) if length else b""),
        }
        for name, value in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ

    def _serve(self) -> None:
        if refused := _refused(self.headers):
            self.close_connection = True
            self.send_error(refused)
            return
        server = cast(SandboxServer, self.server)
        started: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            started.update(status=status, headers=headers)

        environ = self._environ()
        try:
            with server.executing():
                content = b"".join(server.app(environ, start_response))
        except Disconnect as error:
            self._hang_up(reset=isinstance(error, ConnectionReset))
            return
        code, _, reason = started["status"].partition(" ")
        self.send_response_only(int(code), reason)
        for name, value in started["headers"]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def _hang_up(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            # No lingering: the client gets a reset instead of an orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = _serve  # noqa: N815


def serve(sandbox: SandboxOptions | SandboxApp, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT (in the main thread); `on_ready` gets the URL.

    Port 0 picks one. Options must have a path (`SandboxOptions.at`).
    """
    app = sandbox if isinstance(sandbox, SandboxApp) else SandboxApp(sandbox)
    server = SandboxServer(app, port)

    def stop(_signum: int, _frame: Any) -> None:
        # shutdown() waits for the loop that this handler interrupts, so it needs a thread.
        threading.Thread(target=server.shutdown, daemon=True).start()

    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.signal(number, stop)
    try:
        on_ready(server.url)
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
        for number, handler in before.items():
            signal.signal(number, handler)
