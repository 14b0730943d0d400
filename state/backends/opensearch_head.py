"""The one small document that says everything about a state in OpenSearch, as JSON and back.

    {"format": 1, "writes": ["…"],
     "lease": {"holder": {…}, "renewed": 1795234049538, "ttl": 60.0},
     "document": {"part": "…", "serial": 7}, "previous": {"part": "…", "serial": 6},
     "journal": {"parts": ["…"], "tail": "…", "batch": "…"}, "trash": ["…"]}

Large things lie in parts, documents of their own that are never changed once they are there.
This module must not know requests; `flowplan.state.backends.opensearch` says why it is so.
"""

from __future__ import annotations

import gzip
from base64 import b64decode, b64encode
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass
from flowplan.state.backends.store import Lease
from flowplan.state.lock import LockHolder

__all__ = ["FORMAT", "Head", "Held", "Pointer", "Unreadable", "pack", "unpack"]

Json: TypeAlias = Any

FORMAT = 1


class Unreadable(Exception):
    """A document that is not of this form; says why."""


@dataclass(frozen=True, slots=True)
class Held:
    """The lease as it is kept: `renewed` in seconds since 1970 by the cluster's clock."""

    holder: LockHolder
    renewed: float
    ttl: float

    def at(self, now: float) -> Lease:
        """The lease as it is `now`; nodes' clocks differ a little, so never of negative age."""
        return Lease(self.holder, max(0.0, now - self.renewed), self.ttl)


@dataclass(frozen=True, slots=True)
class Pointer:
    """The part that has a state document, and its serial."""

    part: str
    serial: int


@dataclass(frozen=True, slots=True)
class Head:
    """What is true of a state at one moment.

    `writes` are the marks of the last writes, newest first; `parts`, then `tail`, the journal,
    and `batch` the mark of what came to it last; `trash` parts that nothing refers to any more
    and that are still to be deleted.
    """

    writes: tuple[str, ...] = ()
    lease: Held | None = None
    document: Pointer | None = None
    previous: Pointer | None = None
    parts: tuple[str, ...] = ()
    tail: bytes = b""
    batch: str = ""
    trash: tuple[str, ...] = ()

    @property
    def serial(self) -> int:
        """The document's serial, 0 without one."""
        return 0 if self.document is None else self.document.serial

    @property
    def needed(self) -> tuple[str, ...]:
        """The parts that a reader wants: the document's, then the journal's in order."""
        return (*((self.document.part,) if self.document else ()), *self.parts)

    def as_json(self) -> Json:
        """What `from_json` reads."""
        held = self.lease
        return {
            "format": FORMAT,
            "writes": list(self.writes),
            "lease": held
            and {
                "holder": held.holder.as_json(),
                "renewed": round(held.renewed * 1000),
                "ttl": held.ttl,
            },
            "document": _pointer_to_json(self.document),
            "previous": _pointer_to_json(self.previous),
            "journal": {
                "parts": list(self.parts),
                "tail": pack(self.tail),
                "batch": self.batch,
            },
            "trash": list(self.trash),
        }

    @classmethod
    def from_json(cls, value: Json) -> Head:
        """The head that `as_json` described. Raises `Unreadable`."""
        try:
            if value["format"] > FORMAT:
                raise Unreadable(
                    f"it has format {value['format']}, written by a newer flowplan; this one reads"
                    f" formats up to {FORMAT}"
                )
            journal = value["journal"]
            return cls(
                writes=_texts(value["writes"]),
                lease=_held(value["lease"]),
                document=_pointer(value["document"]),
                previous=_pointer(value["previous"]),
                parts=_texts(journal["parts"]),
                tail=unpack(journal["tail"]),
                batch=str(journal["batch"]),
                trash=_texts(value["trash"]),
            )
        except (KeyError, TypeError, ValueError):
            raise Unreadable("it is none that flowplan wrote") from None


def pack(data: bytes) -> str:
    """Bytes as a JSON string: compressed, since a request's size is limited, then Base64."""
    # Level 1: a state of 5 MB takes 50 ms, and comes out hardly larger than at level 6.
    return b64encode(gzip.compress(data, 1, mtime=0)).decode("ascii") if data else ""


def unpack(text: Json) -> bytes:
    """What was packed. Raises `Unreadable`."""
    try:
        return b"" if text == "" else gzip.decompress(b64decode(text, validate=True))
    except (EOFError, OSError, TypeError, ValueError):
        raise Unreadable("its content is damaged") from None


def _texts(value: Json) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError
    return tuple(value)


def _pointer_to_json(pointer: Pointer | None) -> Json:
    return pointer and {"part": pointer.part, "serial": pointer.serial}


def _pointer(value: Json) -> Pointer | None:
    return None if value is None else Pointer(str(value["part"]), int(value["serial"]))


def _held(value: Json) -> Held | None:
    if value is None:
        return None
    holder = LockHolder.from_json(value["holder"])
    if holder is None:
        raise TypeError
    return Held(holder, value["renewed"] / 1000, float(value["ttl"]))
