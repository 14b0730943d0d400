"""Reading ML Commons' documents in bulk: by id, by exact name, by reference.

`_search` answers what GET answers, sees a write at once, and takes a thousand ids a request.
It must not know step types or what the fields mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flowplan.errors import Diagnostic, ProviderError, Refused
from flowplan.protocol import Cluster, Json

__all__ = ["named", "path_to", "read_all_documents", "read_documents", "required", "search"]

ROOT = "/_plugins/_ml"
PAGE = 1000
# Beyond this OpenSearch refuses `from` + `size`.
WINDOW = 10_000
# The mapping's `ignore_above` of `name.keyword`.
LONGEST_NAME = 256
FORBIDDEN, NOT_FOUND = 403, 404


def path_to(collection: str, resource_id: str, action: str = "") -> str:
    """`/_plugins/_ml/models/ID/_deploy`, whatever characters the id has."""
    tail = f"/{action}" if action else ""
    return f"{ROOT}/{collection}/{quote(resource_id, safe='')}{tail}"


def read_documents(
    cluster: Cluster, collection: str, ids: Sequence[str]
) -> Mapping[str, Mapping[str, Json] | None]:
    """The documents with these ids, None for what is not there; one request a thousand.

    A search leaves out what the account may not see. So the first missing one is asked for by
    its id: raises `ProviderError` FP327 when it is there all the same.
    """
    found: dict[str, Mapping[str, Json] | None] = dict.fromkeys(ids)
    unique = list(found)
    for start in range(0, len(unique), PAGE):
        values = unique[start : start + PAGE]
        for key, document in _page(cluster, collection, {"ids": {"values": values}}, 0):
            if key in found:
                found[key] = document
    missing = next((key for key in unique if found[key] is None), None)
    if missing is not None:
        _confirm_gone(cluster, collection, missing)
    return found


def _confirm_gone(cluster: Cluster, collection: str, resource_id: str) -> None:
    path = path_to(collection, resource_id)
    answer = cluster.request("GET", path, accept=(FORBIDDEN, NOT_FOUND))
    if answer.status != NOT_FOUND:
        # Taken for deleted, it would be made a second time.
        raise ProviderError(
            Diagnostic(
                "error",
                "FP327",
                f"the cluster hides {resource_id} from this account's searches",
                f"A search does not find it, and GET {path} answers {answer.status}: it is there.",
                hint="Give the account the right to see it, or use the one that it was made with.",
            )
        )


def search(
    cluster: Cluster, collection: str, field: str, values: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Every document whose `field` is exactly one of `values`, with its id.

    `field` is of keyword type. Chunks of local models, which share their model's name, are
    left out.
    """
    unique = sorted(set(values))
    for start in range(0, len(unique), PAGE):
        yield from _pages(cluster, collection, {"terms": {field: unique[start : start + PAGE]}})


def named(
    cluster: Cluster, collection: str, name: Json
) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Every document of exactly this name; all documents where a name can't be searched for.

    That is a sealed one, and one that is too long for the index of exact names.
    """
    if isinstance(name, str) and len(name) <= LONGEST_NAME:
        yield from search(cluster, collection, "name.keyword", [name])
    else:
        yield from _pages(cluster, collection, {"match_all": {}})


def read_all_documents(cluster: Cluster, collection: str) -> Mapping[str, Mapping[str, Json]]:
    """Every document of a collection that is its users' own, by id; one request a thousand.

    What the server keeps to itself (`is_hidden`) is left out, and so are the parts of local
    models, which hold their whole content.
    """
    query = {"bool": {"must_not": [{"exists": {"field": "chunk_number"}}]}}
    found = dict(_pages(cluster, collection, query))
    if len(found) >= WINDOW:
        cluster.note(f"only the first {WINDOW:,} {collection} were read: a search gives no more")
    return {key: item for key, item in found.items() if item.get("is_hidden") is not True}


def _pages(
    cluster: Cluster, collection: str, query: Json
) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for offset in range(0, WINDOW, PAGE):
        hits = _page(cluster, collection, query, offset)
        yield from ((key, found) for key, found in hits if "chunk_number" not in found)
        if len(hits) < PAGE:
            break


def _page(
    cluster: Cluster, collection: str, query: Json, offset: int
) -> list[tuple[str, Mapping[str, Json]]]:
    path = f"{ROOT}/{collection}/_search"
    body: dict[str, Any] = {"query": query, "size": PAGE}
    if offset:
        body["from"] = offset
    try:
        answer = cluster.request("POST", path, body=body).body
    except Refused as refused:
        # The index of a kind is made with its first document.
        if refused.status == NOT_FOUND and "no such index" in refused.reason:
            return []
        raise
    try:
        if answer.get("timed_out") or answer.get("_shards", {}).get("failed"):
            raise _incomplete(path)
        return [(str(hit["_id"]), dict(hit["_source"])) for hit in answer["hits"]["hits"]]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _not_understood(f"POST {path}", "It holds no search result.") from None


def _incomplete(path: str) -> ProviderError:
    # Taken as it is, what is missing would count as deleted and be made a second time.
    return ProviderError(
        Diagnostic(
            "error",
            "FP326",
            "the cluster answered a search only in part",
            f"POST {path} timed out or a shard failed, so what is missing can't be told from "
            "what was deleted.",
            hint="Run the command again once the cluster's health is green or yellow.",
        )
    )


def required(body: Json, key: str, what: str) -> str:
    """The text at `key` of an answer. Raises `ProviderError` FP324 when there is none."""
    value = body.get(key) if isinstance(body, Mapping) else None
    if not isinstance(value, str) or not value:
        raise _not_understood(what, f"It has no {key}.")
    return value


def _not_understood(what: str, why: str) -> ProviderError:
    # On use: what only checks a template gets no answers.
    from flowplan.http_answers import not_understood

    return not_understood(what, why)
