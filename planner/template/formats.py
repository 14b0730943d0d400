"""The small grammars inside a template: time limits, versions, names, and the kinds of values.

This module must not know where in a template they stand.
"""

from __future__ import annotations

import unicodedata

from flowplan.pattern import pattern
from flowplan.planner.values import Json

__all__ = ["NAME_RULE", "is_version", "kind_of", "kinds_of", "seconds", "unwanted_characters"]

# Flow Framework and ML Commons 3.7 and later, for names of connectors, models and groups.
NAME_RULE = r"""^[\p{L}\p{N}\s.,!?():@\-_/'"]*$"""
_NAME_MARKS = frozenset(" \t\n\x0b\f\r.,!?():@-_/'\"")
_DURATION = pattern(r"([0-9]+)(nanos|micros|ms|s|m|h|d)")
_SECONDS = {"nanos": 1e-9, "micros": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}
_VERSION = pattern(r"[0-9]+\.[0-9]+\.[0-9]+(-(alpha|beta|rc)[0-9]+)?(-SNAPSHOT)?")
_MOST_SECONDS = 1e9


def seconds(text: str) -> float | None:
    """The seconds of an OpenSearch time value such as `20s` or `500ms`; `0` is no limit.

    None when it is not one.
    """
    text = text.strip().lower()
    if text == "0":
        return 0.0
    found = _DURATION.fullmatch(text)
    if found is None or len(found[1]) > len("1000000000"):
        return None
    value = int(found[1]) * _SECONDS[found[2]]
    return float(value) if value <= _MOST_SECONDS else None


def is_version(text: str) -> bool:
    """Whether OpenSearch reads `text` as a version: `x.y.z`."""
    return _VERSION.fullmatch(text) is not None


def unwanted_characters(name: str) -> str:
    """The characters of `name` that `NAME_RULE` does not allow, each once."""
    return "".join(
        dict.fromkeys(
            mark
            for mark in name
            if mark not in _NAME_MARKS and unicodedata.category(mark)[0] not in "LN"
        )
    )


def kinds_of(value: Json) -> tuple[str, ...]:
    """The types that a value counts as, the most telling one first."""
    if value is None:
        return ("null",)
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, int):
        return ("integer", "number")
    if isinstance(value, float):
        return ("number",)
    if isinstance(value, str):
        return ("string",)
    return ("object",) if isinstance(value, dict) else ("array",)


def kind_of(value: Json) -> str:
    """What a value is, with its article: `a string`, `an object`."""
    kind = kinds_of(value)[0]
    if kind == "null":
        return "null"
    return f"{'an' if kind[0] in 'aio' else 'a'} {kind}"
