from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import ProviderError
from flowplan.providers.registering import (
    NothingMade,
    TaskGone,
    await_model_id,
    await_registered,
)


def scripted(*rest: Any) -> Any:
    """These answers one after the other, the last one for ever."""
    left = list(rest)
    return lambda *_: left.pop(0) if len(left) > 1 else left[0]


def test_a_task_is_polled_until_it_has_the_model(fake: Any) -> None:
    cluster = fake(
        scripted(
            {"state": "CREATED"}, {"state": "RUNNING"}, {"state": "COMPLETED", "model_id": "m"}
        )
    )
    assert await_model_id(cluster, "t/1") == "m"
    assert cluster.sent[0][1] == "/_plugins/_ml/tasks/t%2F1"
    assert cluster.told == ["registering (task CREATED)", "registering (task RUNNING)"]
    assert cluster.waits[0] == 0.05


def test_polls_of_a_long_download_grow_to_two_seconds(fake: Any) -> None:
    cluster = fake(scripted(*[{"state": "RUNNING"}] * 20, {"state": "COMPLETED", "model_id": "m"}))
    await_model_id(cluster, "t")
    assert cluster.waits == sorted(cluster.waits)
    assert cluster.waits[-1] == 2.0


@pytest.mark.parametrize("end", ["FAILED", "COMPLETED_WITH_ERROR", "CANCELLED", "EXPIRED"])
def test_a_task_that_fails_says_why(fake: Any, end: str) -> None:
    with pytest.raises(NothingMade) as caught:
        await_model_id(fake(scripted({"state": end, "error": "no such model"})), "t")
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.detail) == ("FP350", "no such model")
    assert end in diagnostic.summary


@pytest.mark.parametrize("answer", [(404, "x"), (200, [])])
def test_a_task_that_is_gone_is_an_error_of_its_own(fake: Any, answer: Any) -> None:
    with pytest.raises(TaskGone) as caught:
        await_model_id(fake(scripted(answer)), "t")
    assert caught.value.diagnostics[0].code == "FP351"


def test_a_task_that_is_done_without_a_model_is_not_understood(fake: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        await_model_id(fake(scripted({"state": "COMPLETED"})), "t")
    assert caught.value.diagnostics[0].code == "FP324"


def test_a_model_is_polled_until_it_is_registered(fake: Any) -> None:
    cluster = fake(scripted({"model_state": "REGISTERING"}, {"model_state": "REGISTERED"}))
    await_registered(cluster, "m")
    assert cluster.told == ["registering (model REGISTERING)"]


def test_a_model_whose_registration_failed_is_an_error(fake: Any) -> None:
    with pytest.raises(NothingMade) as caught:
        await_registered(fake(scripted({"model_state": "REGISTER_FAILED"})), "m")
    assert "gives no reason" in caught.value.diagnostics[0].detail
