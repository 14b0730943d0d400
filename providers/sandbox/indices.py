"""Indices without documents (transcript 07: 10-35, 67-68; NORMALISATION 5).

Settings, mappings and aliases are kept; what would write documents has no endpoint, and what reads
or counts them finds none. Copying them is in `reindexing`.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from flowplan.dataclass import replace
from flowplan.providers.sandbox import index_body, wire
from flowplan.providers.sandbox.ids import random_uuid
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.paths import nested
from flowplan.providers.sandbox.routes import Route
from flowplan.providers.sandbox.store import Doc, Tx
from flowplan.providers.sandbox.wire import ApiError, JsonObject, Reply, Request

__all__ = ["ROUTES", "missing"]

# Those that OpenSearch names in the order in which it does; `#` and `:` have words of their own.
_FORBIDDEN = ' "*\\<|,>/?'
_CREATED = "137277827"  # 3.6.0, as an index's `version.created`


def _invalid(name: str, why: str) -> ApiError:
    reason = f"Invalid index name [{name}], {why}"
    extra = {"index": name, "index_uuid": "_na_"}
    return ApiError(wire.BAD_REQUEST, "invalid_index_name_exception", reason, **extra)


def _check_name(name: str) -> None:
    if name != name.lower():
        raise _invalid(name, "must be lowercase")
    if set(_FORBIDDEN) & set(name):
        listed = ", ".join(_FORBIDDEN)
        raise _invalid(name, f"must not contain the following characters [{listed}]")
    for sign in "#:":
        if sign in name:
            raise _invalid(name, f"must not contain '{sign}'")
    if name.startswith(("-", "+")):
        raise _invalid(name, "must not start with '_', '-', or '+'")


def missing(name: str) -> ApiError:
    """What is said of an index that is not there."""
    return ApiError(
        wire.NOT_FOUND,
        "index_not_found_exception",
        f"no such index [{name}]",
        **{
            "index": name,
            "resource.id": name,
            "resource.type": "index_or_alias",
            "index_uuid": "_na_",
        },
    )


def _found(tx: Tx, request: Request) -> list[Doc]:
    """The named indices, by pattern or alias too; `ignore_unavailable` leaves out the others."""
    everything = list(tx.find("index"))
    found: dict[str, Doc] = {}
    for name in request.args["index"].split(","):
        pattern = "*" if name == "_all" else name
        matches = [
            doc
            for doc in everything
            if fnmatchcase(doc.id, pattern) or pattern in doc.source["aliases"]
        ]
        if not matches and "*" not in pattern and not request.flag("ignore_unavailable"):
            raise missing(name)
        found |= {doc.id: doc for doc in matches}
    return list(found.values())


def _create(node: Node, tx: Tx, name: str, body: JsonObject) -> None:
    _check_name(name)
    known = {"settings", "mappings", "aliases"}
    other = [key for key in body if key not in known]
    if other:
        raise wire.parse_error(f"unknown key [{other[0]}] for create index")
    settings = index_body.flat_settings(body.get("settings"))
    mappings = index_body.mappings(body.get("mappings"), node.options.plugins)
    there = tx.get("index", name)
    if there is not None:
        uuid = there.private["uuid"]
        raise ApiError(
            wire.BAD_REQUEST,
            "resource_already_exists_exception",
            f"index [{name}/{uuid}] already exists",
            index=name,
            index_uuid=uuid,
        )
    given = {key: value for key, value in settings.items() if value is not None}
    aliases = {
        key: index_body.alias(item or {}) for key, item in (body.get("aliases") or {}).items()
    }
    source = {"aliases": aliases, "mappings": mappings, "settings": given}
    private = {"uuid": random_uuid(), "created": str(node.now())}
    tx.put(Doc("index", name, source, private))


def create(node: Node, request: Request) -> Reply:
    """`PUT {index}` (07: 10-15)."""
    name = request.args["index"]
    body = request.object()
    with node.store.writing() as tx:
        _create(node, tx, name, body)
    answer = {"acknowledged": True, "shards_acknowledged": True, "index": name}
    return Reply(wire.OK, answer)


def _settings(doc: Doc) -> JsonObject:
    flat: dict[str, Any] = {
        **index_body.DEFAULTS,
        **doc.source["settings"],
        "creation_date": doc.private["created"],
        "uuid": doc.private["uuid"],
        "version.created": _CREATED,
        "provided_name": doc.id,
    }
    return {"index": nested(flat)}


def _shown(doc: Doc) -> JsonObject:
    return {**doc.source, "settings": _settings(doc)}


def get(node: Node, request: Request) -> Reply:
    """`GET {index}` (07: 16, 17); several at once with commas."""
    with node.store.reading() as tx:
        found = _found(tx, request)
    return Reply(wire.OK, {doc.id: _shown(doc) for doc in found})


def exists(node: Node, request: Request) -> Reply:
    """`HEAD {index}`: 200 or 404 without a body."""
    try:
        return replace(get(node, request), body=None)
    except ApiError as error:
        return Reply(error.status, None)


def get_part(node: Node, request: Request) -> Reply:
    """`GET {index}/_settings`, `_mapping` and `_alias` (07: 18, 19)."""
    part = request.path.rsplit("/", 1)[1].removeprefix("_")
    key = {"mapping": "mappings", "alias": "aliases"}.get(part, part)
    with node.store.reading() as tx:
        found = _found(tx, request)
    return Reply(wire.OK, {doc.id: {key: _shown(doc)[key]} for doc in found})


def put_settings(node: Node, request: Request) -> Reply:
    """`PUT {index}/_settings` (07: 20, 21, 35); null resets."""
    body = request.object(wire.parse_error("request body is required"))
    changed = index_body.flat_settings(body.get("settings", body))
    with node.store.writing() as tx:
        for doc in _found(tx, request):
            index_body.refuse_static(changed, f"{doc.id}/{doc.private['uuid']}")
            settings = {**doc.source["settings"], **changed}
            kept = {key: value for key, value in settings.items() if value is not None}
            tx.put(replace(doc, source={**doc.source, "settings": kept}))
    return Reply(wire.OK, {"acknowledged": True})


def put_mapping(node: Node, request: Request) -> Reply:
    """`PUT {index}/_mapping` (07: 22, 23)."""
    body = request.object(wire.parse_error("mapping source is empty"))
    added = index_body.mappings(body, node.options.plugins)
    with node.store.writing() as tx:
        for doc in _found(tx, request):
            merged = index_body.merged_mappings(doc.source["mappings"], added)
            tx.put(replace(doc, source={**doc.source, "mappings": merged}))
    return Reply(wire.OK, {"acknowledged": True})


def put_alias(node: Node, request: Request) -> Reply:
    """`PUT {index}/_alias/{name}`."""
    body = request.object()
    with node.store.writing() as tx:
        for doc in _found(tx, request):
            aliases = {**doc.source["aliases"], request.args["name"]: index_body.alias(body)}
            tx.put(replace(doc, source={**doc.source, "aliases": aliases}))
    return Reply(wire.OK, {"acknowledged": True})


def delete_alias(node: Node, request: Request) -> Reply:
    """`DELETE {index}/_alias/{name}`."""
    name = request.args["name"]
    with node.store.writing() as tx:
        for doc in _found(tx, request):
            aliases = dict(doc.source["aliases"])
            if aliases.pop(name, None) is None:
                reason = f"aliases [{name}] missing"
                raise ApiError(wire.NOT_FOUND, "aliases_not_found_exception", reason)
            tx.put(replace(doc, source={**doc.source, "aliases": aliases}))
    return Reply(wire.OK, {"acknowledged": True})


def delete(node: Node, request: Request) -> Reply:
    """`DELETE {index}` (07: 67, 68)."""
    with node.store.writing() as tx:
        for doc in _found(tx, request):
            tx.delete("index", doc.id)
    return Reply(wire.OK, {"acknowledged": True})


def cat(node: Node, request: Request) -> Reply:
    """`GET _cat/indices?format=json`: name and an empty index's figures."""
    with node.store.reading() as tx:
        rows = [
            {
                "health": "green",
                "status": "open",
                "index": doc.id,
                "uuid": doc.private["uuid"],
                "pri": _settings(doc)["index"]["number_of_shards"],
                "rep": _settings(doc)["index"]["number_of_replicas"],
                "docs.count": "0",
                "docs.deleted": "0",
                "store.size": "208b",
                "pri.store.size": "208b",
            }
            for doc in tx.find("index")
        ]
    wanted = [name for name in request.query.get("h", "").split(",") if name]
    chosen = [{key: row[key] for key in wanted or row if key in row} for row in rows]
    if request.query.get("format") == "json":
        return Reply(wire.OK, chosen)
    lines = "".join(" ".join(row.values()) + "\n" for row in chosen)
    return Reply(wire.OK, lines, content_type="text/plain; charset=UTF-8")


def put_aliases(node: Node, request: Request) -> Reply:
    """`POST /_aliases`: additions and removals, all or none."""
    body = request.object(wire.parse_error("request body is required"))
    with node.store.writing() as tx:
        for action in body.get("actions") or ():
            for verb, wanted in action.items():
                _act_on_alias(tx, verb, wanted)
    return Reply(wire.OK, {"acknowledged": True})


def _act_on_alias(tx: Tx, verb: str, wanted: JsonObject) -> None:
    if verb not in ("add", "remove"):
        raise wire.parse_error(f"[alias_action] unknown field [{verb}]")
    name, alias = str(wanted["index"]), str(wanted["alias"])
    doc = tx.get("index", name)
    if doc is None:
        raise missing(name)
    aliases = {key: item for key, item in doc.source["aliases"].items() if key != alias}
    if verb == "add":
        body = {key: item for key, item in wanted.items() if key not in ("index", "alias")}
        aliases[alias] = index_body.alias(body)
    elif alias not in doc.source["aliases"]:
        reason = f"aliases [{alias}] missing"
        raise ApiError(wire.NOT_FOUND, "aliases_not_found_exception", reason)
    tx.put(replace(doc, source={**doc.source, "aliases": aliases}))


def stats(node: Node, request: Request) -> Reply:
    """`GET {index}/_stats/docs`: no index has documents."""
    with node.store.reading() as tx:
        found = _found(tx, request)
    none = {"docs": {"count": 0, "deleted": 0}}
    shards = sum(int(_settings(doc)["index"]["number_of_shards"]) for doc in found)
    answer: JsonObject = {
        "_shards": {"total": 2 * shards, "successful": shards, "failed": 0},
        "_all": {"primaries": none if found else {}, "total": none if found else {}},
        "indices": {
            doc.id: {"uuid": doc.private["uuid"], "primaries": none, "total": none} for doc in found
        },
    }
    return Reply(wire.OK, answer)


def search(node: Node, request: Request) -> Reply:
    """`POST {index}/_search`: no index has documents, so that nothing is ever found.

    The query is not looked into; the index and the search pipeline have to be there.
    """
    request.object()
    pipeline = request.query.get("search_pipeline", "_none")
    with node.store.reading() as tx:
        found = _found(tx, request)
        if pipeline != "_none" and tx.get("search_pipeline", pipeline) is None:
            raise wire.illegal_argument(f"Pipeline {pipeline} is not defined")
    shards = sum(int(_settings(doc)["index"]["number_of_shards"]) for doc in found)
    none = {"value": 0, "relation": "eq"}
    nothing: JsonObject = {"total": none, "max_score": None, "hits": []}
    counted = {"total": shards, "successful": shards, "skipped": 0, "failed": 0}
    return Reply(wire.OK, {"took": 1, "timed_out": False, "_shards": counted, "hits": nothing})


_TIMES = frozenset({"timeout", "cluster_manager_timeout", "master_timeout"})
_MANY = frozenset({"ignore_unavailable", "allow_no_indices", "expand_wildcards", "flat_settings"})
_CAT = frozenset({"format", "h", "v", "s", "expand_wildcards"})
_SEARCH = _MANY | {"search_pipeline", "size", "from"}
_ADMIN = "indices:admin"

ROUTES = (
    Route("PUT", "/{index}", create, f"{_ADMIN}/create", _TIMES | {"wait_for_active_shards"}),
    Route("GET", "/{index}", get, f"{_ADMIN}/get", _MANY, reads=True),
    Route("HEAD", "/{index}", exists, f"{_ADMIN}/exists", _MANY, reads=True),
    Route("DELETE", "/{index}", delete, f"{_ADMIN}/delete", _TIMES | _MANY),
    Route("GET", "/{index}/_settings", get_part, "indices:monitor/settings/get", _MANY, reads=True),
    Route("PUT", "/{index}/_settings", put_settings, f"{_ADMIN}/settings/update", _TIMES | _MANY),
    Route("GET", "/{index}/_mapping", get_part, f"{_ADMIN}/mappings/get", _MANY, reads=True),
    Route("PUT", "/{index}/_mapping", put_mapping, f"{_ADMIN}/mapping/put", _TIMES | _MANY),
    Route("GET", "/{index}/_alias", get_part, f"{_ADMIN}/aliases/get", _MANY, reads=True),
    Route("PUT", "/{index}/_alias/{name}", put_alias, f"{_ADMIN}/aliases", _TIMES),
    Route("DELETE", "/{index}/_alias/{name}", delete_alias, f"{_ADMIN}/aliases", _TIMES),
    Route("GET", "/_cat/indices", cat, "indices:monitor/stats", _CAT, reads=True),
    Route("POST", "/_aliases", put_aliases, f"{_ADMIN}/aliases", _TIMES),
    Route("POST", "/{index}/_search", search, "indices:data/read/search", _SEARCH, reads=True),
    Route("GET", "/{index}/_search", search, "indices:data/read/search", _SEARCH, reads=True),
    Route("GET", "/{index}/_stats/docs", stats, "indices:monitor/stats", _MANY, reads=True),
)
