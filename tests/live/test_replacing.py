"""A connector changed again and again while clients ask for predictions through it."""

from __future__ import annotations

import time

import pytest

from tests.lab import Lab, change_of
from tests.live.model_service import Traffic, predicting

pytestmark = pytest.mark.live

TIMES, A_SECOND = 10, 50.0


def served_from(traffic: Traffic, model: str) -> float:
    """When the first prediction began that this model answered."""
    return min(began for began, name in list(traffic.answered) if name == model)


def test_ten_changes_under_fifty_predictions_a_second_fail_none(lab: Lab) -> None:
    lab.apply()
    model, connectors = lab.ids()["model"], {lab.ids()["connector"]}
    late: list[float] = []
    with predicting(str(lab.endpoint), str(model), clients=8, rate=A_SECOND) as traffic:
        traffic.wait_for("gpt-3.5-turbo")
        began = time.monotonic()
        for number in range(TIMES):
            name = f"chat-{number}"
            lab.inputs("connector")["parameters"]["model"] = name
            assert change_of(lab.plan(), "connector").action == "replace"
            applied = time.monotonic()
            assert lab.apply().state == "COMPLETED"
            ended = time.monotonic()
            traffic.wait_for(name)
            late.append(served_from(traffic, name) - applied)
            time.sleep(1.0)
            assert {said for at, said in list(traffic.answered) if at > ended} == {name}
            (connector,) = lab.on_cluster()["connectors"]
            assert (connector["id"], lab.ids()["model"]) == (lab.ids()["connector"], model)
            connectors.add(connector["id"])
        took = time.monotonic() - began
    print(
        f"\n{TIMES} replacements under {len(traffic.answered) / took:.0f} predictions a second: "
        f"{len(traffic.answered)} answered, {len(traffic.failed)} failed; the new connector "
        f"served {max(late):.2f} s after the beginning of apply at the latest"
    )
    assert not traffic.failed
    assert len(connectors) == TIMES + 1
    assert lab.counts() == (1, 1, 1)
    plan = lab.plan()
    assert (plan.empty, plan.drift) == (True, ())
