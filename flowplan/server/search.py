"""`_search` and `state/_search`: OpenSearch's query language over what is kept.

As much of it as the sandbox understands (match, term, bool, match_all and some more): what is not
known is refused, never answered with everything. It must not know requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from flowplan.providers.sandbox import query
from flowplan.providers.sandbox.paths import drop, keep
from flowplan.providers.sandbox.store import Doc
from flowplan.providers.sandbox.wire import ApiError
from flowplan.server import bodies
from flowplan.server.access import Caller
from flowplan.server.errors import Rejected
from flowplan.server.service import Service

__all__ = ["search_states", "search_templates"]

Json: TypeAlias = Any
_KNOWN = frozenset({"query", "size", "from", "_source", "track_total_hits", "version", "timeout"})
_SIZE, _WINDOW = 10, 10_000


def search_templates(service: Service, body: Mapping[str, Json], caller: Caller) -> dict[str, Json]:
    """The answer of a search for templates; credentials are in none."""
    docs = [
        Doc("workflow", item.id, bodies.template(item), version=item.version, seq_no=item.version)
        for item in service.workflows.of(caller)
        if item.template is not None
    ]
    return _answer(docs, bodies.TEMPLATES, body)


def search_states(service: Service, body: Mapping[str, Json], caller: Caller) -> dict[str, Json]:
    """The answer of a search for statuses."""
    docs = [
        Doc(
            "workflow_state", item.id,
            bodies.state_source(item, service.kept.state_of(item)),
            version=item.version, seq_no=item.version,
        )
        for item in service.workflows.of(caller)
        if item.state is not None
    ]  # fmt: skip
    return _answer(docs, bodies.STATES, body)


def _answer(docs: Sequence[Doc], index: str, body: Mapping[str, Json]) -> dict[str, Json]:
    unknown = sorted(set(body) - _KNOWN)
    if unknown:
        raise Rejected(f"Unknown key for a search in [{unknown[0]}].")
    start, size = _number(body, "from", 0), _number(body, "size", _SIZE)
    if start + size > _WINDOW:
        raise Rejected(
            "Result window is too large, from + size must be less than or equal to:"
            f" [{_WINDOW}] but was [{start + size}]."
        )
    try:
        matches = query.compiled(body.get("query", {"match_all": {}}))
        found = [doc for doc in docs if matches(doc)]
    except ApiError as error:
        raise Rejected(error.reason, error.status) from None
    hits = [_hit(doc, index, body.get("_source", True)) for doc in found[start : start + size]]
    return {
        "took": 1,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": {
            "total": {"value": len(found), "relation": "eq"},
            "max_score": 1.0 if hits else None,
            "hits": hits,
        },
    }


def _number(body: Mapping[str, Json], key: str, default: int) -> int:
    value = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Rejected(f"[{key}] parameter cannot be negative, found [{value}]")
    return value


def _hit(doc: Doc, index: str, wanted: Json) -> dict[str, Json]:
    hit: dict[str, Json] = {
        "_index": index,
        "_id": doc.id,
        "_version": doc.version,
        "_seq_no": doc.seq_no,
        "_primary_term": 1,
        "_score": 1.0,
    }
    return hit if wanted is False else hit | {"_source": _chosen(doc.source, wanted)}


def _chosen(source: dict[str, Json], wanted: Json) -> Json:
    if wanted is True or wanted is None:
        return source
    chosen = wanted if isinstance(wanted, dict) else {"includes": wanted}
    return drop(
        keep(source, _texts(chosen.get("includes") or "*")), _texts(chosen.get("excludes") or [])
    )


def _texts(value: Json) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
