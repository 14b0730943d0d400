"""`/_plugins/_ml/model_groups` (transcript 06: 0-7, 17-18, 81-83; NORMALISATION 3).

Registering a model without a group joins the group of its name or makes one; the sandbox never
makes two when registrations race, a real node does.
"""

from __future__ import annotations

from flowplan.dataclass import replace
from flowplan.providers.sandbox import checks, search, wire
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.routes import Route
from flowplan.providers.sandbox.store import Doc, Tx
from flowplan.providers.sandbox.wire import ApiError, JsonObject, Reply, Request

__all__ = ["ROUTES", "join_or_make", "next_version"]


_MODES = frozenset({"public", "private", "restricted"})


def _named(tx: Tx, name: str) -> Doc | None:
    return next(tx.find("model_group", "name", [name]), None)


def _make(node: Node, tx: Tx, name: str, description: str | None) -> str:
    now = node.now()
    source = {
        "name": name,
        "latest_version": 0,
        **({} if description is None else {"description": description}),
        "access": "public",
        "created_time": now,
        "last_updated_time": now,
    }
    id_ = node.new_id()
    tx.put(Doc("model_group", id_, source))
    return id_


def join_or_make(node: Node, tx: Tx, name: str, description: str | None) -> str:
    """The id of the group for a model that names none (06: 11-14)."""
    found = _named(tx, name)
    return found.id if found else _make(node, tx, name, description)


def next_version(node: Node, tx: Tx, id: str) -> str:
    """Count a registration in a group; the number is the model's `model_version`."""
    group = tx.get("model_group", id)
    if group is None:
        raise _unknown(id)
    latest = group.source["latest_version"] + 1
    source = {**group.source, "latest_version": latest, "last_updated_time": node.now()}
    tx.put(replace(group, source=source))
    return str(latest)


def _unknown(id: str) -> ApiError:
    reason = f"Failed to find model group with the provided model group id: {id}"
    return wire.status_error(wire.NOT_FOUND, reason)


def _check_texts(name: str | None, description: str | None, required: bool) -> None:
    checks.safe_texts(
        {
            "Model group name": (name, required),
            "Model group description": (description, False),
        }
    )


def _refuse_access(body: JsonObject) -> None:
    """Who may use a group can be said only where the security plugin is (3.6.0, checked)."""
    if (
        checks.text(body, "access_mode") in _MODES
        or body.get("backend_roles")
        or "add_all_backend_roles" in body
    ):
        raise wire.illegal_argument(
            "You cannot specify model access control parameters because the Security plugin or "
            "model access control is disabled on your cluster."
        )


def register(node: Node, request: Request) -> Reply:
    """`POST model_groups/_register` (06: 0-2)."""
    body = request.object(wire.parse_error("Model group request has empty body"))
    name, description = checks.text(body, "name"), checks.text(body, "description")
    if name is None:
        reason = "model group name must not be null"
        raise ApiError(wire.SERVER_ERROR, "null_pointer_exception", reason)
    _check_texts(name, description, required=True)
    _refuse_access(body)
    with node.store.writing() as tx:
        taken = _named(tx, name)
        if taken is not None:
            raise wire.illegal_argument(
                f"The name you provided is already being used by a model group with ID: {taken.id}."
            )
        id_ = _make(node, tx, name, description)
    return Reply(wire.OK, {"model_group_id": id_, "status": "CREATED"})


def get(node: Node, request: Request) -> Reply:
    """`GET model_groups/{id}` (06: 3, 4, 17)."""
    id_ = request.args["id"]
    with node.store.reading() as tx:
        group = tx.get("model_group", id_)
    if group is None:
        raise _unknown(id_)
    return Reply(wire.OK, group.source)


def update(node: Node, request: Request) -> Reply:
    """`PUT model_groups/{id}` (06: 5, 7); the answer of a success is from ML Commons' source."""
    body = request.object(wire.parse_error("Failed to update model group: Request body is empty"))
    name, description = checks.text(body, "name"), checks.text(body, "description")
    _check_texts(name, description, required=False)
    _refuse_access(body)
    id_ = request.args["id"]
    with node.store.writing() as tx:
        group = tx.get("model_group", id_)
        if group is None:
            raise _unknown(id_)
        source = {**group.source, "last_updated_time": node.now()}
        if name and name.strip() and name != group.source["name"]:
            taken = _named(tx, name)
            if taken is not None:
                raise wire.illegal_argument(
                    "The name you provided is already being used by another model with ID: "
                    f"{taken.id}. Please provide a different name"
                )
            source["name"] = name
        if description and description.strip():  # an empty one is 200 and ignored
            source["description"] = description
        tx.put(replace(group, source=source))
    return Reply(wire.OK, {"status": "Updated"})


def delete(node: Node, request: Request) -> Reply:
    """`DELETE model_groups/{id}` (06: 18, 81, 82): 409 with models, an unknown id is 200."""
    id_ = request.args["id"]
    with node.store.writing() as tx:
        if next(tx.find("model", "model_group_id", [id_]), None) is not None:
            raise wire.status_error(
                wire.CONFLICT,
                "Cannot delete the model group when it has associated model versions",
            )
        done = tx.delete("model_group", id_)
    return node.written("model_group", done)


def find(node: Node, request: Request) -> Reply:
    """`_search` (06: 83)."""
    return search.answer(node, "model_group", request)


_BASE = "/_plugins/_ml/model_groups"
_ACTION = "cluster:admin/opensearch/ml"

ROUTES = (
    Route("POST", f"{_BASE}/_register", register, f"{_ACTION}/register_model_group"),
    Route("POST", f"{_BASE}/_search", find, f"{_ACTION}/model_groups/search", reads=True),
    Route("GET", f"{_BASE}/_search", find, f"{_ACTION}/model_groups/search", reads=True),
    Route("GET", f"{_BASE}/{{id}}", get, f"{_ACTION}/model_groups/get", reads=True),
    Route("PUT", f"{_BASE}/{{id}}", update, f"{_ACTION}/update_model_group"),
    Route("DELETE", f"{_BASE}/{{id}}", delete, f"{_ACTION}/delete_model_group"),
)
