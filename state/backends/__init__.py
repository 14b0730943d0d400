"""Where states are kept, behind one protocol; `open_backend` chooses by the location."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from flowplan.errors import StateError
from flowplan.state.backends.base import Backend, Snapshot

__all__ = ["Backend", "Snapshot", "open_backend"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_KINDS = "a path, file:PATH, postgres://…, s3://…, opensearch://…"


def open_backend(location: str, environ: Mapping[str, str] = os.environ) -> Backend:
    """The backend for a path, or for the URL of a place that keeps states.

    Nothing is read or made yet. Raises `StateError` FP409 for what is no place, FP408 for one
    whose package is not installed, and those of the place for a URL that it can't use.
    """
    found = _SCHEME.match(location)
    scheme = found[1].lower() if found else ""
    if scheme not in {"", "file"}:
        return _remote(scheme, location, environ)
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


def _remote(scheme: str, url: str, environ: Mapping[str, str]) -> Backend:
    # Each on first use: a database's or a cloud's library is loaded by whom it serves.
    from flowplan.state.backends.remote import RemoteBackend

    if scheme in {"postgres", "postgresql"}:
        from flowplan.state.backends.postgres import PostgresStore

        return RemoteBackend(PostgresStore.at(url, environ), environ)
    if scheme == "s3":
        from flowplan.state.backends.s3 import S3Store

        return RemoteBackend(S3Store.at(url, environ), environ)
    if scheme == "opensearch":
        from flowplan.state.backends.opensearch import OpenSearchStore

        return RemoteBackend(OpenSearchStore.at(url, environ), environ)
    raise StateError.of(
        "FP409",
        f"{scheme}:// is no place for a state",
        f"A state is kept in one of: {_KINDS}.",
        hint="Give a path: --state template.state.json",
    )
