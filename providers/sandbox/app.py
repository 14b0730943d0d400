"""The sandbox as a WSGI application: an embedded small cluster that answers like OpenSearch 3.6.0.

For the transport adapter and the server. Must not know any endpoint: it reads the request, injects
faults, counts, shows the request in `_tasks`, and turns what the endpoint says into a reply.
"""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any
from urllib.parse import parse_qsl

from flowplan.providers.sandbox import (
    agents,
    cluster,
    connectors,
    deployments,
    indices,
    model_groups,
    models,
    pipelines,
    predictions,
    reindexing,
    routes,
    tasks,
)
from flowplan.providers.sandbox.faults import AnswerLost, AnswerTooLate, ConnectionReset, FaultPlan
from flowplan.providers.sandbox.inflight import executing
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.options import ALL_PLUGINS, SandboxOptions
from flowplan.providers.sandbox.paths import filter_path
from flowplan.providers.sandbox.routes import Route, RouteTable
from flowplan.providers.sandbox.store import Store
from flowplan.providers.sandbox.wire import ApiError, Reply, Request

_log = logging.getLogger(__name__)

__all__ = ["TIMEOUT_KEY", "SandboxApp"]

# In the WSGI environ: how long the caller waits for the answer, in seconds.
TIMEOUT_KEY = "flowplan.sandbox.timeout"

# Each family of endpoints is a tuple of routes; a new family is one more line here.
_FAMILIES = (
    cluster.ROUTES,
    connectors.ROUTES,
    models.ROUTES,
    deployments.ROUTES,
    predictions.ROUTES,
    model_groups.ROUTES,
    tasks.ROUTES,
    agents.ROUTES,
    pipelines.ROUTES,
    indices.ROUTES,
    reindexing.ROUTES,
)


class SandboxApp:
    """The application; `counts` holds the number of requests by "METHOD /route/{id}"."""

    def __init__(
        self,
        options: SandboxOptions,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        if options.path is None:
            raise ValueError("the sandbox needs a file; write sandbox:PATH")
        self.options = options
        self.counts: Counter[str] = Counter()
        self._counts_guard = threading.Lock()
        self._sleep, self._timer = sleep, timer
        self._store = Store(options.path)
        self._node = Node(options, self._store, clock)
        self._faults = FaultPlan(options, self._ordinal)
        plugins = ALL_PLUGINS if options.plugins is None else options.plugins
        self._table = RouteTable(
            route
            for family in _FAMILIES
            for route in family
            if route.plugin is None or route.plugin in plugins
        )

    def _ordinal(self) -> int:
        # Counted in the database: a second run must not meet the first one's faults again for ever.
        with self._store.writing() as tx:
            return tx.count("requests")

    def close(self) -> None:
        """Close the database connections."""
        self._store.close()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request; raises `faults.Disconnect` when there shall be no answer."""
        request = _read(environ)
        reply = self.handle(request, environ.get(TIMEOUT_KEY))
        content = reply.encoded()
        headers = [("Content-Type", reply.content_type), ("Content-Length", str(len(content)))]
        headers += [*reply.headers.items()]
        if request.opaque_id is not None:
            headers.append(("X-Opaque-Id", request.opaque_id))
        start_response(f"{reply.status} {_PHRASES.get(reply.status, 'Unknown')}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]

    def handle(self, request: Request, timeout: float | None = None) -> Reply:
        """Answer one request that is already read."""
        begun = self._timer()
        route, request, methods = self._table.find(request)
        with self._counts_guard:
            self.counts[route.key if route else f"{request.method} *"] += 1
        fault = self._faults.draw()
        # Reads are only shown when they ask for it: showing costs two writes.
        shown = route is not None and (not route.reads or request.opaque_id is not None)
        action = route.action if route else ""
        with executing(self._node, action, request.opaque_id) if shown else nullcontext():
            late, waited = self._way_there(fault.delay, timeout)
            if fault.kind == "reset":
                raise ConnectionReset("injected by the sandbox's reset_rate")
            if not fault.effect:
                self._crash(fault.kind)
                return fault.reply()
            reply = self._answer(route, request) if route else routes.refuse(request, methods)
            self._crash(fault.kind)
        if fault.kind == "lost":
            raise AnswerLost("injected by the sandbox's lost_rate")
        if late:
            raise AnswerTooLate(f"no answer within {timeout} s")
        self._way_back(self.options.latency + fault.delay, waited, begun)
        return fault.reply() if fault.kind == "error" else reply

    def _way_there(self, delay: float, timeout: float | None) -> tuple[bool, float]:
        """Half of the latency; whether the client is gone by the end, and the seconds waited."""
        wait = self.options.latency / 2 + delay
        late = timeout is not None and self.options.latency + delay > timeout
        if late and timeout is not None:
            # A real node goes on when the client has stopped waiting; so the effect comes, only
            # not later than the client's patience.
            wait = timeout
        if wait:
            self._sleep(wait)
        return late, wait

    def _way_back(self, whole: float, waited: float, begun: float) -> None:
        """The rest: a request takes as long as was set, what it does here included."""
        left = whole - max(waited, self._timer() - begun)
        if left > 0:
            self._sleep(left)

    @staticmethod
    def _crash(kind: str) -> None:
        if kind == "crash":
            os.kill(os.getpid(), signal.SIGKILL)

    def _answer(self, route: Route, request: Request) -> Reply:
        try:
            routes.check_params(route, request)
            reply = route.handler(self._node, request)
        except ApiError as error:
            reply = error.reply()
        except sqlite3.Error as error:  # a full disk, a lock held for longer than the patience
            reply = ApiError(500, "i_o_exception", str(error)).reply()
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # A body of a shape that no endpoint foresees; a real node casts and fails the same way.
            _log.debug("%s failed", route.key, exc_info=True)
            reply = ApiError(500, "class_cast_exception", type(error).__name__).reply()
        return filter_path(reply, request.query.get("filter_path"))


_PHRASES = {
    200: "OK",
    201: "Created",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def _read(environ: dict[str, Any]) -> Request:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    path = environ.get("PATH_INFO", "/").encode("latin-1", "replace").decode("utf-8", "replace")
    return Request(
        method=environ["REQUEST_METHOD"],
        path=path or "/",
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        body=environ["wsgi.input"].read(length) if length else b"",
        opaque_id=environ.get("HTTP_X_OPAQUE_ID"),
    )
