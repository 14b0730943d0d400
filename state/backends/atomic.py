"""Files that are replaced whole or not at all, and survive a power cut once that is done.

This module must not know what is in them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["remove", "sync_directory", "write_all", "write_file"]

_PRIVATE = 0o600


def write_all(handle: int, data: bytes) -> None:
    """Write all of `data`; a full disk shows as a short write first. Raises `OSError`."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def write_file(path: Path, data: bytes, *, durable: bool = True, keep: Path | None = None) -> None:
    """Replace `path` by a private file with `data`.

    With `durable` it survives a power cut once this returns. What `path` held until now
    stays as `keep`. Only one process may write at a time: the temporary file has a fixed
    name, so that crashes leave one at most. Raises `OSError`; then `path` is as it was.
    """
    temporary = path.with_name(path.name + ".tmp")
    _discard(temporary)
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        try:
            write_all(handle, data)
            if durable:
                os.fsync(handle)
        finally:
            os.close(handle)
        # Only now: a disk that is full must not cost the older copy.
        if keep is not None and path.exists():
            _keep_copy(path, keep)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            _discard(temporary)
        raise
    if durable:
        sync_directory(path.parent)


def _keep_copy(path: Path, copy: Path) -> None:
    """Give what `path` holds a second name; the file is replaced later, never written into."""
    temporary = copy.with_name(copy.name + ".tmp")
    _discard(temporary)
    try:
        os.link(path, temporary)
    except OSError:
        # Not every file system has links (exFAT, some network shares).
        write_file(copy, path.read_bytes())
        return
    temporary.replace(copy)


def _discard(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()


def remove(path: Path) -> None:
    """Remove `path` for good; it may be gone already. Raises `OSError`."""
    with suppress(FileNotFoundError):
        path.unlink()
        sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make renames and removals in `directory` durable. Raises `OSError`."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
