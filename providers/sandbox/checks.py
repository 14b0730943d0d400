"""Checks of values that several kinds of resources share, with ML Commons' words.

For the endpoints' bodies. Must not know any endpoint or the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flowplan.providers.sandbox import javajson, wire
from flowplan.providers.sandbox.wire import ApiError, JsonObject

__all__ = [
    "changing", "flag", "objects", "safe_texts", "stringified", "text", "text_map", "wrong_token",
]  # fmt: skip

# ML Commons' SAFE_INPUT_PATTERN: letters and digits of every alphabet are fine.
_SAFE = re.compile(r"[\w\s.,!?():@\-'/\"]*")
_UNSAFE = "can only contain letters, numbers, spaces, and basic punctuation (.,!?():@-_'/\")"


def text(body: JsonObject, key: str) -> str | None:
    """An optional text; numbers and booleans become text, null and the rest are refused."""
    return _text(body[key]) if key in body else None


def _text(value: Any) -> str:
    if value is None or isinstance(value, (dict, list)):
        reason = f"Can't get text on a {javajson.token(value)} at 1:1"
        raise ApiError(wire.SERVER_ERROR, "illegal_state_exception", reason)
    return javajson.string(value)


def text_map(value: Any) -> dict[str, str]:
    """An object of texts: a credential, an action's headers."""
    return {key: _text(item) for key, item in objects([value])[0].items()}


@contextmanager
def changing() -> Iterator[None]:
    """Connectors' and models' PUT say 400 `parse_exception` where their POST says 500."""
    try:
        yield
    except ApiError as error:
        if error.type != "illegal_state_exception":
            raise
        raise wire.parse_error(error.reason) from error


def wrong_token(wanted: str, value: Any) -> ApiError:
    """What a parser says that found something else than the list or object it expected."""
    reason = (
        f"Failed to parse object: expecting token of type [{wanted}] but found "
        f"[{javajson.token(value)}]"
    )
    return ApiError(wire.BAD_REQUEST, "parsing_exception", reason, line=1, col=1)


def objects(value: Any) -> list[JsonObject]:
    """A list of objects: actions, tools."""
    if not isinstance(value, list):
        raise wrong_token("START_ARRAY", value)
    for item in value:
        if not isinstance(item, dict):
            raise wrong_token("START_OBJECT", item)
    return value


def flag(value: Any) -> bool:
    """A boolean, which may be written as a text."""
    if isinstance(value, bool):
        return value
    if value in {"true", "false"} if isinstance(value, str) else False:
        return bool(value == "true")
    if isinstance(value, str):
        raise wire.illegal_argument(
            f"Failed to parse value [{value}] as only [true] or [false] are allowed."
        )
    raise wire.not_of_type(javajson.token(value), "not of boolean type")


def safe_texts(fields: Mapping[str, tuple[str | None, bool]]) -> None:
    """Refuse unsafe characters; `fields` maps the field's title to (value, required).

    Transcripts 05 (call 39) and 09 (call 9).
    """
    errors = []
    for title, (value, required) in fields.items():
        if required and not (value or "").strip():
            errors.append(f"{title} is required and cannot be null or blank")
        elif value and value.strip() and not _SAFE.fullmatch(value):
            errors.append(f"{title} {_UNSAFE}")
    if errors:
        listed = "".join(f" {number}: {error};" for number, error in enumerate(errors, 1))
        raise ApiError(
            wire.BAD_REQUEST,
            "action_request_validation_exception",
            f"Validation Failed:{listed}",
        )


def stringified(value: Any) -> dict[str, str]:
    """`parameters`: each leaf a string, lists and objects one JSON text (NORMALISATION 1).

    A text or null is nothing at all; a list ends in the parser's own mistake.
    """
    if isinstance(value, list):
        reason = 'Cannot invoke "String.hashCode()" because "<local18>" is null'
        raise ApiError(wire.SERVER_ERROR, "null_pointer_exception", reason)
    if not isinstance(value, dict):
        return {}
    return {key: javajson.string(item) for key, item in value.items()}
