"""Which requests reach the sandbox, for tests that count or refuse them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import requests

from flowplan.providers.sandbox.adapter import SandboxAdapter

READS = ("_search", "_tasks", "_count", "_mget")


@contextmanager
def watched(
    answer: Callable[[str, str, str], tuple[int, str] | None] | None = None,
) -> Iterator[list[str]]:
    """Every request that writes, as `PUT /path`. `answer(method, path, body)` may take its place.

    It gives a status and a JSON text, None to let the sandbox answer.
    """
    send = SandboxAdapter.send
    seen: list[str] = []

    def watching(self: SandboxAdapter, request: requests.PreparedRequest, **kw: Any) -> Any:
        method, path = str(request.method), str(request.path_url).partition("?")[0]
        body = request.body
        text = body.decode() if isinstance(body, bytes) else str(body or "")
        if method not in ("GET", "HEAD") and not path.endswith(READS):
            seen.append(f"{method} {path}")
        instead = answer(method, path, text) if answer else None
        if instead is None:
            return send(self, request, **kw)
        made = requests.Response()
        made.status_code, made._content = instead[0], instead[1].encode()
        made.headers["Content-Type"] = "application/json"
        made.request, made.url = request, str(request.url)
        return made

    with mock.patch.object(SandboxAdapter, "send", watching):
        yield seen
