"""What is in a sandbox once its server has ended."""

from __future__ import annotations

from pathlib import Path

from flowplan.http import open_connection
from flowplan.providers.sandbox.adapter import BASE_URL, open_sandbox

__all__ = ["resources"]


def resources(file: Path) -> dict[str, list[str]]:
    """The ids of what ML Commons has, by kind."""
    adapter = open_sandbox("sandbox:", default_path=file)
    cluster = open_connection(BASE_URL, mounts={BASE_URL: lambda: adapter}, environ={})
    found = {}
    for kind in ("connectors", "models", "model_groups"):
        body = {"query": {"match_all": {}}, "size": 1000}
        answer = cluster.operation().request("POST", f"/_plugins/_ml/{kind}/_search", body=body)
        found[kind] = [hit["_id"] for hit in answer.body["hits"]["hits"]]
    adapter.close()
    return found
