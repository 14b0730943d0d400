"""A relay before a node that loses answers, or tells when a change is about to be made.

It must not know flowplan.
"""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from tests.live.model_service import served

READING = re.compile(r"/_search|/_tasks|/_mget")
PASSED_ON = ("Content-Type", "X-Opaque-Id", "Authorization", "Accept")


@dataclass
class Relay:
    """What is to happen to changing requests, which are counted from 1.

    `before` is called before the node gets one, which it does not where `swallow` says so;
    `after` when the node has answered and its client has not been; where `drop` says so, the
    client is hung up on instead.
    """

    url: str = ""
    seen: list[str] = field(default_factory=list)
    before: Callable[[int], None] = lambda _: None
    swallow: Callable[[int], bool] = lambda _: False
    after: Callable[[int], None] = lambda _: None
    drop: Callable[[int], bool] = lambda _: False
    guard: threading.Lock = field(default_factory=threading.Lock)

    def number(self, method: str, path: str) -> int | None:
        """The number of a changing request; None for one that reads."""
        if method == "GET" or READING.search(path):
            return None
        with self.guard:
            self.seen.append(f"{method} {path}")
            return len(self.seen)


@contextmanager
def relayed(node: str) -> Iterator[Relay]:
    """A relay before `node`."""
    relay, upstream = Relay(), urlsplit(node).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes: the second would wait

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is logged."""

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            number = relay.number(self.command, self.path)
            if number is not None:
                relay.before(number)
                if relay.swallow(number):
                    self.close_connection = True
                    return
            status, kind, said = _ask(upstream, self.command, self.path, body, self.headers)
            if number is not None:
                relay.after(number)
                if relay.drop(number):
                    self.close_connection = True
                    return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = pass_on  # noqa: N815

    with served(Handler) as place:
        relay.url = f"http://{place}"
        yield relay


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
