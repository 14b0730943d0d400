"""Builds plain values from a JSON text with the standard parser, and refuses the rest.

The standard parser is fast and tells no places; when it or a check here finds a fault, the
scan of `json_places` finds it again, with its place.
"""

from __future__ import annotations

import json
import math
from typing import NoReturn

from flowplan.planner.source.document import Json
from flowplan.planner.source.json_comments import without_comments
from flowplan.planner.source.limits import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_VALUES,
    SourceFault,
    too_deep,
    unpaired_surrogate,
)

__all__ = ["load"]

_WHITE = " \t\r\n"


class _Doubtful(ValueError):
    """Readable, and not allowed: the place is still to be found."""


def load(text: str) -> Json:
    """The value of a JSON text, comments passed over. Raises `SourceFault`."""
    if not text.strip(_WHITE):
        raise SourceFault("FP142", "the file is empty", 0, hint="write a template into it")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_members,
            parse_constant=_refuse,
            parse_int=_integer,
            parse_float=_float,
        )
        _check(value)
    except json.JSONDecodeError as error:
        blanked = without_comments(text)
        if blanked != text:
            return load(blanked)
        raise _syntax(error, text) from None
    except (_Doubtful, RecursionError):
        from flowplan.planner.source.json_places import places

        places(text)
        # The scan names every fault but one: a caller that had used up the stack.
        raise too_deep(0) from None
    return value


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Doubtful
    return members


def _refuse(_: str) -> NoReturn:
    raise _Doubtful


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _Doubtful
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _Doubtful
    return value


def _check(root: Json) -> None:
    """Raise `_Doubtful` on what is too deep, too many, or half a surrogate pair."""
    level: list[Json] = [root]
    count = depth = 0
    while level:
        count += len(level)
        if count > MAX_VALUES:
            raise _Doubtful
        below: list[Json] = []
        for value in level:
            if depth >= MAX_DEPTH and isinstance(value, (dict, list)):
                raise _Doubtful
            if isinstance(value, dict):
                below.extend(value.values())
                if any(not key.isascii() and unpaired_surrogate(key) is not None for key in value):
                    raise _Doubtful
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str) and unpaired_surrogate(value) is not None:
                raise _Doubtful
        level = below
        depth += 1


def _syntax(error: json.JSONDecodeError, text: str) -> SourceFault:
    problem = error.msg[:1].lower() + error.msg[1:]
    rest = text[error.pos : error.pos + 2]
    hint = ""
    if rest.startswith("#"):
        hint = "comments begin with // in JSON; with # only in a file named .yaml"
    elif rest == "/*":
        hint = "close the comment with */"
    elif "property name" in problem:
        hint = "keys stand in double quotes, and no comma follows the last member"
    elif "delimiter" in problem:
        hint = "check the line before for a missing comma or quote"
    elif "extra data" in problem:
        hint = "a template is one object: nothing may follow it"
    elif "unterminated string" in problem:
        hint = "close the double quote"
    elif "control character" in problem:
        hint = "write a line end inside a string as \\n"
    elif "expecting value" in problem:
        hint = "texts stand in double quotes, and no comma follows the last item"
    return SourceFault("FP101", f"not JSON: {problem}", error.pos, hint=hint)
