"""Which of our requests the cluster still works on, and what its clock says.

`GET /_tasks` shows the `X-Opaque-Id` of every request from dispatch to its last write (FACTS,
"Finding a request whose answer was lost"); a batch has several there, with commas. Must not know
resources.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from flowplan.dataclass import dataclass
from flowplan.errors import Refused
from flowplan.protocol import Cluster

__all__ = ["Look", "look"]

LISTING = "cluster:monitor/tasks/lists"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the cluster's requests.

    `running` is None where looking is not allowed; `offset` is the cluster's clock less ours,
    in seconds.
    """

    running: frozenset[str] | None
    offset: float = 0.0


def look(cluster: Cluster, ids: Iterable[str]) -> Look:
    """Which of the intents `ids` are being worked on now. Raises what `request` raises."""
    before = time.time()
    try:
        answer = cluster.request(
            "GET", "/_tasks", params={"detailed": "true", "group_by": "none"}, safe=True
        )
    except Refused as error:
        if error.status in (401, 403):
            return Look(None)
        raise
    ours = frozenset(ids)
    tasks = answer.body.get("tasks", []) if isinstance(answer.body, dict) else []
    running = {
        intent
        for task in tasks
        for intent in str((task.get("headers") or {}).get("X-Opaque-Id")).split(",")
    }
    own = [
        task["start_time_in_millis"] / 1000
        for task in tasks
        if str(task.get("action", "")).startswith(LISTING) and "start_time_in_millis" in task
    ]
    return Look(ours & running, (max(own) - before) if own else 0.0)
