from __future__ import annotations

from typing import Any

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
