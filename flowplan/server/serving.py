"""The application on a port, until SIGTERM: then runs come to their end while it still answers.

It must not know routes, nor how the command line talks: that it is ready it says through a
callback.
"""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from waitress.server import create_server

from flowplan.server.service import Service

__all__ = ["serve"]

_LAST_ANSWERS = 2.0


def serve(
    service: Service, app: Any, host: str, port: int, on_ready: Callable[[str], None]
) -> None:
    """Serve until SIGTERM or SIGINT; to be called in the main thread. Port 0 picks one.

    Raises `OSError` when the port can't be had.
    """
    ended, settings = threading.Event(), service.settings

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server = _created(
            app, host=host, port=port, threads=settings.threads, ident="flowplan",
            clear_untrusted_proxy_headers=True, channel_timeout=settings.idle,
            connection_limit=settings.connections, max_request_header_size=settings.max_head,
            # What is a little too large is refused by the application, in its words.
            max_request_body_size=2 * settings.max_body,
        )  # fmt: skip
        # Daemon: the process ends with its main thread, which has waited for the runs by then.
        threading.Thread(target=server.run, name="flowplan-http", daemon=True).start()
        shown = f"[{host}]" if ":" in host else host
        on_ready(f"http://{shown}:{server.effective_port}")
        while not ended.wait(3600):
            continue
        service.end()
        # Whoever waited for a run gets the answer.
        server.task_dispatcher.shutdown(cancel_pending=True, timeout=_LAST_ANSWERS)
        server.close()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _created(app: Any, **settings: Any) -> Any:
    """The server of waitress. Raises `OSError`, also for an address that is none."""
    try:
        return create_server(app, **settings)
    except ValueError:
        raise OSError(errno.EADDRNOTAVAIL, "there is no such address here") from None
