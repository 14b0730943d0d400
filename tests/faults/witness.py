"""What is on a cluster, in a form in which equal results are equal: names for ids, no times.

It asks the cluster, and must not know flowplan's state.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flowplan.errors import Refused
from flowplan.http import open_connection
from flowplan.providers.sandbox.adapter import BASE_URL, open_sandbox

__all__ = ["Ask", "View", "asking", "difference", "ids", "view"]

Ask = Callable[[str, str, Any], Any]
View = Mapping[str, tuple[str, ...]]
"""By kind, the sorted texts of what is there."""

COLLECTIONS = ("connectors", "model_groups", "models", "agents")
NAMED = ("_ingest/pipeline", "_search/pipeline")
VOLATILE = frozenset(
    {
        "created_time", "model_version", "last_updated_time", "last_registered_time", "last_deployed_time",
        "last_undeployed_time", "creation_date", "uuid", "version", "latest_version",
        "planning_worker_nodes", "current_worker_node_count", "planning_worker_node_count",
        "auto_redeploy_retry_times", "last_auto_redeploy_time", "provided_name",
    }
)  # fmt: skip


@contextmanager
def asking(endpoint: str, directory: Path | None = None) -> Iterator[Ask]:
    """Requests of somebody else, to a URL or to the sandbox in `directory`."""
    if directory is None:
        connection = open_connection(endpoint, environ={})
    else:
        adapter = open_sandbox(endpoint, default_path=directory / ".flowplan" / "sandbox.db")
        connection = open_connection(BASE_URL, mounts={BASE_URL: lambda: adapter}, environ={})

    def ask(method: str, path: str, body: Any = None) -> Any:
        accept = (404,) if method in ("GET", "DELETE") or path.endswith("/_search") else ()
        return (
            connection.operation().request(method, path, body=body, safe=True, accept=accept).body
        )

    try:
        yield ask
    finally:
        connection.close()


def _documents(ask: Ask, collection: str) -> dict[str, Any]:
    query = {"query": {"match_all": {}}, "size": 10_000}
    try:
        answer = ask("POST", f"/_plugins/_ml/{collection}/_search", query)
    except Refused:
        return {}
    return {hit["_id"]: hit["_source"] for hit in answer.get("hits", {}).get("hits", [])}


def _everything(ask: Ask) -> dict[str, dict[str, Any]]:
    found = {collection: _documents(ask, collection) for collection in COLLECTIONS}
    found |= {base: ask("GET", f"/{base}", None) or {} for base in NAMED}
    rows = ask("GET", "/_cat/indices?format=json", None)
    named = [row["index"] for row in rows if not row["index"].startswith((".", "top_queries"))]
    found["indices"] = {name: ask("GET", f"/{name}", None)[name] for name in named}
    return found


def ids(ask: Ask, tag: str = "") -> frozenset[str]:
    """The ids of everything there, or of what has `tag` in its name."""
    return frozenset(
        ident
        for kind in _everything(ask).values()
        for ident, source in kind.items()
        if tag in str(source.get("name", ident) if isinstance(source, dict) else ident)
    )


def view(ask: Ask, skip: Iterable[str] = ()) -> View:
    """What is there but for the ids in `skip`, each with the names of what it refers to."""
    found = _everything(ask)
    left_out = frozenset(skip)
    names = {
        ident: f"<{kind}: {source.get('name')}>"
        for kind in COLLECTIONS
        for ident, source in found[kind].items()
    }
    told = {
        kind: tuple(
            sorted(
                json.dumps(
                    _plain(source, names, ident if kind not in COLLECTIONS else ""), sort_keys=True
                )
                for ident, source in documents.items()
                if ident not in left_out
            )
        )
        for kind, documents in found.items()
    }
    return {kind: texts for kind, texts in told.items() if texts}


def _plain(source: Any, names: Mapping[str, str], key: str = "") -> Any:
    if isinstance(source, dict):
        inner = {
            name: _plain(value, names) for name, value in source.items() if name not in VOLATILE
        }
        return {"": key, **inner} if key else inner
    if isinstance(source, list):
        return [_plain(item, names) for item in source]
    return names.get(source, source) if isinstance(source, str) else source


def difference(wanted: View, found: View) -> str:
    """What is there twice, what nobody wants, and what is missing; empty where both are equal."""
    lines = []
    for kind in sorted({*wanted, *found}):
        expected, there = Counter(wanted.get(kind, ())), Counter(found.get(kind, ()))
        for text in (there - expected).elements():
            lines.append(f"{'duplicate' if text in expected else 'orphan'} in {kind}: {text}")
        lines += [f"missing in {kind}: {text}" for text in (expected - there).elements()]
    return "\n".join(lines)
