"""A server on a sandbox of its own, in this process: requests go straight into the application."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from flowplan.providers.sandbox.adapter import BASE_URL
from flowplan.server import ServeSettings
from flowplan.server.access import Access
from flowplan.server.app import create_app
from flowplan.server.clusters import Clusters
from flowplan.server.routes import PREFIX
from flowplan.server.service import open_service

__all__ = ["PREFIX", "Bench"]


class Bench:
    """What is in `directory` stays: a second bench on it is the server after a restart."""

    def __init__(
        self,
        directory: Path,
        sandbox: str = "deploy=20ms",
        *,
        settings: ServeSettings | None = None,
        store: str | None = None,
        environ: Mapping[str, str] | None = None,
        endpoint: str | None = None,
        access: Callable[[Clusters], Access] | None = None,
        public_metrics: bool = False,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        url = endpoint or f"sandbox:?{sandbox}"
        self.clusters = Clusters(url, directory / "sandbox.db", {})
        self.service = open_service(
            self.clusters,
            settings or ServeSettings(drain=10.0),
            directory=directory / "serve",
            store=store,
            environ=environ or {},
            access=access(self.clusters) if access is not None else None,
        )
        self.sandbox = self.clusters._adapter
        self.app = create_app(self.service, public_metrics=public_metrics)
        self.client = self.app.test_client()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.service.end()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str | None = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Status and decoded body; a path without a slash in front is below the prefix."""
        where = path if path.startswith("/") else f"{PREFIX}/{path}".rstrip("/")
        data = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
        answer = self.client.open(
            where,
            method=method,
            data=data or None,
            content_type=content_type if data else None,
            headers=dict(headers or {}),
        )
        if answer.mimetype == "application/json":
            return answer.status_code, answer.json
        return answer.status_code, answer.text

    def create(self, template: Any, query: str = "") -> str:
        """Keep a template; the workflow's id."""
        status, body = self.ask("POST", f"?{query}" if query else "", template)
        assert status in {201, 202}, body
        found: str = body["workflow_id"]
        return found

    def settle(self, seconds: float = 20.0) -> None:
        """Wait for the runs that go on."""
        for run in self.service.runs._there():
            assert run.wait(seconds)

    def cluster(self, method: str, path: str, text: str = "") -> tuple[int, Any]:
        """Ask the sandbox itself, as somebody else would."""
        assert self.sandbox is not None
        request = requests.Request(
            method,
            BASE_URL.rstrip("/") + path,
            data=text or None,
            headers={"Content-Type": "application/json"} if text else {},
        )
        answer = self.sandbox.send(request.prepare())
        return answer.status_code, answer.json() if answer.content else None
