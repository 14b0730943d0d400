"""Connections to the one cluster that a server works on: one a run, so its secrets stay its own.

A connection asks with the server's credentials, or with those of whoever sent the request.

It must not know workflows. The sandbox is opened once and shared: it is the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flowplan.http import Connection, open_connection
from flowplan.server.credentials import signed_in

__all__ = ["Clusters"]

SANDBOX = "sandbox:"


class Clusters:
    """The cluster of an endpoint; `endpoint` is its name for people.

    Raises, when it is made, what `open_sandbox` and `open_connection` raise.
    """

    def __init__(
        self, url: str, sandbox: Path, environ: Mapping[str, str], *, verify: bool = True
    ) -> None:
        self._url = url
        self._environ = environ
        self._verify = verify
        self._adapter = None
        if url.startswith(SANDBOX):
            from flowplan.providers.sandbox.adapter import open_sandbox

            self._adapter = open_sandbox(url, default_path=sandbox)
        first = self._open()
        self.warnings = first.warnings
        path, mark, options = url.removeprefix(SANDBOX).partition("?")
        self.endpoint = first.endpoint
        if self._adapter is not None:
            self.endpoint = f"{SANDBOX}{Path(path).absolute() if path else ''}{mark}{options}"
        self._let_go(first)

    @contextmanager
    def connected(self, authorization: str = "") -> Iterator[Connection]:
        """A connection for one run or one question; `authorization` is the header of who asks.

        Raises `NotSignedIn` for a header that says nothing.
        """
        connection = self._open(authorization)
        try:
            yield connection
        finally:
            self._let_go(connection)

    def close(self) -> None:
        """Close the sandbox, where that is the cluster."""
        if self._adapter is not None:
            self._adapter.close()

    def _let_go(self, connection: Connection) -> None:
        # Closing a session closes its adapters, and the sandbox is everybody's.
        if self._adapter is None:
            connection.close()

    def _open(self, authorization: str = "") -> Connection:
        environ = self._environ
        if authorization:
            environ = {**environ, **signed_in(authorization)}
        if self._adapter is None:
            return open_connection(self._url, environ=environ, verify=self._verify)
        from flowplan.providers.sandbox.adapter import BASE_URL

        adapter = self._adapter
        return open_connection(
            BASE_URL, mounts={BASE_URL: lambda: adapter}, environ=environ, shown=self._url
        )
