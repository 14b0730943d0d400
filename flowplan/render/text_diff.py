"""Line diffs of long strings: texts of several lines, and JSON kept inside a string.

A connector's `request_body` is JSON with `${parameters.x}` in it, quoted or bare; it is
compared as JSON, so one changed key is one changed line. Pure functions.
"""

from __future__ import annotations

import json
from difflib import SequenceMatcher

from flowplan.planner.values import Json

__all__ = ["changed_lines", "json_lines"]

_MARK = "\ue000"
_MOST_LINES = 2000


def json_lines(text: str) -> list[str] | None:
    """The lines of a string that holds a JSON object or list; None when it doesn't.

    Bare `${…}` are kept as they are. Keys keep their order.
    """
    if text[:64].lstrip()[:1] not in {"{", "["} or _MARK in text:
        return None
    try:
        value: Json = json.loads(_quoted(text))
    except (ValueError, RecursionError):
        return None
    drawn = json.dumps(value, indent=2, ensure_ascii=False)
    return drawn.replace(f'"{_MARK}', "").replace(f'{_MARK}"', "").split("\n")


def _quoted(text: str) -> str:
    """`text` with every `${…}` outside of strings made a string that can be told apart."""
    parts: list[str] = []
    position, inside = 0, False
    while position < len(text):
        char = text[position]
        if inside and char == "\\":
            parts.append(text[position : position + 2])
            position += 2
            continue
        if char == '"':
            inside = not inside
        elif not inside and text.startswith("${", position):
            end = text.find("}", position)
            if end > 0 and '"' not in text[position:end]:
                parts.append(f'"{_MARK}{text[position : end + 1]}{_MARK}"')
                position = end + 1
                continue
        parts.append(char)
        position += 1
    return "".join(parts)


def changed_lines(before: list[str], after: list[str]) -> list[tuple[str, str]]:
    """The changed lines as (`-` or `+`, line); unchanged ones are left out, gaps are (`…`, "").

    Beyond 2,000 lines a side, where matching would take seconds, only the ends are matched.
    """
    if max(len(before), len(after)) > _MOST_LINES:
        return _middle(before, after)
    shown: list[tuple[str, str]] = []
    for kind, low, high, start, end in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            if shown and high < len(before):
                shown.append(("…", ""))
            continue
        shown += [("-", line) for line in before[low:high]]
        shown += [("+", line) for line in after[start:end]]
    return shown[:-1] if shown and shown[-1][0] == "…" else shown


def _middle(before: list[str], after: list[str]) -> list[tuple[str, str]]:
    shortest = min(len(before), len(after))
    head = 0
    while head < shortest and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shortest - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    old = before[head : len(before) - tail]
    new = after[head : len(after) - tail]
    return [("-", line) for line in old] + [("+", line) for line in new]
