"""Whether an answer is as a check expects it. Pure: values in, a sentence out.

It must not know where answers come from. A sentence may quote the answer: whoever shows it takes
secrets out of it first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from flowplan.planner.template.model import Expected
from flowplan.planner.template.paths import path_text
from flowplan.planner.values import Json, Path, canonical

__all__ = ["miss", "quoted"]

# A pattern is the template's own and a text anybody's: no more of it is looked through.
_LONGEST = 100_000
_KEYS = 8


def miss(place: Path, test: Expected, wanted: Json, answer: Json) -> str:
    """What is wrong with `answer` at `place`, as a sentence; "" when it is as expected."""
    where = path_text(place)
    found, depth = _reached(answer, place)
    there = depth == len(place)
    if test == "exists":
        if there == bool(wanted):
            return ""
        return f"{where} is there" if there else _absent(place, depth, found)
    if not there:
        return _absent(place, depth, found)
    if _holds(test, wanted, found):
        return ""
    word = {
        "equals": "is not", "contains": "does not contain", "matches": "does not match",
        "at_least": "is less than", "at_most": "is more than",
    }[test]  # fmt: skip
    if test in ("at_least", "at_most") and not _is_number(found):
        return f"{where} is no number: {quoted(found)}"
    return f"{where} {word} {quoted(wanted)}: it is {quoted(found)}"


def _holds(test: Expected, wanted: Json, found: Json) -> bool:
    match test:
        case "equals":
            return _same(wanted, found)
        case "contains":
            return _contains(found, wanted)
        case "matches":
            return isinstance(found, str) and re.search(wanted, found[:_LONGEST]) is not None
        case "at_least":
            return _is_number(found) and _is_number(wanted) and bool(found >= wanted)
        case _:
            return _is_number(found) and _is_number(wanted) and bool(found <= wanted)


def _contains(found: Json, wanted: Json) -> bool:
    if isinstance(found, str):
        return isinstance(wanted, str) and wanted in found
    if isinstance(found, list):
        return any(_same(item, wanted) for item in found)
    return isinstance(found, Mapping) and isinstance(wanted, str) and wanted in found


def _same(one: Json, other: Json) -> bool:
    """Equal as JSON: 1 and 1.0 are one number, 1 and true two things."""
    if _is_number(one) and _is_number(other):
        return bool(one == other)
    return canonical(one) == canonical(other)


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _reached(answer: Json, place: Path) -> tuple[Json, int]:
    """The value at `place`, or at as much of it as there is, and how much that is."""
    value = answer
    for depth, key in enumerate(place):
        inside = isinstance(value, list) and isinstance(key, int) and key < len(value)
        if not inside and not (isinstance(value, Mapping) and key in value):
            return value, depth
        value = value[key]
    return value, len(place)


def _absent(place: Path, depth: int, parent: Json) -> str:
    """What there is where something is missing: the usual cause is a slip in the path."""
    owner = path_text(place[:depth]) or "the answer"
    missing = path_text(place)
    if isinstance(parent, Mapping):
        keys = ", ".join(str(key) for key in list(parent)[:_KEYS])
        more = ", …" if len(parent) > _KEYS else ""
        has = f"has {keys}{more}" if parent else "is empty"
    elif isinstance(parent, list):
        has = f"is a list of {len(parent):,}"
    else:
        has = f"is {quoted(parent)}"
    return f"there is no {missing}: {owner} {has}"


def quoted(value: Json) -> str:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False)
