"""A short text to stdout before anything of flowplan is loaded. It must not import any of it."""

from __future__ import annotations

import sys

__all__ = ["at_once"]


def at_once(text: str) -> bool:
    """Write and flush; False when it did not go out: `Screen` finds out why, and tells it."""
    stream = sys.stdout
    if stream is None:  # closed by the caller: `flowplan >&-`
        return False
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):
        return False
    return True
