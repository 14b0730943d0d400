"""The sandbox in this process, behind a requests transport adapter.

Mounted on `http+sandbox://local/`, so that the providers run the same code as on a real cluster.
The scheme begins with `http` because requests drops query parameters of all others. The only module
of the sandbox that may import requests.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from flowplan.providers.sandbox.app import TIMEOUT_KEY, SandboxApp
from flowplan.providers.sandbox.faults import AnswerTooLate, Disconnect
from flowplan.providers.sandbox.options import parse_options

__all__ = ["BASE_URL", "SandboxAdapter", "open_sandbox"]

BASE_URL = "http+sandbox://local/"


def open_sandbox(url: str, *, default_path: Path) -> SandboxAdapter:
    """The adapter of a sandbox URL; `sandbox:` without a path is `default_path`."""
    return SandboxAdapter(SandboxApp(parse_options(url).at(default_path)))


class SandboxAdapter(BaseAdapter):
    """Calls the application in this process; safe for many threads and sessions at once."""

    def __init__(self, app: SandboxApp) -> None:
        super().__init__()
        self.app = app

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer a request as a node at the other end of a connection would."""
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        started: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            started.update(status=status, headers=headers)

        began = time.perf_counter()
        try:
            content = b"".join(self.app(_environ(request, patience), start_response))
        except AnswerTooLate as error:
            raise requests.exceptions.ReadTimeout(str(error), request=request) from error
        except Disconnect as error:
            raise requests.exceptions.ConnectionError(str(error), request=request) from error
        response = requests.Response()
        code, _, reason = started["status"].partition(" ")
        response.status_code = int(code)
        response.reason = reason
        response.headers = CaseInsensitiveDict(started["headers"])
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        response.raw = io.BytesIO(content)
        response._content = content  # noqa: SLF001
        response.url = request.url or BASE_URL
        response.request = request
        # Session.send replaces it by the time around this call; callers without a session see ours.
        response.elapsed = timedelta(seconds=time.perf_counter() - began)
        return response

    def close(self) -> None:
        """Close the application's database connections."""
        self.app.close()


def _environ(request: requests.PreparedRequest, patience: float | None) -> dict[str, Any]:
    parts = urlsplit(request.url or BASE_URL)
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()
    path = unquote(parts.path) or "/"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method or "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": parts.query,
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "local",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        TIMEOUT_KEY: patience,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ
