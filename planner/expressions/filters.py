"""The filters that an expression may use, over plain JSON and bounded in size.

Named as in Jinja2, with these differences: true and false are no numbers, a filter for texts
takes only texts, `int` and `float` refuse what is no number unless a default is given, and
`tojson`, `string` and `join` write compact JSON without escaping `<`. `default` is
the interpreter's, since it asks about the name before there is a value. This module must not
know Jinja2, `Unknown` or `Sensitive`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from flowplan.dataclass import dataclass
from flowplan.pattern import pattern
from flowplan.planner.expressions.errors import Refusal, UnknownName
from flowplan.planner.expressions.operators import bounded, is_number, number
from flowplan.planner.expressions.text import as_text, kind
from flowplan.planner.values import Json

__all__ = ["FILTERS", "FilterSpec"]

MAX_PRECISION = 15
_NUMBER = pattern(r"\s*[+-]?[0-9]{1,100}(\.[0-9]{1,100})?([eE][+-]?[0-9]{1,3})?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """A filter: what it does, the names of its arguments, and how many it needs at least."""

    call: Callable[..., Json]
    parameters: tuple[str, ...] = ()
    least: int = 0


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise Refusal(f"this filter takes a string, not {kind(value)}", 'Write "| string" before.')
    return value


def _items(value: Json) -> list[Json] | str:
    if isinstance(value, Mapping):
        return list(value)
    if not isinstance(value, (list, str)):
        raise Refusal(f"this filter takes a list or a string, not {kind(value)}")
    return value


def _real(value: Json) -> Json:
    if not is_number(value):
        raise Refusal(f"this filter takes a number, not {kind(value)}")
    return value


def _replace(value: Json, old: Json, new: Json) -> str:
    text, old, new = _text(value), _text(old), _text(new)
    bounded(len(text) + text.count(old) * max(len(new) - len(old), 0))
    return text.replace(old, new)


def _trim(value: Json, chars: Json = None) -> str:
    return _text(value).strip(None if chars is None else _text(chars))


def _join(value: Json, d: Json = "") -> str:
    pieces, between = [as_text(item) for item in _items(value)], _text(d)
    bounded(sum(map(len, pieces)) + len(between) * max(len(pieces) - 1, 0))
    return between.join(pieces)


def _length(value: Json) -> int:
    return len(_items(value))


def _end(value: Json, index: int) -> Json:
    items = _items(value)
    if not items:
        raise UnknownName("", "it is empty", 'Write "| default(…)" after it if that may be.')
    return items[index]


def _reverse(value: Json) -> Json:
    return _items(value)[::-1]


def _sorted(value: Json) -> list[Json]:
    items = list(_items(value))
    if not (all(map(is_number, items)) or all(isinstance(item, str) for item in items)):
        raise Refusal("only a list of numbers or a list of strings has an order")
    return sorted(items)


def _extreme(value: Json, index: int) -> Json:
    return _end(_sorted(value), index)


def _to_number(value: Json) -> Json:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        text = value.strip()
        return number(int(text) if text.lstrip("+-").isdigit() else float(text))
    if isinstance(value, bool):
        return int(value)
    return value if is_number(value) else None


def _int(value: Json, default: Json = None) -> Json:
    found = _to_number(value)
    return _given(value, default, "integer") if found is None else int(found)


def _float(value: Json, default: Json = None) -> Json:
    found = _to_number(value)
    return _given(value, default, "number") if found is None else float(found)


def _given(value: Json, default: Json, wanted: str) -> Json:
    if default is None:
        raise Refusal(f"{kind(value)} that is no {wanted}", "Give a default as the argument.")
    return default


def _round(value: Json, precision: Json = 0, method: Json = "common") -> Json:
    real = _real(value)
    if not isinstance(precision, int) or isinstance(precision, bool):
        raise Refusal("the precision is a whole number")
    if not 0 <= precision <= MAX_PRECISION:
        raise Refusal(f"the precision lies between 0 and {MAX_PRECISION}")
    if method == "common":
        return round(real, precision)
    if method not in ("ceil", "floor"):
        raise Refusal('the method is "common", "ceil" or "floor"')
    scale = 10**precision
    scaled = number(float(real) * scale)
    whole = math.ceil(scaled) if method == "ceil" else math.floor(scaled)
    return whole / scale


FILTERS: Mapping[str, FilterSpec] = {
    "abs": FilterSpec(lambda value: abs(_real(value))),
    "capitalize": FilterSpec(lambda value: _text(value).capitalize()),
    "count": FilterSpec(_length),
    "d": FilterSpec(lambda value: value, ("default_value", "boolean")),
    "default": FilterSpec(lambda value: value, ("default_value", "boolean")),
    "first": FilterSpec(lambda value: _end(value, 0)),
    "float": FilterSpec(_float, ("default",)),
    "int": FilterSpec(_int, ("default",)),
    "join": FilterSpec(_join, ("d",)),
    "last": FilterSpec(lambda value: _end(value, -1)),
    "length": FilterSpec(_length),
    "list": FilterSpec(lambda value: list(_items(value))),
    "lower": FilterSpec(lambda value: _text(value).lower()),
    "max": FilterSpec(lambda value: _extreme(value, -1)),
    "min": FilterSpec(lambda value: _extreme(value, 0)),
    "replace": FilterSpec(_replace, ("old", "new"), 2),
    "reverse": FilterSpec(_reverse),
    "round": FilterSpec(_round, ("precision", "method")),
    "sort": FilterSpec(_sorted),
    "string": FilterSpec(as_text),
    "tojson": FilterSpec(
        lambda value: as_text(value) if not isinstance(value, str) else as_text([value])[1:-1]
    ),
    "trim": FilterSpec(_trim, ("chars",)),
    "upper": FilterSpec(lambda value: _text(value).upper()),
}
