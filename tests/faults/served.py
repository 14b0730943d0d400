"""A sandbox on a port of this process, for tests with several clients.

It must not know what they ask.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import parse_options
from flowplan.providers.sandbox.server import SandboxServer

__all__ = ["App", "serving"]

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@contextmanager
def serving(
    path: Path, options: str = "deploy=5ms&register=5ms", around: Callable[[App], App] | None = None
) -> Iterator[str]:
    """Serve the sandbox of a file; gives its URL. `around` may hold requests back."""
    app = SandboxApp(parse_options(f"sandbox:?{options}").at(path))
    server = SandboxServer(app)
    if around is not None:
        server.app = cast("SandboxApp", _Around(app, around(app)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Around:
    """An application in another one: called from outside, closed inside."""

    def __init__(self, app: SandboxApp, call: App) -> None:
        self._app, self._call = app, call

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        return self._call(environ, start_response)

    def close(self) -> None:
        self._app.close()
