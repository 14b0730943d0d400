"""Where states are kept, behind one protocol; `open_backend` chooses by the location."""

from __future__ import annotations

import re

from flowplan.errors import StateError
from flowplan.state.backends.base import Backend, Snapshot

__all__ = ["Backend", "Snapshot", "open_backend"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_LATER = {"postgres", "postgresql", "s3", "opensearch"}


def open_backend(location: str) -> Backend:
    """The backend for a path, or a URL that begins with `file:`.

    Nothing is read or made yet. Raises `StateError`: FP408 for a kind of place that this
    version can't use yet, FP409 for one that is none.
    """
    found = _SCHEME.match(location)
    scheme = found[1].lower() if found else ""
    if scheme in _LATER:
        raise StateError.of(
            "FP408",
            f"states can't be kept in {scheme}:// yet",
            "This version keeps a state in a local file.",
            hint="Give a path: --state template.state.json",
        )
    if scheme not in {"", "file"}:
        raise StateError.of(
            "FP409",
            f"{scheme}:// is no place for a state",
            "A state is kept in a local file, given by its path or as file:PATH.",
            hint="Give a path: --state template.state.json",
        )
    path = location.removeprefix("file://") if scheme else location.removeprefix("file:")
    if not path or "\0" in path:
        raise StateError.of(
            "FP409",
            "the location of the state is empty",
            hint="Give a path: --state template.state.json",
        )
    # On first use: only commands that have a state need files and locks.
    from flowplan.state.backends.local import LocalBackend

    return LocalBackend(path)
