"""Which of our requests a cluster still works on."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.planner.reconcile.tasks import look
from flowplan.protocol import Response


class Busy:
    """A cluster that works on requests with these ids."""

    def __init__(self, *opaque: str | None) -> None:
        headers = [{} if it is None else {"X-Opaque-Id": it} for it in opaque]
        self.tasks = [{"action": "cluster:admin/x", "headers": head} for head in headers]

    def request(self, *_: Any, **__: Any) -> Response:
        return Response(200, {"tasks": self.tasks})


@pytest.mark.parametrize(
    ("opaque", "running"),
    [
        ((), set()),
        ((None, "somebody-elses"), set()),
        (("b",), {"b"}),
        (("x", "a,b"), {"a", "b"}),
        (("ab",), set()),
    ],
)
def test_an_intent_is_seen_alone_and_in_a_batch(opaque: Any, running: set[str]) -> None:
    cluster: Any = Busy(*opaque)
    assert set(look(cluster, ["a", "b", "c"]).running or ()) == running
