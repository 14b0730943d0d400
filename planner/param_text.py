"""Texts that hold the value of a param or a secret: a file's content, and JSON from a flag.

No message here contains a value: it may be a secret. Must not know what a value is for.
"""

from __future__ import annotations

import re
from pathlib import Path

from flowplan import lazy_json as json
from flowplan.planner.values import Json, canonical

__all__ = ["MAX_FILE", "file_text", "json_value"]

MAX_FILE = 1 << 20
"""Bytes that a file with one value may hold."""
MAX_DEPTH = 100


def file_text(path: Path) -> str:
    """A file's text without its last line end. Raises `OSError` and `ValueError`."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise ValueError
    return re.sub(r"\r?\n\Z", "", data.decode("utf-8-sig"))


def json_value(text: str) -> Json:
    """Strict JSON. Raises `ValueError`, also for what is too deep."""

    def refuse(_: str) -> Json:
        raise ValueError

    def unique(pairs: list[tuple[str, Json]]) -> Json:
        made = dict(pairs)
        if len(made) < len(pairs):
            raise ValueError
        return made

    try:
        value = json.loads(text, parse_constant=refuse, object_pairs_hook=unique)
        canonical(value)
    except RecursionError:
        raise ValueError from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise ValueError
    return value


def _depth(value: Json) -> int:
    level, depth = [value], 0
    while level:
        depth += 1
        level = [
            part
            for item in level
            if isinstance(item, (dict, list))
            for part in (item.values() if isinstance(item, dict) else item)
        ]
    return depth
