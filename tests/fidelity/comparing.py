"""Where two answers differ: the keys at every depth, and every value that is no id or time.

`misshapen` looks at the keys and the kinds of values alone: what a client's code meets.

It must not know where the answers come from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# What no two nodes say alike: times, counters of the index, identities, the build.
VOLATILE = re.compile(
    r".*_time|took|_seq_no|_primary_term|cluster_uuid|build_.*|creation_date|uuid"
)
# The ids that a guard names come in the order of the index, which nobody promises.
_LISTED = re.compile(r"(still using this connector.*\[)([^\]]*)\]")


def differences(theirs: Any, own: Any, place: str = "") -> Iterator[str]:
    """A line for each place in which a recorded body and the sandbox's own differ."""
    if type(theirs) is not type(own):
        yield f"{place or 'the body'}: {short(theirs)}, here {short(own)}"
    elif isinstance(theirs, dict):
        yield from (f"{place}.{key} is missing" for key in theirs if key not in own)
        yield from (f"{place}.{key} is too much" for key in own if key not in theirs)
        for key in theirs:
            if key == "hits" and isinstance(theirs[key], list) and isinstance(own.get(key), list):
                yield from differences(
                    theirs[key], in_order(theirs[key], own[key]), f"{place}.{key}"
                )
            elif key in own and not VOLATILE.fullmatch(key):
                yield from differences(theirs[key], own[key], f"{place}.{key}")
    elif isinstance(theirs, list):
        if len(theirs) != len(own):
            yield f"{place or 'the body'}: {len(theirs)} items, here {len(own)}"
            return
        for number, (left, right) in enumerate(zip(theirs, own, strict=True)):
            yield from differences(left, right, f"{place}[{number}]")
    elif ordered(theirs) != ordered(own):
        yield f"{place or 'the body'}: {short(theirs)}, here {short(own)}"


def misshapen(theirs: Any, own: Any, place: str = "") -> Iterator[str]:
    """A line for each place in which two bodies have other keys or other kinds of values."""
    if isinstance(theirs, dict) and isinstance(own, dict):
        yield from (f"{place}.{key} is missing" for key in theirs if key not in own)
        yield from (f"{place}.{key} is too much" for key in own if key not in theirs)
        for key in theirs.keys() & own.keys():
            yield from misshapen(theirs[key], own[key], f"{place}.{key}")
    elif shape(theirs) != shape(own):
        yield f"{place or 'the body'}: {short(shape(theirs))}, here {short(shape(own))}"


def shape(value: Any) -> Any:
    """The keys and kinds of a value; of a list, each kind of item once, in any order."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted({json.dumps(shape(item)) for item in value})
    return type(value).__name__


def in_order(theirs: list[Any], own: list[Any]) -> list[Any]:
    """What our search found, in their order: without a sort nobody promises one."""
    places = {hit.get("_id"): place for place, hit in enumerate(theirs)}
    return sorted(own, key=lambda hit: places.get(hit.get("_id"), len(places)))


def ordered(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _LISTED.sub(lambda found: f"{found[1]}{sorted(found[2].split(', '))}", value)


def short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:99]}…"
