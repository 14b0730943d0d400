from __future__ import annotations

from typing import Any

from flowplan.providers.sandbox.store import Doc
from flowplan.providers.sandbox.tasks import settled_task

BASE = "/_plugins/_ml/tasks"


def test_a_task_can_be_deleted_once(api: Any) -> None:
    task = api.ok("POST", f"/_plugins/_ml/models/{api.model(api.connector())}/_deploy")["task_id"]
    api.wait(1)
    assert api.ok("DELETE", f"{BASE}/{task}")["result"] == "deleted"
    assert api.refused("GET", f"{BASE}/{task}") == (404, "Failed to find task")
    assert api.refused("DELETE", f"{BASE}/{task}") == (404, "Failed to find task")


def test_tasks_are_found_by_state_as_of_now(api: Any) -> None:
    api.ok("POST", f"/_plugins/_ml/models/{api.model(api.connector())}/_deploy")
    running = {"term": {"state": "RUNNING"}}
    assert len(api.search("tasks", running)) == 1
    api.wait(1)
    assert api.search("tasks", running) == []


def test_a_registration_that_ends_while_it_is_looked_at_has_its_model_or_still_runs():
    class Ticking:
        """A node whose clock passes the end of the task at the second look."""

        id = "node"

        def __init__(self):
            self.times = iter((9, 11, 11))

        def now(self):
            return next(self.times)

    source = {"model_id": "m", "task_type": "REGISTER_MODEL", "function_name": "TEXT_EMBEDDING"}
    task = Doc("task", "t", {**source, "state": "RUNNING"}, {"done_at": 10, "error": None})
    seen = settled_task(task, Ticking()).source  # type: ignore[arg-type]
    assert (seen["state"] == "COMPLETED") == ("model_id" in seen)
