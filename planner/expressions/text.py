"""Values as they look inside a longer string, and what kinds of values are called.

This module must not know `Unknown` and `Sensitive`: it gets plain JSON.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan import lazy_json as json
from flowplan.planner.values import Json

__all__ = ["as_text", "kind"]


def as_text(value: Json) -> str:
    """A string as it is, everything else as compact JSON. `ValueError` on what isn't JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def kind(value: Json) -> str:
    """The word that a message uses for a value instead of the value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an object" if isinstance(value, Mapping) else "a list"
