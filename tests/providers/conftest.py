"""A cluster that answers what a test says, for what a real one does too rarely."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pytest

from flowplan.errors import Diagnostic, Refused
from flowplan.protocol import Response

Answers = Callable[[str, str, Any], Any]


class FakeCluster:
    """Calls `answers(method, path, body)`: a body, or (status, body)."""

    deadline = 0.0

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.sent: list[tuple[str, str, Any]] = []
        self.told: list[str] = []
        self.notes: list[str] = []
        self.waits: list[float] = []
        self.others: tuple[str, ...] = ()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        safe: bool | None = None,
        accept: Sequence[int] = (),
    ) -> Response:
        self.sent.append((method, path, body))
        answer = self.answers(method, path, body)
        status, content = answer if isinstance(answer, tuple) else (200, answer)
        if status >= 400 and status not in accept:
            reason = str(content)
            raise Refused(Diagnostic("error", "FP310", reason), status=status, reason=reason)
        return Response(status, content)

    def batched(
        self, what: str, item: str, send: Callable[[Any, Sequence[str]], Collection[str]]
    ) -> bool:
        """Shared with `others`, which a test may set."""
        return item in send(self, [item, *self.others])

    def progress(self, text: str) -> None:
        self.told.append(text)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture
def fake() -> Callable[[Answers], FakeCluster]:
    return FakeCluster


@pytest.fixture
def hits() -> Callable[..., dict[str, Any]]:
    def hits(**documents: Any) -> dict[str, Any]:
        found = [{"_id": key, "_source": value} for key, value in documents.items()]
        return {"timed_out": False, "_shards": {"failed": 0}, "hits": {"hits": found}}

    return hits
