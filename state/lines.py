"""Journal entries as lines of bytes: JSON objects, each with a checksum of itself.

A power cut or a crash can tear the last line; the checksum tells such a line from one that
was written whole. This module must not know what an entry means or where lines are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeAlias
from zlib import crc32

from flowplan.dataclass import dataclass
from flowplan.errors import StateError

__all__ = ["Entry", "Lines", "frame", "unframe"]

Entry: TypeAlias = Mapping[str, Any]

# Made once: `json.dumps` makes an encoder for each line.
_text = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_CHECKSUM = re.compile(rb',"crc":"([0-9a-f]{8})"\}\Z')


@dataclass(frozen=True, slots=True)
class Lines:
    """The entries of a journal; `torn` when the last line was not whole and was left out."""

    entries: tuple[Entry, ...] = ()
    torn: bool = False


def frame(entry: Entry) -> bytes:
    """One line with a newline at its end; `entry` must have at least one key, and no `crc`."""
    body = _text(entry).encode("ascii")
    return b'%b,"crc":"%08x"}\n' % (body[:-1], crc32(body))


def unframe(data: bytes, location: str) -> Lines:
    """The entries of `data`.

    Only the last line may be damaged: nothing after it can have been lost. Raises
    `StateError` FP411 naming the line otherwise.
    """
    lines = data.split(b"\n")
    # What follows the last newline is a line that was never finished; mostly it is empty.
    unfinished = lines.pop()
    entries: list[Entry] = []
    for number, line in enumerate(lines, start=1):
        entry = _read(line)
        if entry is not None:
            entries.append(entry)
        elif number == len(lines) and number > 1 and not unfinished:
            return Lines(tuple(entries), torn=True)
        else:
            raise _damaged(location, number)
    if not entries:
        raise _damaged(location, 1)
    return Lines(tuple(entries), torn=bool(unfinished))


def _read(line: bytes) -> Entry | None:
    """The entry of one line without its newline, None when it is not whole."""
    found = _CHECKSUM.search(line)
    if found is None:
        return None
    body = line[: found.start()] + b"}"
    if crc32(body) != int(found[1], 16):
        return None
    try:
        entry = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _damaged(location: str, number: int) -> Exception:
    return StateError.of(
        "FP411",
        f"{location} is damaged at line {number}",
        "The line does not match its checksum, so what an unfinished apply did is not known"
        " for certain.",
        hint=(
            f"Restore {location} from a copy. Without one, move it away and compare the"
            " resources on the cluster with the state by hand before the next apply."
        ),
    )
