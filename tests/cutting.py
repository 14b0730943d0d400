"""Ending a run at one of its requests, as a kill or a power cut would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
import requests

from flowplan.providers.sandbox.adapter import SandboxAdapter

__all__ = ["Cut", "cut_at", "cutter"]


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


@contextmanager
def cut_at(number: int, *, after: bool) -> Iterator[None]:
    """Cut off at the request of that number, from 0, and let none of the later ones leave."""
    send = SandboxAdapter.send
    sent = [0]

    def cutting(self: SandboxAdapter, request: requests.PreparedRequest, **kw: Any) -> Any:
        sent[0] += 1
        if sent[0] <= number or (after and sent[0] == number + 1):
            answer = send(self, request, **kw)
        if sent[0] > number:
            raise Cut
        return answer

    with mock.patch.object(SandboxAdapter, "send", cutting):
        yield
