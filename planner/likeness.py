"""How far a value on the cluster is the one that a template wants, leaf by leaf.

Three trees are compared: what is written, how a read shows that (`StepType.expect`), and what a
read shows. Pure. It must not know step types or records.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from flowplan.dataclass import dataclass
from flowplan.planner.values import Json, Sensitive, Value, canonical, has_unknown, sensitive_paths

__all__ = ["PENDING", "Likeness", "as_seen", "likeness"]

PENDING = "\0pending"
"""Stands for what is not known yet where a read's form is asked for: like nothing there."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """`value` is as written where the cluster has that, else as the cluster has it.

    `derived`: something differs that the server adds to what is written.
    """

    value: Value
    same: bool = True
    derived: bool = False


def likeness(written: Value, expected: Json, seen: Json, *, filled_in: bool) -> Likeness:
    """Compare one input. `filled_in`: what only the cluster has is no difference."""
    if canonical(expected) == canonical(seen):
        return Likeness(written)
    if isinstance(written, Mapping) and isinstance(expected, Mapping) and isinstance(seen, Mapping):
        return _objects(written, expected, seen, filled_in=filled_in)
    if _are_lists(written, expected, seen):
        items = [
            likeness(*three, filled_in=filled_in)
            for three in zip(written, expected, seen, strict=True)
        ]
        return _joined([item.value for item in items], items)
    folded = _unfolded(written, expected, seen)
    if folded is not None:
        return likeness(written, *folded, filled_in=filled_in)
    return Likeness(as_seen(written, seen), same=False)


def _are_lists(*values: Value) -> bool:
    return all(isinstance(value, list) for value in values) and len(set(map(len, values))) == 1


def _objects(
    written: Mapping[str, Value],
    expected: Mapping[str, Json],
    seen: Mapping[str, Json],
    *,
    filled_in: bool,
) -> Likeness:
    parts: dict[str, Likeness] = {}
    gone = False
    for key, value in written.items():
        if key not in seen:
            # What a read never shows is as written; what it should show is not there.
            gone = gone or key in expected
            if key not in expected and not has_unknown(value):
                parts[key] = Likeness(value)
        elif key in expected:
            parts[key] = likeness(value, expected[key], seen[key], filled_in=filled_in)
        else:
            parts[key] = Likeness(as_seen(value, seen[key]), same=False)
    derived = any(
        not likeness(value, value, seen[key], filled_in=filled_in).same
        for key, value in expected.items()
        if key not in written and key in seen
    )
    for key, value in seen.items():
        if key not in written and key not in expected and not filled_in:
            parts[key] = Likeness(value, same=False)
    found = _joined({key: part.value for key, part in parts.items()}, list(parts.values()))
    return Likeness(found.value, found.same and not gone, found.derived or derived)


def _joined(value: Value, parts: list[Likeness]) -> Likeness:
    return Likeness(value, all(part.same for part in parts), any(part.derived for part in parts))


def _unfolded(written: Value, expected: Json, seen: Json) -> tuple[Json, Json] | None:
    """Both as JSON where the server makes a text of what is no text, as of `parameters`."""
    if isinstance(written, (str, Sensitive)) or not isinstance(expected, str):
        return None
    if not isinstance(seen, str):
        return None
    try:
        pair = json.loads(expected), json.loads(seen)
    except (ValueError, RecursionError):
        return None
    # Another kind of value is told as the text that it is.
    return pair if type(pair[0]) is type(pair[1]) else None


def as_seen(written: Value, seen: Json) -> Value:
    """The cluster's value, which is as secret as the one that is written in its place."""
    return Sensitive(seen) if sensitive_paths(written) else seen
