"""Ending a run at one of its requests, as a kill or a power cut would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from flowplan.providers.sandbox.adapter import SandboxAdapter

__all__ = ["Cut", "cutter"]


class Cut(BaseException):
    """The process ends here."""


def cutter(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """arm(method, part, after=…): cut off at a request, before it leaves or after it took effect."""

    def arm(method: str, part: str, *, after: bool, times: int = 1) -> None:
        send = SandboxAdapter.send
        left = [times]

        def cutting(self: SandboxAdapter, request: requests.PreparedRequest, **kw: Any) -> Any:
            hit = left[0] > 0 and request.method == method and part in str(request.url)
            if hit:
                left[0] -= 1
            if hit and not after:
                raise Cut
            answer = send(self, request, **kw)
            if hit:
                raise Cut
            return answer

        monkeypatch.setattr(SandboxAdapter, "send", cutting)

    return arm
