"""`/_plugins/_ml/models`: register, read, update, delete, search.

Answers as in transcript 06. Deploying is `deployments`; must not know how a prediction is made.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from flowplan.dataclass import replace
from flowplan.providers.sandbox import connector_body, model_body, search, wire
from flowplan.providers.sandbox.deployment import is_cached, serving_snapshot, settled
from flowplan.providers.sandbox.deployments import start
from flowplan.providers.sandbox.model_groups import join_or_make, next_version
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.routes import Route
from flowplan.providers.sandbox.store import Doc, Tx
from flowplan.providers.sandbox.tasks import new_task
from flowplan.providers.sandbox.wire import ApiError, Reply, Request

__all__ = ["ROUTES"]

_BUSY = (
    "Model cannot be deleted in deploying or deployed state. Try undeploy model first then delete"
)


def register(node: Node, request: Request) -> Reply:
    """`POST models/_register` (06: 8-32): the task is COMPLETED at once, `?deploy=true` deploys.

    A local model's id is only in its task, once that is done.
    """
    body = request.object(wire.parse_error("request body is required"))
    source, private = model_body.registered(body)
    model_body.refuse_incomplete(source, body)
    with node.store.writing() as tx:
        _check_connector(node, tx, source, private)
        if source["algorithm"] != "REMOTE":
            return _register_local(node, tx, source, private, deploy=request.flag("deploy"))
        model = _insert(node, tx, source, private)
        task = new_task(node, tx, "REGISTER_MODEL", model, is_async=False)
        if request.flag("deploy"):
            # A read just after the registration still says REGISTERED (06: 28).
            start(node, tx, model, shown_after=node.options.deploy / 3)
    return Reply(wire.OK, {"task_id": task, "status": "CREATED", "model_id": model.id})


def _register_local(
    node: Node, tx: Tx, source: dict[str, Any], private: dict[str, Any], *, deploy: bool
) -> Reply:
    """Nothing is downloaded: it takes the option's time, and where it fails nothing is left."""
    pattern, seconds = node.options.register_fail, node.options.register
    error = None
    if pattern is not None and fnmatchcase(source["name"], pattern):
        error = "registration failed: injected by the sandbox's register_fail"
        model = Doc("model", node.new_id(), source, private)
    else:
        until = node.now() + int(seconds * 1000)
        model = _insert(node, tx, source, {**private, "registered_at": until})
    task = new_task(node, tx, "REGISTER_MODEL", model, is_async=True, seconds=seconds, error=error)
    if deploy and error is None:
        start(node, tx, model, shown_after=node.options.deploy / 3, delay=seconds)
    return Reply(wire.OK, {"task_id": task, "status": "CREATED"})


def _check_connector(node: Node, tx: Tx, source: dict[str, Any], private: dict[str, Any]) -> None:
    id_ = source.get("connector_id")
    if id_ is not None and tx.get("connector", id_) is None:
        raise wire.status_error(wire.NOT_FOUND, f"Failed to find connector:{id_}")
    if "connector" in source:
        connector_body.check_usable(source["connector"], private["credential_keys"])
        connector_body.check_complete(source["connector"])
        connector_body.check_url(source["connector"], node.setting(tx, connector_body.TRUSTED))


def _insert(node: Node, tx: Tx, source: dict[str, Any], private: dict[str, Any]) -> Doc:
    group_id = source.get("model_group_id")
    if group_id is None:
        group_id = join_or_make(node, tx, source["name"], source.get("description"))
    elif tx.get("model_group", group_id) is None:
        raise ApiError(
            wire.SERVER_ERROR,
            "m_l_resource_not_found_exception",
            f"Model Group Response is empty for {group_id}",
        )
    now = node.now()
    source = {
        **source,
        "model_group_id": group_id,
        "model_version": next_version(node, tx, group_id),
        "model_state": "REGISTERED",
        "created_time": now,
        "last_updated_time": now,
    }
    model = Doc("model", node.new_id(), source, private)
    return replace(model, version=tx.put(model).version)


def get(node: Node, request: Request) -> Reply:
    """`GET models/{id}` (06: 10, 40, 77)."""
    id_ = request.args["id"]
    with node.store.reading() as tx:
        model = tx.get("model", id_)
    if model is None:
        reason = f"Failed to find model with the provided model id: {id_}"
        raise wire.status_error(wire.NOT_FOUND, reason)
    return Reply(wire.OK, settled(model, node).source)


def update(node: Node, request: Request) -> Reply:
    """`PUT models/{id}` (06: 33, 55-65); a new connector_id moves a deployed model at once.

    A connector_id that does not exist is accepted, and the deployed model goes on with the old one
    (transcript 07, calls 2-5). DEPLOYING is 409, as a node answers too.
    """
    body = request.object(wire.parse_error("Failed to update model: Request body is empty"))
    id_ = request.args["id"]
    with node.store.writing() as tx:
        found = tx.get("model", id_)
        if found is None:
            reason = f"Failed to find model to update with the provided model id: {id_}"
            raise wire.status_error(wire.NOT_FOUND, reason)
        model = settled(found, node)
        if model.source["model_state"] == "DEPLOYING":
            raise wire.status_error(
                wire.CONFLICT,
                "Model is deploying. Please wait for the model to complete deployment. "
                f"model ID {id_}",
            )
        done = tx.put(_changed(node, tx, model, body))
    return node.written("model", done)


def _changed(node: Node, tx: Tx, model: Doc, body: dict[str, Any]) -> Doc:
    source = model_body.updated(model.source, body)
    group_id = source["model_group_id"]
    if group_id != model.source["model_group_id"]:
        if tx.get("model_group", group_id) is None:
            raise wire.status_error(
                wire.NOT_FOUND,
                "Failed to find the model group with the provided model group id in the update "
                f"model input, MODEL_GROUP_ID: {group_id}",
            )
        source["model_version"] = next_version(node, tx, group_id)
    if isinstance(body.get("connector"), dict):
        _change_inline(node, tx, model, source, body["connector"])
    source |= {"model_id": model.id, "last_updated_time": node.now()}
    changed = replace(model, source=source)
    if is_cached(model) and ({"connector_id", "connector"} & body.keys()):
        serving = serving_snapshot(node, tx, changed)
        if serving is not None:
            changed = replace(changed, private={**changed.private, "serving": serving})
    return changed


def _change_inline(
    node: Node, tx: Tx, model: Doc, source: dict[str, Any], body: dict[str, Any]
) -> None:
    keys = model.private.get("credential_keys", [])
    inline, merged = connector_body.updated(source["connector"], keys, body)
    connector_body.check_url(inline, node.setting(tx, connector_body.TRUSTED))
    source["connector"] = inline
    model.private["credential_keys"] = merged


def delete(node: Node, request: Request) -> Reply:
    """`DELETE models/{id}` (06: 52, 76, 78): not while deployed or deploying."""
    id_ = request.args["id"]
    with node.store.writing() as tx:
        found = tx.get("model", id_)
        if found is None:
            raise wire.status_error(wire.NOT_FOUND, "Failed to find model")
        model = settled(found, node)
        if model.source["model_state"] in {"DEPLOYING", "DEPLOYED"}:
            raise wire.status_error(wire.BAD_REQUEST, _BUSY)
        done = tx.delete("model", id_, model.version)
    return node.written("model", done)


def find(node: Node, request: Request) -> Reply:
    """`_search` (06: 67)."""
    return search.answer(node, "model", request, settled)


_BASE = "/_plugins/_ml/models"
_ACTION = "cluster:admin/opensearch/ml"

ROUTES = (
    Route(
        "POST",
        f"{_BASE}/_register",
        register,
        f"{_ACTION}/register_model",
        frozenset({"deploy"}),
    ),
    Route("POST", f"{_BASE}/_search", find, f"{_ACTION}/models/search", reads=True),
    Route("GET", f"{_BASE}/_search", find, f"{_ACTION}/models/search", reads=True),
    Route("GET", f"{_BASE}/{{id}}", get, f"{_ACTION}/models/get", reads=True),
    Route("PUT", f"{_BASE}/{{id}}", update, f"{_ACTION}/models/update"),
    Route("DELETE", f"{_BASE}/{{id}}", delete, f"{_ACTION}/models/delete"),
)
