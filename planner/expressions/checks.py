"""What can stand after `is`: Jinja2's tests, those that make sense for JSON.

`defined` and `undefined` ask about the name and are the interpreter's; the others are here and
ask about a plain JSON value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flowplan.planner.expressions.operators import is_number
from flowplan.planner.values import Json

__all__ = ["CHECKS", "check"]

# As in Jinja2, strings and objects are sequences.
_KINDS: Mapping[str, Callable[[Json], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "false": lambda value: value is False,
    "float": lambda value: isinstance(value, float),
    "integer": lambda value: is_number(value) and isinstance(value, int),
    "mapping": lambda value: isinstance(value, Mapping),
    "none": lambda value: value is None,
    "number": is_number,
    "sequence": lambda value: isinstance(value, (str, list, Mapping)),
    "string": lambda value: isinstance(value, str),
    "true": lambda value: value is True,
}
CHECKS = tuple(sorted((*_KINDS, "defined", "undefined")))


def check(name: str, value: Json) -> bool:
    """Whether `value` is what `name` says."""
    return _KINDS[name](value)
