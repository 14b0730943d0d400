"""`_search` on ML Commons' resources (transcripts 05: 42, 43; 06: 67, 83).

Hits are what GET shows, as of now. Must not know any kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flowplan.providers.sandbox import paths, query, wire
from flowplan.providers.sandbox.node import INDEX, Node
from flowplan.providers.sandbox.store import Doc
from flowplan.providers.sandbox.wire import ApiError, Json, JsonObject, Reply, Request

__all__ = ["answer"]

Settle = Callable[[Doc, Node], Doc]

_WINDOW = 10_000
_KNOWN = frozenset(
    {"query", "size", "from", "_source", "sort", "track_total_hits", "version"}
    | {"seq_no_primary_term", "timeout"}
)


def _as_stored(doc: Doc, _node: Node) -> Doc:
    return doc


def _number(body: JsonObject, key: str, default: int) -> int:
    value = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise wire.illegal_argument(f"[{key}] parameter cannot be negative, found [{value}]")
    return value


def _sorted(docs: list[Doc], sort: Json) -> list[tuple[Doc, list[Any] | None]]:
    """Documents and their sort values; without `sort` in the order of their last write."""
    if not sort:
        return [(doc, None) for doc in docs]
    keys: list[tuple[str, bool]] = []
    for item in sort if isinstance(sort, list) else [sort]:
        pair = {item: "asc"} if isinstance(item, str) else item
        if not isinstance(pair, dict) or len(pair) != 1:
            raise ApiError(wire.BAD_REQUEST, "parsing_exception", f"malformed sort {item}")
        name, order = next(iter(pair.items()))
        order = order.get("order", "asc") if isinstance(order, dict) else order
        keys.append((name, order == "desc"))
    rows = [(doc, [_sort_value(doc, name) for name, _ in keys]) for doc in docs]
    for number in reversed(range(len(keys))):
        # Documents without the field come last either way.
        rows.sort(
            key=lambda row: (
                (row[1][number] is not None, row[1][number] or 0)
                if keys[number][1]
                else (row[1][number] is None, row[1][number] or 0)
            ),
            reverse=keys[number][1],
        )
    return [(doc, values) for doc, values in rows]


def _sort_value(doc: Doc, name: str) -> Any:
    values = query.field(doc, name.removesuffix(".keyword"))
    return values[0] if values else None


def _texts(value: Json) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _source(value: Json) -> Callable[[JsonObject], JsonObject | None]:
    """`_source`: true, false, names, or `includes` and `excludes`."""
    if value is False:
        return lambda _source: None
    if value is True or value is None:
        return lambda source: source
    chosen = value if isinstance(value, dict) else {"includes": value}
    includes = _texts(chosen.get("includes") or chosen.get("include") or "*")
    excludes = _texts(chosen.get("excludes") or chosen.get("exclude") or [])
    return lambda source: paths.drop(paths.keep(source, includes), excludes)


def _found(node: Node, kind: str, wanted: Json, settle: Settle) -> list[Doc]:
    matches = query.compiled(wanted)
    narrowed = query.narrowed(wanted)
    with node.store.reading() as tx:
        docs: Iterable[Doc] = tx.find(kind, *narrowed) if narrowed else tx.find(kind)
        return [doc for doc in (settle(doc, node) for doc in docs) if matches(doc)]


def answer(node: Node, kind: str, request: Request, settle: Settle = _as_stored) -> Reply:
    """The answer of a search over one kind; without a body everything, ten at most.

    `settle` says what a document is by now, for kinds whose state follows from stored times.
    """
    body = request.object()
    unknown = sorted(set(body) - _KNOWN)
    if unknown:
        raise ApiError(
            wire.BAD_REQUEST,
            "parsing_exception",
            f"Unknown key for a search in [{unknown[0]}].",
            line=1,
            col=1,
        )
    start, size = _number(body, "from", 0), _number(body, "size", 10)
    if start + size > _WINDOW:
        raise wire.illegal_argument(
            "Result window is too large, from + size must be less than or equal to: "
            f"[{_WINDOW}] but was [{start + size}]."
        )
    docs = _found(node, kind, body.get("query", {"match_all": {}}), settle)
    shown = _source(body.get("_source"))
    rows = _sorted(docs, body.get("sort"))[start : start + size]
    hits = [_hit(kind, doc, values, shown(doc.source)) for doc, values in rows]
    scored = bool(hits) and not body.get("sort")
    result = {
        "took": 1,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": {
            "total": {"value": len(docs), "relation": "eq"},
            "max_score": 1.0 if scored else None,
            "hits": hits,
        },
    }
    return Reply(wire.OK, result)


def _hit(kind: str, doc: Doc, values: list[Any] | None, source: JsonObject | None) -> JsonObject:
    hit: JsonObject = {
        "_index": INDEX[kind],
        "_id": doc.id,
        "_version": doc.version,
        "_seq_no": doc.seq_no,
        "_primary_term": 1,
        "_score": None if values else 1.0,
    }
    if source is not None:
        hit["_source"] = source
    return {**hit, "sort": values} if values else hit
