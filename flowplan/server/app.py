"""The WSGI application: routes, and nothing decided in them.

Every body is written by `bodies`, every refusal is a `Rejected` in Flow Framework's words. What
watches over all requests (`watching`) is put around it by `create_app` and must not be known by a
route.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeAlias

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)

from flowplan.errors import FlowplanError
from flowplan.server.access import NotSignedIn
from flowplan.server.asking import Asked
from flowplan.server.errors import Rejected, rejected
from flowplan.server.logs import request_id, told
from flowplan.server.metrics import CONTENT_TYPE
from flowplan.server.ours import add_ours
from flowplan.server.replies import encode
from flowplan.server.routes import PREFIX, Routes
from flowplan.server.service import Service
from flowplan.server.watching import watch

__all__ = ["PREFIX", "create_app"]

Json: TypeAlias = Any
Answer: TypeAlias = tuple[Json, int]
_log = logging.getLogger(__name__)
HEALTH, READY, METRICS = "/healthz", "/readyz", "/metrics"


def create_app(service: Service, *, public_metrics: bool = False) -> Flask:
    """The application on a service. With `public_metrics` who asks for metrics need not sign in."""
    app = Flask("flowplan.server", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.config["MAX_CONTENT_LENGTH"] = service.settings.max_body
    # `workflow//_provision` is a workflow without an id, not a redirection.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    for method, path, answer in (*Routes(service).table(), *add_ours(service)):
        app.add_url_rule(
            path, f"{method} {path}", _answering(answer), methods=[method],
            provide_automatic_options=False,
        )  # fmt: skip
    app.add_url_rule(
        METRICS, METRICS, lambda: Response(service.metrics.text(), content_type=CONTENT_TYPE),
        methods=["GET"], provide_automatic_options=False,
    )  # fmt: skip
    watch(
        app, service, open_paths=frozenset({HEALTH, *((READY, METRICS) if public_metrics else ())})
    )
    app.register_error_handler(NotSignedIn, _not_signed_in)
    app.register_error_handler(Rejected, _refused)
    app.register_error_handler(FlowplanError, _failed)
    app.register_error_handler(MethodNotAllowed, _wrong_method)
    app.register_error_handler(NotFound, _unknown)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(HTTPException, _told)
    app.register_error_handler(Exception, _broken)
    return app


def _answering(answer: Callable[..., Answer]) -> Callable[..., Response]:
    def view(**names: str) -> Response:
        body, kind = request.get_data(cache=True), request.content_type or ""
        asked = Asked(request.args.to_dict(), body, kind, g.caller)
        return _reply(*answer(asked, **names))

    return view


def _reply(body: Json, status: int) -> Response:
    accept = request.headers.get("Accept", "")
    data, content_type = encode(body, request.args, accept)
    return Response(data, status, content_type=content_type)


def _refused(error: Rejected) -> Response:
    return _reply({"error": error.text}, error.status)


def _not_signed_in(error: NotSignedIn) -> Response:
    answer = _refused(error)
    answer.headers["WWW-Authenticate"] = error.challenge
    return answer


def _failed(error: FlowplanError) -> Response:
    """What can't be read or reached just now: the store, the cluster."""
    _log.warning("not done: %s", error, extra=told(route=str(request.url_rule)))
    return _refused(rejected(error))


def _wrong_method(error: MethodNotAllowed) -> Response:
    allowed = sorted({*(error.valid_methods or ())} - {"HEAD", "OPTIONS"})
    text = (
        f"Incorrect HTTP method for uri [{_uri()}] and method [{request.method}], allowed:"
        f" [{', '.join(allowed)}]"
    )
    answer = _reply({"error": text, "status": 405}, HTTPStatus.METHOD_NOT_ALLOWED)
    answer.headers["Allow"] = ", ".join(allowed)
    return answer


def _unknown(_: NotFound) -> Response:
    text = f"no handler found for uri [{_uri()}] and method [{request.method}]"
    return _reply({"error": text}, HTTPStatus.BAD_REQUEST)


def _too_large(_: RequestEntityTooLarge) -> Response:
    most = current_app.config["MAX_CONTENT_LENGTH"]
    return _reply({"error": f"The body is larger than {most} bytes."}, 413)


def _told(error: HTTPException) -> Response:
    return _reply({"error": error.description or error.name}, error.code or 500)


def _broken(error: Exception) -> Response:
    _log.error("broke", exc_info=error, extra=told(route=str(request.url_rule)))
    text = f"An internal error of flowplan; its log says more of request {request_id.get()}."
    return _reply({"error": text}, HTTPStatus.INTERNAL_SERVER_ERROR)


def _uri() -> str:
    query = request.query_string.decode("latin-1")
    return f"{request.path}?{query}" if query else request.path
