"""A cluster that wants to know who asks: the sandbox on a port, behind users and passwords.

With `plugin` it tells who somebody is, as the security plugin does; without, it only lets in and
turns away, as a proxy does. `heard` is who asked for what.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import parse_options
from flowplan.providers.sandbox.server import SandboxServer

__all__ = ["USERS", "Guard", "basic", "guarded"]

USERS = {"ada": "ada-secret-1", "bob": "bob-secret-2", "root": "root-secret-3"}
_WHO = "/_plugins/_security/authinfo"


def basic(user: str, password: str | None = None) -> dict[str, str]:
    """The header of a user."""
    text = f"{user}:{USERS.get(user, '') if password is None else password}"
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


class Guard:
    """A WSGI application in front of the sandbox."""

    def __init__(self, inner: SandboxApp, *, plugin: bool, check: bool) -> None:
        self.inner = inner
        self.plugin = plugin
        self.check = check
        self.users = dict(USERS)
        self.heard: list[tuple[str, str]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path, shown = environ["PATH_INFO"], environ.get("HTTP_AUTHORIZATION", "")
        user = self._user(shown)
        if user is None and self.check:
            return self._say(start, "401 Unauthorized", {"error": "Unauthorized"})
        self.heard.append((user or "", path))
        if path != _WHO:
            return self.inner(environ, start)
        if not self.plugin:
            text = f"no handler found for uri [{path}] and method [GET]"
            return self._say(start, "400 Bad Request", {"error": text})
        roles = ["all_access"] if user == "root" else ["ml_full_access"]
        return self._say(start, "200 OK", {"user_name": user, "roles": roles})

    def _user(self, shown: str) -> str | None:
        if shown == "Bearer jwt-of-ada":
            return "ada"
        for user, password in self.users.items():
            if shown == basic(user, password)["Authorization"]:
                return user
        return None

    def _say(self, start: Callable[..., Any], status: str, body: Any) -> Iterable[bytes]:
        data = json.dumps(body).encode()
        head = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
        start(status, head)
        return [data]

    def close(self) -> None:
        self.inner.close()


@contextmanager
def guarded(
    directory: Path, *, plugin: bool = True, check: bool = True, options: str = "deploy=20ms"
) -> Iterator[tuple[str, Guard]]:
    """The URL of such a cluster, and who guards it."""
    guard = Guard(
        SandboxApp(parse_options(f"sandbox:?{options}").at(directory / "guarded.db")),
        plugin=plugin, check=check,
    )  # fmt: skip
    server = SandboxServer(cast(SandboxApp, guard))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.url, guard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
