"""A short text to stdout before anything of flowplan is loaded. It must not import any of it."""

from __future__ import annotations

import os
import sys

__all__ = ["at_once"]


def at_once(text: str) -> bool:
    """Write it; False when it did not go out: `Screen` finds out why, and tells it.

    Past the stream's buffer: what a failed flush leaves there would be flushed again, and fail
    again, by whoever touches the stream next, the interpreter's end included.
    """
    stream = sys.stdout
    if stream is None:  # closed by the caller: `flowplan >&-`
        return False
    try:
        stream.flush()
        rest = memoryview(text.encode(stream.encoding, "backslashreplace"))
        while rest:
            rest = rest[os.write(stream.fileno(), rest) :]
    except (OSError, ValueError):  # a stream without a file raises a kind of both
        return False
    return True
