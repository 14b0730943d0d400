"""The chain of segments that a state in S3 is written by, and what it says as a whole.

    chat.state.json.journal/0000000017    {"kind": "append", "lock": "8c1f…"}
                                          …framed lines…

A segment has a number, and a number is written once: its write is refused when it is there.
Whoever takes the lease writes the next number, a `seal`. The holder before counts on, so its
next write is refused by the place itself, whenever it comes. This module must not know requests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from flowplan.dataclass import dataclass, field
from flowplan.errors import FlowplanError, StateError

__all__ = ["AT_ONCE", "Chain", "Gap", "Kind", "Segment", "walk"]

# seal: the lease was taken. begin: a journal, whole. append: more of it. merge: what the
# segments from `first` on hold. save: the document that replaces the one with the ETag
# `after`. mark: that document is in its place, or nothing before this counts any more.
Kind = Literal["seal", "begin", "append", "merge", "save", "mark"]
_KINDS = ("seal", "begin", "append", "merge", "save", "mark")
AT_ONCE = 48


class Gap(Exception):
    """A segment is missing: the chain was replaced while it was read."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One link. `payload` is lines, or a document in a `save`, whose serial is `serial`."""

    kind: Kind
    lock: str
    payload: bytes = b""
    first: int = 0
    serial: int = 0
    after: str = ""

    def encode(self) -> bytes:
        """The object's body: one line of JSON, then the payload as it is."""
        head: dict[str, Any] = {"kind": self.kind, "lock": self.lock}
        if self.kind == "merge":
            head["first"] = self.first
        if self.kind == "save":
            head |= {"serial": self.serial, "after": self.after}
        return json.dumps(head).encode() + b"\n" + self.payload

    @classmethod
    def decode(cls, body: bytes, name: str) -> Segment:
        """The segment of a body. Raises `StateError` FP411, naming the object."""
        head, _, payload = body.partition(b"\n")
        try:
            value = json.loads(head)
            kind, lock = value["kind"], value["lock"]
            first, serial = int(value.get("first", 0)), int(value.get("serial", 0))
            after = str(value.get("after", ""))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise _damaged(name) from None
        if kind not in _KINDS:
            raise _damaged(name)
        return cls(kind, str(lock), payload, first, serial, after)


@dataclass(frozen=True, slots=True)
class Chain:
    """What counts of a chain.

    `last` is the highest number, `stop` the lowest that still counts (0 for an empty chain),
    `journal` the lines since, `saved` a document that may still have to be put in its place,
    `spent` the numbers above `stop` that aren't seals.
    """

    last: int = 0
    stop: int = 0
    journal: bytes = b""
    saved: Segment | None = None
    spent: tuple[int, ...] = ()


@dataclass(slots=True)
class _Walk:
    """Segments by number, fetched from the last one down, many at once."""

    numbers: Sequence[int]
    fetch: Callable[[Sequence[int]], Mapping[int, Segment]]
    loaded: dict[int, Segment] = field(default_factory=dict)

    def segment(self, number: int) -> Segment:
        if number not in self.loaded:
            wanted = [item for item in self.numbers if item <= number][:AT_ONCE]
            if not wanted or wanted[0] != number:
                raise Gap(number)
            self.loaded.update(self.fetch(wanted))
            if number not in self.loaded:
                raise Gap(number)
        return self.loaded[number]


def walk(numbers: Sequence[int], fetch: Callable[[Sequence[int]], Mapping[int, Segment]]) -> Chain:
    """What the segments with these numbers say, from the last back to where it begins.

    Raises `Gap` when one on the way is missing.
    """
    down = sorted(numbers, reverse=True)
    last = number = down[0] if down else 0
    read = _Walk(down, fetch)
    lines: list[bytes] = []
    spent: list[int] = []
    while number > 0:
        segment = read.segment(number)
        if segment.kind in ("save", "mark"):
            saved = segment if segment.kind == "save" else None
            return Chain(last, number, _joined(lines), saved, (*spent, number))
        if segment.kind != "seal":
            spent.append(number)
            lines.append(segment.payload)
        if segment.kind == "begin":
            return Chain(last, number, _joined(lines), None, tuple(spent))
        number = segment.first - 1 if segment.kind == "merge" else number - 1
    return Chain(last, 0, _joined(lines), None, tuple(spent))


def _joined(lines: list[bytes]) -> bytes:
    return b"".join(reversed(lines))


def _damaged(name: str) -> FlowplanError:
    return StateError.of(
        "FP411",
        f"{name} is damaged",
        "It is not a part of a journal as flowplan writes them, so what an unfinished apply did"
        " is not known for certain.",
        hint=f"Restore {name} from a copy. Without one, move it away and compare the"
        " resources on the cluster with the state by hand before the next apply.",
    )
