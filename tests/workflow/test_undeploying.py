"""Many deployments taken back: one request for those that are asked for at the same time."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

from tests.lab import Lab
from tests.live.triples import multiply
from tests.workflow.requests_sent import watched

TRIPLES = 12


def undeployments(seen: list[str]) -> list[str]:
    return [it for it in seen if it.endswith("_undeploy")]


def slowly(_method: str, path: str, _body: str) -> None:
    """Let the sandbox answer, an undeployment only when others had time to be asked for."""
    if path.endswith("_undeploy"):
        time.sleep(0.1)


def test_deployments_are_destroyed_with_fewer_requests_than_there_are(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    multiply(lab, TRIPLES)
    lab.apply()
    with watched(slowly) as seen:
        summary = lab.destroy()
    assert (summary.state, summary.deleted) == ("NOT_STARTED", 3 * TRIPLES)
    assert lab.counts() == (0, 0, 0)
    # Ten at once: the first alone, the nine that came meanwhile together, then the rest.
    assert 2 <= len(undeployments(seen)) <= TRIPLES / 2


def test_one_after_the_other_each_has_a_request_of_its_own(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    multiply(lab, 3)
    lab.apply()
    with watched() as seen:
        lab.destroy(parallelism=1)
    assert len(set(undeployments(seen))) == 3


def test_a_cluster_that_takes_one_model_at_a_time_gets_them_so(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    multiply(lab, TRIPLES)
    lab.apply()
    refused = threading.Event()

    def one_at_a_time(method: str, path: str, body: str) -> Any:
        slowly(method, path, body)
        if not path.endswith("models/_undeploy"):
            return None
        refused.set()
        reason = {"type": "status_exception", "reason": "one model at a time"}
        return 400, json.dumps({"error": {"root_cause": [reason], **reason}, "status": 400})

    with watched(one_at_a_time):
        summary = lab.destroy()
    assert refused.is_set()
    assert (summary.failed, summary.deleted) == (0, 3 * TRIPLES)
    assert lab.counts() == (0, 0, 0)
