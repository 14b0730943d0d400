"""Operators over plain JSON: type-strict and bounded.

Every function gives a JSON value or raises `Refusal`. Nothing here multiplies a size: `*` and
`**` do not exist, numbers stay below 2^1024 and texts below `MAX_SIZE`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping

from flowplan.planner.expressions.errors import TOO_LARGE, Refusal
from flowplan.planner.expressions.text import kind
from flowplan.planner.values import Json

__all__ = [
    "MAX_SIZE",
    "bounded",
    "calculate",
    "compare",
    "equal",
    "is_number",
    "number",
    "slice_of",
]

MAX_SIZE = 1 << 20
"""Characters in a string or items in a list that an expression may make."""
MAX_BITS = 1_024

_ARITHMETIC: dict[str, Callable[[Json, Json], Json]] = {
    "+": operator.add,
    "-": operator.sub,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_ORDER: dict[str, Callable[[Json, Json], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def is_number(value: Json) -> bool:
    """Whether it is a number; true and false are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value: Json) -> Json:
    """`value`, if it is a number that JSON and every server can hold."""
    whole = isinstance(value, int)
    if value.bit_length() > MAX_BITS if whole else not math.isfinite(value):
        raise Refusal("the result is too large a number", code=TOO_LARGE)
    return value


def bounded(size: int) -> None:
    """Refuse a string or list of `size` before it is made."""
    if size > MAX_SIZE:
        raise Refusal(f"the result is larger than {MAX_SIZE:,} characters or items", code=TOO_LARGE)


def calculate(sign: str, left: Json, right: Json) -> Json:
    """`left sign right`. `+` also joins two strings or two lists."""
    if sign == "+" and (
        (isinstance(left, str) and isinstance(right, str))
        or (isinstance(left, list) and isinstance(right, list))
    ):
        bounded(len(left) + len(right))
        return left + right  # type: ignore[operator]
    if not (is_number(left) and is_number(right)):
        hint = 'Join texts with "~".' if sign == "+" else ""
        raise Refusal(f'"{sign}" does not work on {kind(left)} and {kind(right)}', hint)
    if sign not in {"+", "-"} and right == 0:
        raise Refusal("division by zero")
    try:
        return number(_ARITHMETIC[sign](left, right))
    except OverflowError:
        raise Refusal("the result is too large a number", code=TOO_LARGE) from None


def equal(left: Json, right: Json) -> bool:
    """Whether two JSON values are the same; 1 is 1.0 but not true."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return type(left) is type(right) and bool(left == right)


def compare(sign: str, left: Json, right: Json) -> bool:
    """`left sign right` for the six comparisons and for `in` and `not in`."""
    if sign in ("==", "!="):
        return equal(left, right) is (sign == "==")
    if sign in ("in", "not in"):
        return _contains(right, left) is (sign == "in")
    if (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
        return _ORDER[sign](left, right)
    raise Refusal(f'"{sign}" does not compare {kind(left)} with {kind(right)}')


def _contains(whole: Json, part: Json) -> bool:
    if isinstance(whole, list):
        return any(equal(item, part) for item in whole)
    if isinstance(whole, (str, Mapping)) and isinstance(part, str):
        return part in whole
    raise Refusal(f'"in" does not look for {kind(part)} in {kind(whole)}')


def slice_of(owner: Json, start: Json, stop: Json) -> Json:
    """`owner[start:stop]` of a string or list."""
    for bound in (start, stop):
        if bound is not None and (not isinstance(bound, int) or isinstance(bound, bool)):
            raise Refusal(f"a slice runs between whole numbers, not {kind(bound)}")
    if not isinstance(owner, (str, list)):
        raise Refusal(f"{kind(owner)} has no slices")
    return owner[start:stop]
