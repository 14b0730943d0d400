"""Checks of values that several kinds of resources share, with ML Commons' words.

For the endpoints' bodies. Must not know any endpoint or the store.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flowplan.providers.sandbox import javajson, wire
from flowplan.providers.sandbox.wire import ApiError, JsonObject

__all__ = ["safe_texts", "stringified", "text"]

# ML Commons' SAFE_INPUT_PATTERN: letters and digits of every alphabet are fine.
_SAFE = re.compile(r"[\w\s.,!?():@\-'/\"]*")
_UNSAFE = "can only contain letters, numbers, spaces, and basic punctuation (.,!?():@-_'/\")"


def text(body: JsonObject, key: str) -> str | None:
    """An optional text; numbers and booleans become text, null and the rest are refused.

    NORMALISATION 1: `null` is a 400, an object where a text is wanted a 500. The words of the first
    were not recorded.
    """
    if key not in body:
        return None
    value = body[key]
    if value is None:
        raise wire.illegal_argument(f"Can't get text on a VALUE_NULL: [{key}]")
    if isinstance(value, (dict, list)):
        reason = f"Can't get text on a {javajson.token(value)} at 1:1"
        raise ApiError(wire.SERVER_ERROR, "illegal_state_exception", reason)
    return javajson.string(value)


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
    """`parameters`: each leaf a string, lists and objects one JSON text (NORMALISATION 1)."""
    if not isinstance(value, dict):
        return {}
    return {key: javajson.string(item) for key, item in value.items()}
