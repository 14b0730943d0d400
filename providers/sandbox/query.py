"""The part of OpenSearch's query language that the sandbox understands.

`compiled` turns a query into a predicate over documents; what it doesn't know it refuses with 400,
it never answers everything instead. Field types are those of ML Commons' index mappings
(`index-mappings/*.json` in ML Commons): an analysed text compares words, its `.keyword` the whole.
Must not know the store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from flowplan.providers.sandbox import javajson, wire
from flowplan.providers.sandbox.store import Column, Doc
from flowplan.providers.sandbox.wire import ApiError, Json, JsonObject

__all__ = ["compiled", "field", "narrowed"]

Predicate = Callable[[Doc], bool]

# Analysed fields; the first group also has an exact `.keyword`. Dynamic mapping made the model's
# `connector_id` such a field, that is why ML Commons' own guard can err (FACTS).
_TEXT_WITH_KEYWORD = {
    "connector": {"name"},
    "model": {"name", "connector_id"},
    "model_group": {"name"},
    "agent": {"name"},
    "task": set[str](),
    # Flow Framework's templates, which `flowplan.server.search` looks for.
    "workflow": {"name"},
}
_TEXT = {"description", "error"}
_WORD = re.compile(r"\w+(?:[.']\w+)*")


def _refuse(reason: str) -> ApiError:
    return ApiError(wire.BAD_REQUEST, "parsing_exception", reason, line=1, col=1)


def _term(value: Json) -> str:
    return value if isinstance(value, str) else javajson.string(value)


def _words(value: Json) -> list[str]:
    return _WORD.findall(_term(value).lower())


def field(doc: Doc, name: str) -> list[Any]:
    """The values of a dotted field; an array has each of its elements."""
    if name == "_id":
        return [doc.id]
    found: list[Any] = [doc.source]
    for part in name.split("."):
        below = [item[part] for item in found if isinstance(item, dict) and part in item]
        found = []
        for item in below:
            found.extend(item if isinstance(item, list) else [item])
    return [item for item in found if item is not None]


def _tokens(doc: Doc, name: str) -> list[str]:
    """What the index holds for a field."""
    exact = name.removesuffix(".keyword")
    with_keyword = _TEXT_WITH_KEYWORD.get(doc.kind, set())
    if exact != name:
        # Only a text has the sub-field; on a keyword field such as model_group_id nothing matches.
        return [_term(value) for value in field(doc, exact)] if exact in with_keyword else []
    if name in with_keyword or name in _TEXT:
        return [word for value in field(doc, name) for word in _words(value)]
    return [_term(value) for value in field(doc, name)]


def _single(body: Json, query: str) -> tuple[str, Json]:
    if not isinstance(body, dict):
        raise _refuse(f"[{query}] query malformed, no start_object after query name")
    fields = {key: value for key, value in body.items() if key not in {"boost", "_name"}}
    if len(fields) != 1:
        raise _refuse(f"[{query}] query doesn't support multiple fields or none, found {[*fields]}")
    return next(iter(fields.items()))


def _inner(value: Json, key: str, query: str, allowed: Iterable[str] = ()) -> JsonObject:
    if not isinstance(value, dict):
        return {key: value}
    unknown = set(value) - {key, "boost", "_name", *allowed}
    if unknown or key not in value:
        raise _refuse(f"[{query}] query does not support {sorted(unknown) or 'a missing value'}")
    return value


def _term_query(body: Json) -> Predicate:
    name, value = _single(body, "term")
    wanted = _term(_inner(value, "value", "term")["value"])
    return lambda doc: wanted in _tokens(doc, name)


def _terms_query(body: Json) -> Predicate:
    name, value = _single(body, "terms")
    if not isinstance(value, list):
        raise _refuse("[terms] query requires an array of values")
    wanted = {_term(item) for item in value}
    return lambda doc: not wanted.isdisjoint(_tokens(doc, name))


def _match_query(body: Json) -> Predicate:
    name, value = _single(body, "match")
    options = _inner(value, "query", "match", ("operator",))
    exact = name.endswith(".keyword")
    wanted = {_term(options["query"])} if exact else {*_words(options["query"])}
    every = str(options.get("operator", "or")).lower() == "and"

    def matches(doc: Doc) -> bool:
        tokens = {token if exact else token.lower() for token in _tokens(doc, name)}
        plain = _term(options["query"]) in _tokens(doc, name)  # a keyword field isn't analysed
        return plain or (wanted <= tokens if every else not wanted.isdisjoint(tokens))

    return matches


def _ids_query(body: Json) -> Predicate:
    values = body.get("values") if isinstance(body, dict) else None
    if not isinstance(values, list):
        raise _refuse("[ids] query requires an array of values")
    wanted = {str(value) for value in values}
    return lambda doc: doc.id in wanted


def _exists_query(body: Json) -> Predicate:
    if not isinstance(body, dict) or not isinstance(body.get("field"), str):
        raise _refuse("[exists] must be provided with a [field]")
    name = body["field"]
    return lambda doc: bool(field(doc, name))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
}


def _range_query(body: Json) -> Predicate:
    name, bounds = _single(body, "range")
    known = {"format", "boost", *_COMPARE}
    if not isinstance(bounds, dict) or set(bounds) - known:
        raise _refuse(f"[range] query does not support {bounds}")
    limits = [(test, bounds[key]) for key, test in _COMPARE.items() if key in bounds]
    if any(isinstance(bound, bool) or not isinstance(bound, (int, float)) for _, bound in limits):
        raise _refuse("[range] query of the sandbox compares numbers only")

    def matches(doc: Doc) -> bool:
        numbers = [value for value in field(doc, name) if isinstance(value, (int, float))]
        return any(all(test(value, bound) for test, bound in limits) for value in numbers)

    return matches


def _clauses(body: JsonObject, key: str) -> list[Predicate]:
    value = body.get(key, [])
    return [compiled(item) for item in (value if isinstance(value, list) else [value])]


def _bool_query(body: Json) -> Predicate:
    known = {"must", "filter", "should", "must_not", "minimum_should_match", "boost", "_name"}
    if not isinstance(body, dict) or set(body) - known:
        raise _refuse(f"[bool] query does not support {sorted(set(body) - known)}")
    needed = _clauses(body, "must") + _clauses(body, "filter")
    optional, refused = _clauses(body, "should"), _clauses(body, "must_not")
    least = body.get("minimum_should_match", 1 if optional and not needed else 0)
    if isinstance(least, bool) or not str(least).isdigit():
        raise _refuse("[bool] minimum_should_match of the sandbox is a number")

    def matches(doc: Doc) -> bool:
        return (
            all(test(doc) for test in needed)
            and not any(test(doc) for test in refused)
            and sum(test(doc) for test in optional) >= int(least)
        )

    return matches


_QUERIES: dict[str, Callable[[Json], Predicate]] = {
    "match_all": lambda _body: lambda _doc: True,
    "match_none": lambda _body: lambda _doc: False,
    "ids": _ids_query,
    "term": _term_query,
    "terms": _terms_query,
    "match": _match_query,
    "exists": _exists_query,
    "range": _range_query,
    "bool": _bool_query,
}


def compiled(query: Json) -> Predicate:
    """A test for documents; raises 400 `parsing_exception` for what it does not know."""
    if not isinstance(query, dict) or len(query) != 1:
        raise _refuse("[_na] query malformed, one query clause expected")
    name, body = next(iter(query.items()))
    if name not in _QUERIES:
        raise _refuse(f"unknown query [{name}]")
    return _QUERIES[name](body)


_INDEXED: dict[str, Column] = {
    "_id": "id",
    "name.keyword": "name",
    "connector_id.keyword": "connector_id",
    "model_group_id": "model_group_id",
    "model_id": "model_id",
}


def narrowed(query: Json) -> tuple[Column, list[str]] | None:
    """Values of an indexed column that every match must have; None when there are none.

    Keeps a bulk read of a thousand ids from reading every document.
    """
    name, body = next(iter(query.items()))
    if name == "ids":
        return "id", [str(value) for value in body["values"]]
    if name in {"term", "terms"}:
        field_name, value = _single(body, name)
        column = _INDEXED.get(field_name)
        if column is None:
            return None
        values = value if name == "terms" else [_inner(value, "value", "term")["value"]]
        return column, [_term(item) for item in values]
    if name == "bool":
        for key in ("filter", "must"):
            clauses = body.get(key, [])
            for clause in clauses if isinstance(clauses, list) else [clauses]:
                if (found := narrowed(clause)) is not None:
                    return found
    return None
