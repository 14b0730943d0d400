"""`_reindex` and the task of one that was not waited for; there are no documents to copy.

Such a task is over at once, and its result is kept as a real node keeps it in `.tasks`.
"""

from __future__ import annotations

from typing import Any

from flowplan.providers.sandbox import wire
from flowplan.providers.sandbox.indices import missing
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.routes import Route
from flowplan.providers.sandbox.store import Doc, Tx
from flowplan.providers.sandbox.wire import ApiError, JsonObject, Reply, Request

__all__ = ["ROUTES"]

_COUNTS = ("total", "updated", "created", "deleted", "batches", "version_conflicts", "noops")
_ACTION = "indices:data/write/reindex"


def reindex(node: Node, request: Request) -> Reply:
    """`POST _reindex`: without a document the destination is not made either (3.6.0, tried)."""
    body = request.object(wire.parse_error("request body is required"))
    given = (body.get("source") or {}).get("index") or ""
    sources = given if isinstance(given, list) else str(given).split(",")
    with node.store.writing() as tx:
        try:
            _check(tx, sources)
        except ApiError as error:
            if request.query.get("wait_for_completion") != "false":
                raise
            return _begun(node, tx, request, {"error": _told(error)})
        answer: JsonObject = {"took": 1, "timed_out": False, **dict.fromkeys(_COUNTS, 0)}
        answer |= {"retries": {"bulk": 0, "search": 0}, "throttled_millis": 0, "failures": []}
        if request.query.get("wait_for_completion") != "false":
            return Reply(wire.OK, answer)
        return _begun(node, tx, request, {"response": answer})


def _check(tx: Tx, sources: list[str]) -> None:
    for name in sources:
        if tx.get("index", name) is None and not _is_alias(tx, name):
            raise missing(name)


def _is_alias(tx: Tx, name: str) -> bool:
    return any(name in doc.source["aliases"] for doc in tx.find("index"))


def _told(error: ApiError) -> Any:
    body = error.reply().body
    return body["error"] if isinstance(body, dict) else {"type": error.type}


def _begun(node: Node, tx: Tx, request: Request, outcome: JsonObject) -> Reply:
    number = tx.count("reindex_tasks") + 1
    headers = {} if request.opaque_id is None else {"X-Opaque-Id": request.opaque_id}
    task: JsonObject = {
        "node": node.id, "id": number, "type": "transport", "action": _ACTION,
        "status": dict.fromkeys(_COUNTS, 0), "start_time_in_millis": node.now(),
        "running_time_in_nanos": 1_000_000, "cancellable": True, "cancelled": False,
        "headers": headers,
    }  # fmt: skip
    name = f"{node.id}:{number}"
    tx.put(Doc("node_task", name, {"completed": True, "task": task, **outcome}))
    return Reply(wire.OK, {"task": name})


def get_task(node: Node, request: Request) -> Reply:
    """`GET _tasks/{id}`."""
    name = request.args["id"]
    with node.store.reading() as tx:
        found = tx.get("node_task", name)
    if found is None:
        reason = f"task [{name}] isn't running and hasn't stored its results"
        raise ApiError(wire.NOT_FOUND, "resource_not_found_exception", reason)
    return Reply(wire.OK, found.source)


_PARAMS = frozenset(
    {"wait_for_completion", "refresh", "timeout", "slices", "scroll", "requests_per_second"}
    | {"require_alias", "wait_for_active_shards", "max_docs"}
)

ROUTES = (
    Route("POST", "/_reindex", reindex, _ACTION, _PARAMS),
    Route(
        "GET", "/_tasks/{id}", get_task, "cluster:monitor/task/get",
        frozenset({"wait_for_completion", "timeout"}), reads=True,
    ),
)  # fmt: skip
