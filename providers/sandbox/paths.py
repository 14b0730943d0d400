"""Dotted paths into a JSON value: `_source` of a search, `?filter_path=`, settings.

Must not know what the value is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from flowplan.dataclass import replace
from flowplan.providers.sandbox.wire import Reply

__all__ = ["drop", "filter_path", "keep", "nested"]

_Path = tuple[str, ...]


def _split(patterns: Iterable[str]) -> list[_Path]:
    return [tuple(pattern.split(".")) for pattern in patterns]


def _below(patterns: Sequence[_Path], key: str) -> list[_Path]:
    """What is left of each pattern under `key`; an empty path has arrived."""
    found: list[_Path] = []
    for pattern in patterns:
        if pattern[0] == "**":
            found.append(pattern)
            found.extend(_below([pattern[1:]] if len(pattern) > 1 else [], key))
        elif fnmatchcase(key, pattern[0]):
            found.append(pattern[1:])
    return found


def _keep(value: Any, patterns: Sequence[_Path]) -> Any:
    if isinstance(value, list):
        kept = [_keep(item, patterns) for item in value]
        return [item for item in kept if item not in ({}, None)]
    if not isinstance(value, dict):
        return None
    chosen: dict[str, Any] = {}
    for key, item in value.items():
        rest = _below(patterns, key)
        if () in rest:
            chosen[key] = item
        elif rest and (below := _keep(item, rest)) not in ({}, [], None):
            chosen[key] = below
    return chosen


def keep(value: Any, patterns: Iterable[str]) -> Any:
    """Only what the patterns name; `*` is one level or a part of it, `**` any number."""
    return _keep(value, _split(patterns))


def _drop(value: Any, patterns: Sequence[_Path]) -> Any:
    if isinstance(value, list):
        return [_drop(item, patterns) for item in value]
    if not isinstance(value, dict):
        return value
    left: dict[str, Any] = {}
    for key, item in value.items():
        rest = _below(patterns, key)
        if () not in rest:
            left[key] = _drop(item, rest) if rest else item
    return left


def drop(value: Any, patterns: Iterable[str]) -> Any:
    """All but what the patterns name."""
    return _drop(value, _split(patterns))


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as nested objects, as `_settings` answers.

    Below a name that has a value itself they stay dotted (`knn`, `knn.algo_param.ef_search`).
    """
    tree: dict[str, Any] = {}
    for name, value in sorted(flat.items()):
        *parents, last = name.split(".")
        place = tree
        for depth, parent in enumerate(parents):
            below = place.setdefault(parent, {})
            if not isinstance(below, dict):
                last = ".".join([*parents[depth:], last])
                break
            place = below
        place[last] = value
    return tree


def filter_path(reply: Reply, wanted: str | None) -> Reply:
    """A reply as `?filter_path=a.b,-c` leaves it (transcript 01)."""
    if not wanted or reply.body is None:
        return reply
    patterns = [pattern for pattern in wanted.split(",") if pattern]
    body = drop(reply.body, [pattern[1:] for pattern in patterns if pattern.startswith("-")])
    chosen = [pattern for pattern in patterns if not pattern.startswith("-")]
    return replace(reply, body=keep(body, chosen) if chosen else body)
