"""What is done around every request: its id, who sent it, what it took, the line of the log.

It must not know what is answered.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from uuid import uuid4

from flask import Flask, Response, g, request

from flowplan.server.access import Caller
from flowplan.server.logs import request_id, told
from flowplan.server.service import Service

__all__ = ["watch"]

_VALID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_GIVEN = ("X-Request-Id", "X-Opaque-Id")
# Asked every few seconds by those who watch: only told with -v.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_log = logging.getLogger(__name__)


def watch(app: Flask, service: Service, *, open_paths: frozenset[str]) -> None:
    """Put it around the application. Who asks for `open_paths` need not sign in."""
    app.before_request(_arriving(service, open_paths))
    app.after_request(_leaving(service))


def _arriving(service: Service, open_paths: frozenset[str]) -> Callable[[], None]:
    def arrive() -> None:
        g.began = time.perf_counter()
        g.caller = Caller()
        # Each request of a thread sets its own, so nobody has to take it back.
        request_id.set(_id())
        if request.path in open_paths:
            return
        caller = service.access.caller(request.headers.get("Authorization", ""))
        g.caller = caller
        caller.see_permitted(request.method, request.path)
        workflow_id = (request.view_args or {}).get("workflow_id")
        if workflow_id is not None:
            service.workflows.see_theirs(workflow_id, caller)

    return arrive


def _id() -> str:
    """The id that the client gave, if it may stand in a log; else one of ours."""
    for name in _GIVEN:
        given = request.headers.get(name, "")
        if _VALID.fullmatch(given):
            return given
    return uuid4().hex


def _leaving(service: Service) -> Callable[[Response], Response]:
    def leave(answer: Response) -> Response:
        seconds = time.perf_counter() - g.began
        route = request.url_rule.rule if request.url_rule is not None else "other"
        answer.headers["X-Request-Id"] = request_id.get()
        if "X-Opaque-Id" in request.headers:
            # As OpenSearch does.
            answer.headers["X-Opaque-Id"] = request.headers["X-Opaque-Id"]
        service.metrics.answered(_method(), route, answer.status_code, seconds)
        _log.log(
            _level(answer.status_code),
            "answered",
            extra=told(
                method=request.method, route=route, status=answer.status_code,
                ms=round(seconds * 1000, 1), user=g.caller.name,
                workflow_id=(request.view_args or {}).get("workflow_id"),
            ),
        )  # fmt: skip
        return answer

    return leave


def _method() -> str:
    """The method as a label: a client must not be able to make up new ones."""
    known = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}
    return request.method if request.method in known else "other"


def _level(status: int) -> int:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED:
        return logging.ERROR
    return logging.DEBUG if request.path in _PROBES else logging.INFO
