"""A document that a verb takes: from a file, or from standard input as `-`."""

from __future__ import annotations

import sys
from pathlib import Path

from flowplan.errors import StateError

__all__ = ["read_document"]

_LARGEST = 1 << 28
"""Bytes; a state of 100,000 nodes has a quarter of it. A device without an end is no document."""


def read_document(name: str) -> tuple[str, bytes]:
    """Its name for people and its bytes. Raises `StateError` FP463 when it can't be read."""
    shown = "standard input" if name == "-" else name
    try:
        if name == "-":
            data = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(shown, reason) from None
    if len(data) > _LARGEST:
        raise _unreadable(shown, f"it is larger than {_LARGEST >> 20} MiB")
    return shown, data


def _unreadable(shown: str, reason: str) -> StateError:
    return StateError.of(
        "FP463",
        f"the state in {shown} can't be read: {reason}",
        hint="Name a file that flowplan state pull wrote, or - for standard input.",
    )
