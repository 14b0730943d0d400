"""What can stand after `is`: Jinja2's tests, those that make sense for JSON.

`defined` and `undefined` ask about the name, the others about a plain JSON value.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.planner.expressions.operators import is_number
from flowplan.planner.values import Json

__all__ = ["CHECKS", "check"]

CHECKS = (
    "boolean", "defined", "false", "float", "integer", "mapping", "none", "number", "sequence",
    "string", "true", "undefined",
)  # fmt: skip


def check(name: str, value: Json) -> bool:
    """Whether `value` is what `name` says. As in Jinja2, strings and objects are sequences."""
    match name:
        case "boolean":
            return isinstance(value, bool)
        case "true" | "false":
            return value is (name == "true")
        case "none":
            return value is None
        case "number":
            return is_number(value)
        case "integer":
            return is_number(value) and isinstance(value, int)
        case "float":
            return isinstance(value, float)
        case "string":
            return isinstance(value, str)
        case "mapping":
            return isinstance(value, Mapping)
        case "sequence":
            return isinstance(value, (str, list, Mapping))
        case _:
            return name == "defined"
