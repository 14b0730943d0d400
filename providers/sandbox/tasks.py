"""`/_plugins/_ml/tasks`: what registering and deploying leave behind (06: 9, 41; 09: 17-19; 10).

Like a deployment, a task's state is a function of its stored times.
"""

from __future__ import annotations

from flowplan.dataclass import replace
from flowplan.providers.sandbox import javajson, search, wire
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.routes import Route
from flowplan.providers.sandbox.store import Doc, Tx
from flowplan.providers.sandbox.wire import JsonObject, Reply, Request

__all__ = ["ROUTES", "new_task", "settled_task"]


def new_task(
    node: Node,
    tx: Tx,
    task_type: str,
    model: Doc,
    *,
    is_async: bool,
    seconds: float = 0,
    error: str | None = None,
) -> str:
    """Make a task that ends after `seconds`, with `error` when it fails; returns its id."""
    now = node.now()
    source = {
        "model_id": model.id,
        "task_type": task_type,
        "function_name": model.source["algorithm"],
        "state": "RUNNING",
        "worker_node": [node.id],
        "create_time": now,
        "last_update_time": now,
        "is_async": is_async,
    }
    private = {"done_at": now + int(seconds * 1000), "error": error}
    id_ = node.new_id()
    tx.put(Doc("task", id_, source, private))
    return id_


def settled_task(task: Doc, node: Node) -> Doc:
    """The task as it is now; writes nothing."""
    done_at = task.private["done_at"]
    # One look at the clock: between two it may be done without its model's id.
    running = node.now() < done_at
    if running or task.private["error"] is not None:
        task = replace(task, source=_without_model(task.source))
    if running:
        return task
    source = {**task.source, "state": "COMPLETED", "last_update_time": done_at}
    if task.private["error"] is not None:
        source["state"] = "FAILED"
        source["error"] = javajson.compact({node.id: task.private["error"]})
    return replace(task, source=source, version=task.version + 2)


def _without_model(source: JsonObject) -> JsonObject:
    """A local model's id is told once it is registered, as ML Commons' documentation has it."""
    local = source["task_type"] == "REGISTER_MODEL" and source["function_name"] != "REMOTE"
    return {key: value for key, value in source.items() if key != "model_id"} if local else source


def get(node: Node, request: Request) -> Reply:
    """`GET tasks/{id}`."""
    with node.store.reading() as tx:
        task = tx.get("task", request.args["id"])
    if task is None:
        raise wire.status_error(wire.NOT_FOUND, "Failed to find task")
    return Reply(wire.OK, settled_task(task, node).source)


def delete(node: Node, request: Request) -> Reply:
    """`DELETE tasks/{id}` (09: 18)."""
    with node.store.writing() as tx:
        task = tx.get("task", request.args["id"])
        if task is None:
            raise wire.status_error(wire.NOT_FOUND, "Failed to find task")
        done = tx.delete("task", task.id, settled_task(task, node).version)
    return node.written("task", done)


def find(node: Node, request: Request) -> Reply:
    """`_search`, for example by `model_id` (FACTS, "Reading in bulk")."""
    return search.answer(node, "task", request, settled_task)


_BASE = "/_plugins/_ml/tasks"
_ACTION = "cluster:admin/opensearch/ml/tasks"

ROUTES = (
    Route("POST", f"{_BASE}/_search", find, f"{_ACTION}/search", reads=True),
    Route("GET", f"{_BASE}/_search", find, f"{_ACTION}/search", reads=True),
    Route("GET", f"{_BASE}/{{id}}", get, f"{_ACTION}/get", reads=True),
    Route("DELETE", f"{_BASE}/{{id}}", delete, f"{_ACTION}/delete"),
)
