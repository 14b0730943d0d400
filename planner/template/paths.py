"""Paths of inputs as people write them: `actions[0].url`, `parameters["a.b"]`.

Pure; it must not know what a path leads to.
"""

from __future__ import annotations

from flowplan import lazy_json as json
from flowplan.pattern import pattern
from flowplan.planner.values import Path

__all__ = ["input_path", "path_text"]

_SEGMENT = pattern(r'(?:^|\.)([^.\[\]"]+)|\[([0-9]{1,6})\]|\[("(?:[^"\\]|\\.)*")\]')
_PLAIN = pattern(r'[^.\[\]"]+')


def input_path(text: str) -> Path | None:
    """`actions[0].url` as `("actions", 0, "url")`; None when it is no path.

    A key with a dot or a bracket in it stands as `parameters["a.b"]`.
    """
    found: list[str | int] = []
    at = 0
    while at < len(text):
        match = _SEGMENT.match(text, at)
        if match is None or (at == 0 and match[1] is None):
            return None
        name, index, quoted = match.groups()
        if quoted is not None:
            try:
                found.append(json.loads(quoted))
            except ValueError:
                return None
        else:
            found.append(name if name is not None else int(index))
        at = match.end()
    return tuple(found) or None


def path_text(path: Path) -> str:
    """The path as `input_path` reads it."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f"[{json.dumps(key, ensure_ascii=False)}]"
    return text
