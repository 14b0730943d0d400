"""Draw JSON values and their paths in one line for people."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from flowplan.planner.values import Json, Path, is_sealed
from flowplan.render.sanitise import clean

__all__ = ["SENSITIVE", "is_masked", "path_text", "value_text"]

SENSITIVE = "(sensitive)"
_PLAIN = re.compile(r"[A-Za-z_$][\w$-]*\Z")
_LONGEST = 2000
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


@lru_cache(maxsize=4096)  # thousands of nodes have the same few
def path_text(path: Path) -> str:
    """`parameters.model`, `actions[0].request_body`, `parameters["a.b"]`."""
    drawn = ""
    for part in path:
        if isinstance(part, int):
            drawn += f"[{part}]"
        elif _PLAIN.match(part):
            drawn += f".{part}" if drawn else part
        else:
            drawn += f"[{json.dumps(part, ensure_ascii=False)}]"
    return clean(drawn)


def value_text(value: Json, *, longest: int = _LONGEST) -> str:
    """One value as JSON on one line; of a very long one the beginning and its length."""
    if is_masked(value):
        return SENSITIVE
    text = clean(_encode(value))
    if len(text) > longest:
        return f"{text[:longest]}… ({len(text):,} characters)"
    return text


def is_masked(value: Json) -> bool:
    """Whether this stands for a sensitive value."""
    return value == SENSITIVE or is_sealed(value)
