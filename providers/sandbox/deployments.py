"""`_deploy` and `_undeploy` of models (transcripts 06: 39-45, 68-73; 10).

A deploy is answered COMPLETED at once, while the task is RUNNING and the model DEPLOYING.
"""

from __future__ import annotations

from flowplan.providers.sandbox import wire
from flowplan.providers.sandbox.deployment import (
    INJECTED,
    begin,
    fails,
    is_cached,
    serving_snapshot,
    settled,
    undeployed,
)
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.routes import Route
from flowplan.providers.sandbox.store import Doc, Tx
from flowplan.providers.sandbox.tasks import new_task
from flowplan.providers.sandbox.wire import ApiError, Reply, Request

__all__ = ["ROUTES", "start"]


def _unknown() -> ApiError:
    return wire.status_error(wire.NOT_FOUND, "Failed to find model")


def start(node: Node, tx: Tx, model: Doc, shown_after: float, delay: float = 0) -> str:
    """Begin a deployment after `delay` seconds and make its task; returns the task's id.

    Expects a settled model.
    """
    serving = model.private.get("serving")
    seconds = node.options.deploy
    if serving is None:
        serving = serving_snapshot(node, tx, model)
        if serving is None:
            reason = f"Failed to find connector:{model.source.get('connector_id')}"
            raise wire.status_error(wire.NOT_FOUND, reason)
    elif "deploy" not in model.private:
        seconds /= 3  # already in the cache: only the state is written again
    error = INJECTED if fails(node, model) else None
    ends = delay + seconds
    task = new_task(node, tx, "DEPLOY_MODEL", model, is_async=True, seconds=ends, error=error)
    tx.put(begin(model, node, serving, delay + shown_after, ends))
    return task


def deploy(node: Node, request: Request) -> Reply:
    """`POST models/{id}/_deploy`; again on a deployed model is 200 too (06: 43)."""
    with node.store.writing() as tx:
        model = tx.get("model", request.args["id"])
        if model is None:
            raise _unknown()
        task = start(node, tx, settled(model, node), shown_after=0)
    body = {"task_id": task, "task_type": "DEPLOY_MODEL", "status": "COMPLETED"}
    return Reply(wire.OK, body)


def _undeploy(node: Node, tx: Tx, ids: list[str]) -> Reply:
    stats: dict[str, str] = {}
    known = False
    for id_ in ids:
        found = tx.get("model", id_)
        if found is None:
            stats[id_] = "not_found"
            continue
        model = settled(found, node)
        stats[id_] = "undeployed" if is_cached(model) else "not_found"
        # Also when not found: the document is written, its version counts on (06: 71, 74).
        tx.put(undeployed(model))
        known = True
    if not known:
        raise _unknown()
    return Reply(wire.OK, {node.id: {"stats": stats}})


def undeploy(node: Node, request: Request) -> Reply:
    """`POST models/{id}/_undeploy` (06: 68, 71, 72)."""
    with node.store.writing() as tx:
        return _undeploy(node, tx, [request.args["id"]])


def undeploy_list(node: Node, request: Request) -> Reply:
    """`POST models/_undeploy` with `model_ids` (06: 73)."""
    body = request.object(wire.parse_error("request body is required"))
    ids = body.get("model_ids")
    if not isinstance(ids, list) or not ids:
        raise wire.illegal_argument("Must set specific model ids to undeploy")
    with node.store.writing() as tx:
        return _undeploy(node, tx, [str(id_) for id_ in ids])


_BASE = "/_plugins/_ml/models"
_ACTION = "cluster:admin/opensearch/ml"

ROUTES = (
    Route("POST", f"{_BASE}/{{id}}/_deploy", deploy, f"{_ACTION}/deploy_model"),
    Route("POST", f"{_BASE}/{{id}}/_undeploy", undeploy, f"{_ACTION}/undeploy_models"),
    Route("POST", f"{_BASE}/_undeploy", undeploy_list, f"{_ACTION}/undeploy_models"),
)
