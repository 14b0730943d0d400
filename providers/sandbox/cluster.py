"""The node itself: identity, plugins, health, settings, running tasks.

Shapes from transcript 01 and FACTS ("Finding a request whose answer was lost"). Must not know any
resource.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from flowplan.providers.sandbox import javajson, wire
from flowplan.providers.sandbox.inflight import executing_now
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.options import ALL_PLUGINS
from flowplan.providers.sandbox.paths import nested
from flowplan.providers.sandbox.routes import Route
from flowplan.providers.sandbox.wire import JsonObject, Reply, Request

__all__ = ["ROUTES"]

_NAME = "flowplan-sandbox"
_ADDRESS = "127.0.0.1"


def root(node: Node, _request: Request) -> Reply:
    """`GET /` (transcript 01, call 0)."""
    body = {
        "name": _NAME,
        "cluster_name": _NAME,
        "cluster_uuid": node.cluster_uuid,
        "version": {
            "distribution": "opensearch",
            "number": node.options.version,
            "build_type": "sandbox",
            "build_hash": "unknown",
            "build_date": "2026-04-04T06:02:43.418927856Z",
            "build_snapshot": False,
            "lucene_version": "10.4.0",
            "minimum_wire_compatibility_version": "2.19.0",
            "minimum_index_compatibility_version": "2.0.0",
        },
        "tagline": "The OpenSearch Project: https://opensearch.org/",
    }
    return Reply(wire.OK, body)


def _plugins(node: Node) -> list[tuple[str, str]]:
    names = ALL_PLUGINS if node.options.plugins is None else node.options.plugins
    return [(name, f"{node.options.version}.0") for name in sorted(names)]


def cat_plugins(node: Node, request: Request) -> Reply:
    """`GET /_cat/plugins` (transcript 01, call 1); text unless `format=json`."""
    columns = [name for name in request.query.get("h", "").split(",") if name]
    rows = [
        {"name": _NAME, "component": component, "version": version}
        for component, version in _plugins(node)
    ]
    chosen = [{key: row[key] for key in columns or row if key in row} for row in rows]
    if request.query.get("format") == "json":
        return Reply(wire.OK, chosen)
    lines = "".join(" ".join(row.values()) + "\n" for row in chosen)
    return Reply(wire.OK, lines, content_type="text/plain; charset=UTF-8")


def _nodes(node: Node, info: JsonObject) -> Reply:
    described = {
        "name": _NAME,
        "transport_address": f"{_ADDRESS}:9300",
        "host": _ADDRESS,
        "ip": _ADDRESS,
        "version": node.options.version,
        "build_type": "sandbox",
        "build_hash": "unknown",
        "roles": ["cluster_manager", "data", "ingest", "remote_cluster_client"],
        **info,
    }
    body = {
        "_nodes": {"total": 1, "successful": 1, "failed": 0},
        "cluster_name": _NAME,
        "nodes": {node.id: described},
    }
    return Reply(wire.OK, body)


def nodes_plugins(node: Node, _request: Request) -> Reply:
    """`GET /_nodes/plugins` (OpenSearch documentation, "Nodes info")."""
    plugins = [
        {
            "name": name,
            "version": version,
            "opensearch_version": node.options.version,
            "java_version": "21",
            "description": f"{name}, as the sandbox has it",
            "classname": "flowplan.sandbox",
            "custom_foldername": "",
            "extended_plugins": [],
            "has_native_controller": False,
        }
        for name, version in _plugins(node)
    ]
    return _nodes(node, {"plugins": plugins, "modules": []})


def nodes_settings(node: Node, _request: Request) -> Reply:
    """`GET /_nodes/settings`: the sandbox has none."""
    return _nodes(node, {"settings": {}})


def health(_node: Node, _request: Request) -> Reply:
    """`GET /_cluster/health` (transcript 01, call 2)."""
    body = {
        "cluster_name": _NAME,
        "status": "green",
        "timed_out": False,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "discovered_master": True,
        "discovered_cluster_manager": True,
        "active_primary_shards": 1,
        "active_shards": 1,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": 0,
        "delayed_unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0,
        "active_shards_percent_as_number": 100.0,
    }
    return Reply(wire.OK, body)


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            found |= _flat(item, f"{prefix}{key}.")
        else:
            found[prefix + key] = item
    return found


def _setting(value: Any) -> Any:
    return (
        [javajson.string(item) for item in value]
        if isinstance(value, list)
        else (javajson.string(value))
    )


def get_settings(node: Node, request: Request) -> Reply:
    """`GET /_cluster/settings` (transcript 01, call 3); the sandbox has no defaults to list."""
    with node.store.reading() as tx:
        both = node.settings(tx)
    shape = dict if request.flag("flat_settings") else nested
    body: JsonObject = {scope: shape(both[scope]) for scope in ("persistent", "transient")}
    if request.flag("include_defaults"):
        body["defaults"] = {}
    return Reply(wire.OK, body)


def _scope(body: JsonObject, scope: str) -> JsonObject:
    value = body.get(scope) or {}
    if not isinstance(value, dict):
        raise wire.parse_error(f"[{scope}] must be an object")
    return value


def put_settings(node: Node, request: Request) -> Reply:
    """`PUT /_cluster/settings`: null resets (transcripts 01, 09, 12)."""
    body = request.object(wire.parse_error("request body is required"))
    changed: JsonObject = {"acknowledged": True}
    with node.store.writing() as tx:
        both = node.settings(tx)
        for scope in ("persistent", "transient"):
            wanted = _flat(_scope(body, scope))
            kept = {name: _setting(value) for name, value in wanted.items() if value is not None}
            left = {name: value for name, value in both[scope].items() if name not in wanted}
            both[scope] = left | kept
            changed[scope] = nested(kept)
        tx.set_meta("settings", json.dumps(both))
    return Reply(wire.OK, changed)


def _tasks(node: Node, request: Request) -> list[JsonObject]:
    base = {"cancellable": False, "cancelled": False}
    found: list[JsonObject] = [
        {
            "node": node.id,
            "id": task.id,
            "type": "transport",
            "action": task.action,
            "start_time_in_millis": task.started,
            **base,
            "headers": {} if task.opaque_id is None else {"X-Opaque-Id": task.opaque_id},
        }
        for task in executing_now(node)
        if not (task.action == _LIST and task.opaque_id == request.opaque_id)
    ]
    # The listing itself is a task and a child, as on a real node: a client can read the node's
    # clock from its start time.
    now = node.now()
    number = max((task["id"] for task in found), default=0) + 1
    headers = {} if request.opaque_id is None else {"X-Opaque-Id": request.opaque_id}
    own = {"node": node.id, "start_time_in_millis": now, **base, "headers": headers}
    parent = f"{node.id}:{number}"
    found.append({**own, "id": number, "type": "transport", "action": _LIST})
    found.append(
        {
            **own,
            "id": number + 1,
            "type": "direct",
            "action": f"{_LIST}[n]",
            "parent_task_id": parent,
        }
    )
    for task in found:
        task["running_time_in_nanos"] = max(1, (now - task["start_time_in_millis"]) * 1_000_000)
        if request.flag("detailed"):
            task["description"] = ""
    patterns = [name for name in request.query.get("actions", "*").split(",") if name]
    return [task for task in found if any(fnmatchcase(task["action"], name) for name in patterns)]


def running_tasks(node: Node, request: Request) -> Reply:
    """`GET /_tasks`: `group_by` none, parents or nodes (OpenSearch documentation, "Tasks")."""
    found = _tasks(node, request)
    group_by = request.query.get("group_by", "nodes")
    if group_by == "none":
        return Reply(wire.OK, {"tasks": found})
    named = {f"{task['node']}:{task['id']}": task for task in found}
    if group_by == "parents":
        parents = {key: task for key, task in named.items() if "parent_task_id" not in task}
        for task in named.values():
            if (parent := parents.get(task.get("parent_task_id", ""))) is not None:
                parent.setdefault("children", []).append(task)
        return Reply(wire.OK, {"tasks": parents})
    described = {
        "name": _NAME,
        "transport_address": f"{_ADDRESS}:9300",
        "host": _ADDRESS,
        "ip": f"{_ADDRESS}:9300",
        "roles": ["cluster_manager", "data", "ingest", "remote_cluster_client"],
        "tasks": named,
    }
    return Reply(wire.OK, {"nodes": {node.id: described}})


_LIST = "cluster:monitor/tasks/lists"
_SETTINGS = frozenset({"include_defaults", "flat_settings"})

ROUTES = (
    Route("GET", "/", root, "cluster:monitor/main", reads=True),
    Route("HEAD", "/", root, "cluster:monitor/main", reads=True),
    Route(
        "GET",
        "/_cat/plugins",
        cat_plugins,
        "cluster:monitor/nodes/info",
        frozenset({"format", "h", "v", "s"}),
        reads=True,
    ),
    Route("GET", "/_nodes/plugins", nodes_plugins, "cluster:monitor/nodes/info", reads=True),
    Route(
        "GET",
        "/_nodes/settings",
        nodes_settings,
        "cluster:monitor/nodes/info",
        frozenset({"flat_settings"}),
        reads=True,
    ),
    Route("GET", "/_cluster/health", health, "cluster:monitor/health", reads=True),
    Route(
        "GET", "/_cluster/settings", get_settings, "cluster:monitor/state", _SETTINGS, reads=True
    ),
    Route(
        "PUT",
        "/_cluster/settings",
        put_settings,
        "cluster:admin/settings/update",
        frozenset({"flat_settings"}),
    ),
    Route(
        "GET",
        "/_tasks",
        running_tasks,
        _LIST,
        frozenset({"detailed", "group_by", "actions", "nodes"}),
        reads=True,
    ),
)
