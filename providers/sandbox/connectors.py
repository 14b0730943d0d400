"""`/_plugins/_ml/connectors`: create, read, update, delete, search.

Answers as in transcript 05; the guards that protect models are here, because they and the write are
one transaction.
"""

from __future__ import annotations

from flowplan.providers.sandbox import connector_body, search, wire
from flowplan.providers.sandbox.deployment import is_held, settled
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.routes import Route
from flowplan.providers.sandbox.store import Doc, Tx
from flowplan.providers.sandbox.wire import ApiError, Reply, Request

__all__ = ["ROUTES"]

# ML Commons looks for users by a search of the default size, so it never names more than ten.
_LISTED = 10
_MCP = "plugins.ml_commons.mcp_connector_enabled"


def _unknown(id: str) -> ApiError:
    reason = f"Failed to find connector with the provided connector id: {id}"
    return wire.status_error(wire.NOT_FOUND, reason)


def _found(tx: Tx, id: str) -> Doc:
    doc = tx.get("connector", id)
    if doc is None:
        raise _unknown(id)
    connector_body.check_usable(doc.source, doc.private["credential_keys"])
    return doc


def create(node: Node, request: Request) -> Reply:
    """`POST connectors/_create` (05: 0, 23-41); names need not be unique."""
    empty = ApiError(wire.SERVER_ERROR, "i_o_exception", "Create Connector request has empty body")
    source, credential = connector_body.created(request.object(empty))
    connector_body.check_usable(source, credential)
    connector_body.check_complete(source)
    now = node.now()
    id_ = node.new_id()
    times = {"created_time": now, "last_updated_time": now}
    with node.store.writing() as tx:
        _check_tools_allowed(node, tx, source["protocol"])
        connector_body.check_url(source, node.setting(tx, connector_body.TRUSTED))
        tx.put(Doc("connector", id_, source | times, {"credential_keys": credential}))
    return Reply(wire.OK, {"connector_id": id_})


def _check_tools_allowed(node: Node, tx: Tx, protocol: str) -> None:
    if protocol.startswith("mcp_") and str(node.setting(tx, _MCP)).lower() != "true":
        reason = f"The MCP connector is not enabled. To enable, please update the setting {_MCP}"
        raise ApiError(wire.SERVER_ERROR, "exception", reason)


def get(node: Node, request: Request) -> Reply:
    """`GET connectors/{id}` (05: 1, 11, 20)."""
    with node.store.reading() as tx:
        return Reply(wire.OK, _found(tx, request.args["id"]).source)


def _users(tx: Tx, id: str) -> list[Doc]:
    return list(tx.find("model", "connector_id", [id]))


def _still_used(users: list[str], what: str, status: int) -> None:
    if users:
        ids = users[:_LISTED]
        raise wire.status_error(
            status,
            f"{len(ids)} models are still using this connector, please {what} the models first: "
            f"[{', '.join(ids)}]",
        )


def update(node: Node, request: Request) -> Reply:
    """`PUT connectors/{id}` (05: 3-19; 06: 35, 54); refused while a model on it is in the cache."""
    body = request.object(wire.parse_error("Failed to update connector: Request body is empty"))
    id_ = request.args["id"]
    now = node.now()
    with node.store.writing() as tx:
        doc = _found(tx, id_)
        source, credential = connector_body.updated(
            doc.source, doc.private["credential_keys"], body
        )
        connector_body.check_url(source, node.setting(tx, connector_body.TRUSTED))
        deployed = [user.id for user in _users(tx, id_) if is_held(settled(user, node))]
        _still_used(deployed, "undeploy", wire.BAD_REQUEST)
        source["last_updated_time"] = now
        done = tx.put(Doc("connector", id_, source, {"credential_keys": credential}, doc.version))
    return node.written("connector", done)


def delete(node: Node, request: Request) -> Reply:
    """`DELETE connectors/{id}` (05: 14, 21, 44-46; 06: 53); an unknown id is 200 `not_found`."""
    id_ = request.args["id"]
    with node.store.writing() as tx:
        _still_used([user.id for user in _users(tx, id_)], "delete or update", wire.CONFLICT)
        done = tx.delete("connector", id_)
    return node.written("connector", done)


def find(node: Node, request: Request) -> Reply:
    """`_search` (05: 42, 43): what GET shows, without credentials, broken connectors included."""
    return search.answer(node, "connector", request)


_BASE = "/_plugins/_ml/connectors"
_ACTION = "cluster:admin/opensearch/ml"

ROUTES = (
    Route("POST", f"{_BASE}/_create", create, f"{_ACTION}/create_connector"),
    Route("POST", f"{_BASE}/_search", find, f"{_ACTION}/connectors/search", reads=True),
    Route("GET", f"{_BASE}/_search", find, f"{_ACTION}/connectors/search", reads=True),
    Route("GET", f"{_BASE}/{{id}}", get, f"{_ACTION}/connectors/get", reads=True),
    Route("PUT", f"{_BASE}/{{id}}", update, f"{_ACTION}/connectors/update"),
    Route("DELETE", f"{_BASE}/{{id}}", delete, f"{_ACTION}/connectors/delete"),
)
