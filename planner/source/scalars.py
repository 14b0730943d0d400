"""What a plain YAML scalar means: JSON's words and numbers, and text for all the rest.

YAML 1.1 turns `no` into false, `017` into 15 and `12:30:45` into 45045; a template means what
its JSON form would. This module must not know events or files.
"""

from __future__ import annotations

import math

from flowplan.pattern import pattern
from flowplan.planner.source.document import Json
from flowplan.planner.source.limits import MAX_DIGITS, not_a_number, too_many_digits

__all__ = ["number", "plain"]

_NUMBER = pattern(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "null": None, "true": True, "false": False}
_NOT_NUMBERS = frozenset(
    (
        "NaN", "Infinity", "-Infinity", ".nan", ".NaN", ".NAN",
        ".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF", "+.inf", "+.Inf", "+.INF",
    )
)  # fmt: skip
_STARTS = frozenset("-0123456789")
_OTHER_STARTS = frozenset("ntfNI.+")


def plain(text: str, offset: int) -> Json:
    """The value of a plain scalar that stands at `offset`. Raises `SourceFault`."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first in _STARTS:
        found = _NUMBER.fullmatch(text)
        if found:
            return number(text, offset, whole=found[1] is None and found[2] is None)
    elif first not in _OTHER_STARTS:
        return text
    if text in _NOT_NUMBERS:
        raise not_a_number(text, offset)
    return text


def number(text: str, offset: int, *, whole: bool) -> int | float:
    """The value of a text in JSON's number grammar. Integers are exact. Raises `SourceFault`."""
    if whole:
        if len(text) > MAX_DIGITS:
            raise too_many_digits(offset, len(text))
        return int(text)
    value = float(text)
    if math.isinf(value):
        raise too_many_digits(offset, len(text))
    return value
