"""Two spellings of one value: what a cluster shows in the same way is no change.

Connectors keep the parameter `{"stop": ["a"]}` as the text `["a"]`, and the version 1 as `"1"`: a
template that says it the other way, as an exported one does, asks for nothing. Pure. Must not know
what is done about a change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from flowplan.errors import ProviderError
from flowplan.planner.diff import Difference
from flowplan.planner.values import Json, Value, canonical, has_unknown, sensitive_paths
from flowplan.protocol import StepType

__all__ = ["told_apart"]


def told_apart(
    step: StepType,
    before: Mapping[str, Value],
    after: Mapping[str, Value],
    changes: Iterable[Difference],
) -> list[Difference]:
    """Of `changes` between two inputs, those that a read could tell from none.

    An input with a secret or with something unknown in it is compared as it is written.
    """
    found = list(changes)
    names = {str(item.path[0]) for item in found}
    plain = {name for name in names if _is_plain(name, before, after)}
    if not plain:
        return found
    try:
        was, wanted = step.expect(_shown(before)), step.expect(_shown(after))
    except ProviderError:
        # It can't be read, and is refused where it is sent.
        return found
    same = {
        name
        for name in plain
        if name in was
        and name in wanted
        and _is_same((before[name], after[name]), (was[name], wanted[name]))
    }
    return [item for item in found if item.path[0] not in same]


def _is_same(written: tuple[Value, Value], shown: tuple[Json, Json]) -> bool:
    """Whether two values are shown alike; what was written as no text has no order of keys."""
    if canonical(shown[0]) == canonical(shown[1]):
        return True
    if all(isinstance(item, Mapping) for item in (*written, *shown)):
        keys = shown[0].keys()
        return bool(keys == shown[1].keys()) and all(
            _is_same((written[0].get(key), written[1].get(key)), (shown[0][key], shown[1][key]))
            for key in keys
        )
    if not any(isinstance(item, (Mapping, list)) for item in written):
        return False
    try:
        return canonical(json.loads(shown[0])) == canonical(json.loads(shown[1]))
    except (TypeError, ValueError, RecursionError):
        return False


def _is_plain(name: str, *inputs: Mapping[str, Value]) -> bool:
    return all(name in each and _can_be_shown(each[name]) for each in inputs)


def _can_be_shown(value: Value) -> bool:
    return not sensitive_paths(value) and not has_unknown(value)


def _shown(inputs: Mapping[str, Value]) -> dict[str, Json]:
    return {name: value for name, value in inputs.items() if _can_be_shown(value)}
