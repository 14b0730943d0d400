"""An HTTP proxy on loopback that lets requests go wrong: the same ones for a seed and a number.

Requests are counted over all runs through it, so that a second run meets other faults than the
first. Which request has which number depends on how many run at once: with `--parallelism 1` a
seed is replayed exactly. It must not know flowplan, but for the error texts of a cluster.
"""

from __future__ import annotations

import http.client
import itertools
import os
import random
import signal
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

from flowplan.providers.sandbox.faults import Fault

__all__ = ["Accident", "Proxy", "proxied"]

Kind = Literal["none", "kill", "drop", "delay", "reset", "error"]
PASSED_ON = ("Content-Type", "X-Opaque-Id", "Authorization", "Accept")
HANG_UP_HARD = struct.pack("ii", 1, 0)
LONGEST_DELAY = 0.3


@dataclass(frozen=True, slots=True)
class Accident:
    """What goes wrong with a request.

    `effect`: the cluster gets it all the same. `late`: only so many seconds after the client is
    dead, as it happens to bytes that were on their way.
    """

    kind: Kind = "none"
    status: int = 0
    effect: bool = True
    late: float = 0.0


ACCIDENTS = (
    Accident("kill", effect=False),
    Accident("kill"),
    Accident("kill", late=0.3),
    # The others twice as often: a run that is killed is over, and shall come to see them, too.
    *2
    * (
        Accident("drop"),
        Accident("drop"),
        Accident("delay"),
        Accident("delay"),
        Accident("reset", effect=False),
        Accident("reset", effect=False),
        Accident("error", 429, effect=False),
        Accident("error", 500, effect=False),
        Accident("error", 503, effect=False),
        Accident("error", 500),
        Accident("error", 503),
    ),
)
KILLED_AFTERWARDS = 0.5
"""Of the kills whose request takes effect at once, how many come after it."""


@dataclass(slots=True)
class Proxy:
    """`rate` of the requests go wrong by `seed`; `victim` is the process that a kill is for.

    `script` may decide it instead, by method and path. `told` counts what went wrong.
    """

    upstream: str
    seed: int = 0
    rate: float = 0.0
    url: str = ""
    victim: int = 0
    script: Callable[[str, str], Accident | None] = lambda _method, _path: None
    told: Counter[Accident] = field(default_factory=Counter)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def draw(self, method: str, path: str) -> tuple[Accident, random.Random]:
        """What happens to the next request."""
        with self.guard:
            accident, dice = self.at(next(self.numbers))
            accident = self.script(method, path) or accident
            if accident.kind != "none":
                self.told[accident] += 1
        return accident, dice

    def at(self, number: int) -> tuple[Accident, random.Random]:
        """What happens to that request, and the dice for the rest of it."""
        dice = random.Random(f"{self.seed}:{number}")
        hit = dice.random() < self.rate
        return (dice.choice(ACCIDENTS) if hit else Accident()), dice

    def kill(self) -> None:
        with self.guard:
            victim, self.victim = self.victim, 0
        if victim:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    proxy: Proxy

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""

    def pass_on(self) -> None:
        proxy = self.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        accident, dice = proxy.draw(self.command, self.path)
        if accident.kind == "delay":
            time.sleep(dice.random() * LONGEST_DELAY)
        dead = accident.kind == "kill" and dice.random() > KILLED_AFTERWARDS
        if dead or accident.late:
            proxy.kill()
        time.sleep(accident.late * dice.random())
        if accident.effect:
            answer = _ask(proxy.upstream, self.command, self.path, body, self.headers)
        if accident.kind == "kill":
            proxy.kill()
        if accident.kind == "error":
            said = Fault("error", accident.status, accident.effect).reply()
            answer = said.status, said.content_type, said.encoded()
        if accident.kind in ("kill", "drop", "reset"):
            self._hang_up(reset=accident.kind == "reset")
        else:
            self._say(*answer)

    def _say(self, status: int, kind: str, said: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said)
        self.wfile.flush()

    def _hang_up(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HANG_UP_HARD)
            self.connection.close()
        else:
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = pass_on  # noqa: N815


def _ask(
    upstream: str, method: str, path: str, body: bytes, headers: Any
) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(upstream, timeout=120)
    try:
        passed = {name: headers[name] for name in PASSED_ON if headers[name] is not None}
        connection.request(method, path, body or None, passed)
        response = connection.getresponse()
        kind = response.getheader("Content-Type") or "application/json"
        return response.status, kind, response.read()
    finally:
        connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that vanish are what this is for."""


@contextmanager
def proxied(upstream: str, *, seed: int = 0, rate: float = 0.0) -> Iterator[Proxy]:
    """A proxy before the cluster at the URL `upstream`."""
    proxy = Proxy(urlsplit(upstream).netloc, seed, rate)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
