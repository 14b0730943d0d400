"""Requests, replies and errors as the sandbox's endpoints see them.

For the endpoints: they read a `Request` and return a `Reply` or raise an `ApiError`. Must not know
WSGI (that is `app`), SQLite (that is `store`) or any single endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass, field
from flowplan.providers.sandbox import javajson

__all__ = ["ApiError", "Json", "JsonObject", "Reply", "Request"]

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]

OK = 200
BAD_REQUEST = 400
FORBIDDEN = 403
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
CONFLICT = 409
SERVER_ERROR = 500


class ApiError(Exception):
    """An error answer in OpenSearch's shape (transcripts 05, 06: `error.root_cause`, `status`)."""

    def __init__(self, status: int, type: str, reason: str, **extra: Json) -> None:
        super().__init__(reason)
        self.status = status
        self.type = type
        self.reason = reason
        self.extra = extra

    def reply(self) -> Reply:
        """The body a real node answers: the cause once as root and once as itself."""
        cause = {"type": self.type, "reason": self.reason, **self.extra}
        root = {key: value for key, value in cause.items() if key != "caused_by"}
        return Reply(self.status, {"error": {"root_cause": [root], **cause}, "status": self.status})


def illegal_argument(reason: str, **extra: Json) -> ApiError:
    """400 `illegal_argument_exception`, what most refused values get."""
    return ApiError(BAD_REQUEST, "illegal_argument_exception", reason, **extra)


def status_error(status: int, reason: str) -> ApiError:
    """`status_exception`, what ML Commons answers when it chose the status itself."""
    return ApiError(status, "status_exception", reason)


def parse_error(reason: str, **extra: Json) -> ApiError:
    """400 `parse_exception`."""
    return ApiError(BAD_REQUEST, "parse_exception", reason, **extra)


def not_of_type(token: str, why: str) -> ApiError:
    """400 `json_parse_exception` for a value of the wrong kind."""
    source = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
    reason = f"Current token ({token}) {why}\n at {source}; line: 1, column: 1]"
    return ApiError(BAD_REQUEST, "json_parse_exception", reason)


@dataclass(frozen=True)
class Reply:
    """One answer; `body` is JSON unless `content_type` says otherwise, None is an empty body."""

    status: int
    body: Json
    content_type: str = "application/json; charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The bytes on the wire."""
        if self.body is None:
            return b""
        if isinstance(self.body, str) and not self.content_type.startswith("application/json"):
            return self.body.encode()
        return javajson.compact(self.body).encode()


@dataclass(frozen=True)
class Request:
    """One request: `args` are the path's placeholders, `query` the parameters after `?`."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    opaque_id: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        """Path and query as `no handler found` repeats them (transcript 05, call 22)."""
        if not self.query:
            return self.path
        return self.path + "?" + "&".join(f"{key}={value}" for key, value in self.query.items())

    def flag(self, name: str) -> bool:
        """A boolean parameter: `?deploy=true` and bare `?detailed` are true."""
        return self.query.get(name, "false") in {"", "true"}

    def object(self, missing: ApiError | None = None) -> JsonObject:
        """The body as an object; without one `missing` is raised, or `{}` is it."""
        if not self.body.strip():
            if missing is not None:
                raise missing
            return {}
        try:
            value = javajson.parse(self.body)
        except javajson.JsonError as error:
            raise ApiError(BAD_REQUEST, "json_parse_exception", str(error)) from None
        if not isinstance(value, dict):
            raise ApiError(
                BAD_REQUEST,
                "parsing_exception",
                "Failed to parse object: expecting token of type [START_OBJECT] but found "
                f"[{javajson.token(value)}]",
                line=1,
                col=1,
            )
        return value
