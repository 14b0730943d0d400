"""Ingest and search pipelines (transcript 07: 24-44; NORMALISATION 5): upserts, kept as posted.

Processors are checked by name and by what they need; nothing is ever run through them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from flowplan.dataclass import dataclass
from flowplan.providers.sandbox import wire
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.routes import Handler, Route
from flowplan.providers.sandbox.store import Doc, Tx
from flowplan.providers.sandbox.wire import ApiError, Json, JsonObject, Reply, Request

__all__ = ["ROUTES"]

_NEURAL, _ML = "opensearch-neural-search", "opensearch-ml"

# By name: the plugin that a processor comes with, and the properties that it needs.
_INGEST: dict[str, tuple[str | None, tuple[str, ...]]] = {
    **dict.fromkeys(
        frozenset({"append", "bytes", "community_id", "convert", "copy", "csv", "date", "dissect"})
        | {"date_index_name", "dot_expander", "drop", "fail", "fingerprint", "foreach", "geoip"}
        | {"geojson-feature", "grok", "gsub", "html_strip", "ip2geo", "join", "json", "kv"}
        | {"pipeline", "remove_by_pattern", "script", "sort", "split", "trim", "urldecode"}
        | {"user_agent"},
        (None, ()),
    ),
    **dict.fromkeys(("lowercase", "uppercase", "remove", "set"), (None, ("field",))),
    "rename": (None, ("field", "target_field")),
    **dict.fromkeys(
        ("text_embedding", "sparse_encoding", "text_image_embedding"),
        (_NEURAL, ("model_id", "field_map")),
    ),
    "text_chunking": (_NEURAL, ("field_map",)),
    "ml_inference": (_ML, ("model_id",)),
}
_SEARCH: dict[str, str | None] = {
    **dict.fromkeys(("filter_query", "script", "oversample", "rename_field", "truncate_hits")),
    **dict.fromkeys(("collapse", "sort", "split", "acl_routing_search", "hierarchical_routing")),
    **dict.fromkeys(
        frozenset({"neural_query_enricher", "neural_sparse_two_phase_processor", "rerank"})
        | {"normalization-processor", "score-ranker-processor", "hybrid_score_explanation"}
        | {"agentic_query_translator", "agentic_context", "semantic_highlighter"},
        _NEURAL,
    ),
    **dict.fromkeys(("ml_inference", "retrieval_augmented_generation"), _ML),
}


def _entries(body: JsonObject, key: str) -> Iterable[tuple[str, Json]]:
    listed = body.get(key, ())
    if not isinstance(listed, (list, tuple)):
        raise wire.parse_error(
            f"[{key}] property isn't a list, but of type [{_java_class(listed)}]",
            property_name=key,
        )
    for item in listed:
        if not isinstance(item, dict) or len(item) != 1:
            raise wire.parse_error(f"[{key}] must be a list of objects with one processor each")
        yield from item.items()


def _java_class(value: Json) -> str:
    names = {str: "lang.String", dict: "util.HashMap", bool: "lang.Boolean", int: "lang.Integer"}
    return f"java.{names.get(type(value), 'lang.Double')}"


def _has(node: Node, plugin: str | None) -> bool:
    return plugin is None or node.options.plugins is None or plugin in node.options.plugins


def _refuse_other_keys(id: str, body: JsonObject, known: frozenset[str]) -> None:
    other = [key for key in body if key not in known]
    if other:
        raise wire.parse_error(
            f"pipeline [{id}] doesn't support one or more provided configuration parameters "
            f"[{', '.join(other)}]"
        )


def _check_ingest(node: Node, id: str, body: JsonObject) -> None:
    if "processors" not in body:
        raise wire.parse_error(
            "[processors] required property is missing", property_name="processors"
        )
    for key in ("processors", "on_failure"):
        for name, settings in _entries(body, key):
            plugin, needed = _INGEST.get(name, ("", ()))
            if plugin == "" or not _has(node, plugin):
                reason = f"No processor type exists with name [{name}]"
                raise wire.parse_error(reason, processor_type=name)
            _refuse_missing(name, settings, needed)
    known = frozenset({"description", "version", "processors", "on_failure"})
    _refuse_other_keys(id, body, known)


def _refuse_missing(name: str, settings: Json, needed: tuple[str, ...]) -> None:
    for field in needed:
        if not isinstance(settings, dict) or field not in settings:
            raise wire.parse_error(
                f"[{field}] required property is missing",
                processor_type=name,
                property_name=field,
            )


_SEARCH_NEEDS = {"rename_field": ("field", "target_field")}
_PHASES = ("request_processors", "response_processors", "phase_results_processors")


def _check_search(node: Node, id: str, body: JsonObject) -> None:
    for key in _PHASES:
        for name, settings in _entries(body, key):
            if name not in _SEARCH or not _has(node, _SEARCH[name]):
                raise wire.illegal_argument(f"Invalid processor type {name}")
            _refuse_missing(name, settings, _SEARCH_NEEDS.get(name, ()))
    _refuse_other_keys(id, body, frozenset({"description", "version", *_PHASES}))


@dataclass(frozen=True)
class _Family:
    kind: str
    check: Callable[[Node, str, JsonObject], None]

    def put(self, node: Node, request: Request) -> Reply:
        """Create or replace a pipeline."""
        body = request.object(wire.parse_error("request body is required"))
        id_ = request.args["id"]
        self.check(node, id_, body)
        with node.store.writing() as tx:
            tx.put(Doc(self.kind, id_, body))
        return Reply(wire.OK, {"acknowledged": True})

    def _named(self, tx: Tx, names: str) -> list[Doc]:
        patterns = names.split(",")
        if not any("*" in pattern for pattern in patterns):
            return list(tx.find(self.kind, "id", patterns))
        found = tx.find(self.kind)
        return [doc for doc in found if any(fnmatchcase(doc.id, name) for name in patterns)]

    def get(self, node: Node, request: Request) -> Reply:
        """Those that exist of the named ones, else all; 404 and an empty object when none does."""
        names = request.args.get("id", "*")
        with node.store.reading() as tx:
            found = {doc.id: doc.source for doc in self._named(tx, names)}
        return Reply(wire.OK if found else wire.NOT_FOUND, found)

    def delete(self, node: Node, request: Request) -> Reply:
        """Delete by name or pattern."""
        names = request.args["id"]
        with node.store.writing() as tx:
            found = self._named(tx, names)
            if not found and names != "*":
                reason = f"pipeline [{names}] is missing"
                raise ApiError(wire.NOT_FOUND, "resource_not_found_exception", reason)
            for doc in found:
                tx.delete(self.kind, doc.id)
        return Reply(wire.OK, {"acknowledged": True})


_INGEST_FAMILY = _Family("ingest_pipeline", _check_ingest)
_SEARCH_FAMILY = _Family("search_pipeline", _check_search)
_TIMES = frozenset({"timeout", "cluster_manager_timeout", "master_timeout"})


def _routes(base: str, action: str, family: _Family) -> tuple[Route, ...]:
    def route(method: str, path: str, handler: Handler, verb: str) -> Route:
        return Route(method, path, handler, f"{action}/{verb}", _TIMES, reads=method == "GET")

    return (
        route("GET", base, family.get, "get"),
        route("GET", f"{base}/{{id}}", family.get, "get"),
        route("PUT", f"{base}/{{id}}", family.put, "put"),
        route("DELETE", f"{base}/{{id}}", family.delete, "delete"),
    )


ROUTES = (
    *_routes("/_ingest/pipeline", "cluster:admin/ingest/pipeline", _INGEST_FAMILY),
    *_routes("/_search/pipeline", "cluster:admin/search/pipeline", _SEARCH_FAMILY),
)
