"""What is on a cluster, whoever made it, in names instead of ids.

It must not know templates or states: what it gives is compared with both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.lab import Lab
from tests.property.pool import World

__all__ = ["Found", "look"]

Json = Any
Documents = Mapping[str, Mapping[str, Json]]
DEPLOYED = ("DEPLOYED", "PARTIALLY_DEPLOYED")


class Found:
    """Every document by kind and id."""

    def __init__(self, lab: Lab) -> None:
        self.connectors = _hits(lab, "connectors")
        self.models = _hits(lab, "models")
        self.groups = _hits(lab, "model_groups")
        self.agents = _hits(lab, "agents")
        self.ingest: Documents = _named(lab, "/_ingest/pipeline")
        self.search: Documents = _named(lab, "/_search/pipeline")
        self.indices: Documents = _named(lab, "/*")

    @property
    def ids(self) -> set[str]:
        """The ids of everything."""
        kinds = (
            self.connectors, self.models, self.groups, self.agents, self.ingest, self.search,
            self.indices,
        )  # fmt: skip
        return {name for kind in kinds for name in kind}

    def world(self, own_groups: set[str]) -> World:
        """All of it in names; `own_groups` are the ids of those that came with their models."""
        return {
            "groups": _unique(
                (item["name"], item.get("description"))
                for name, item in self.groups.items()
                if name not in own_groups
            ),
            "connectors": _unique(
                (item["name"], [item.get("description"), item.get("parameters", {})])
                for item in self.connectors.values()
            ),
            "models": _unique(
                (item["name"], self._model(item, own_groups)) for item in self.models.values()
            ),
            "agents": _unique((item["name"], self._agent(item)) for item in self.agents.values()),
            "ingest": {
                name: self._pipeline(item, "processors") for name, item in self.ingest.items()
            },
            "search": {
                name: self._pipeline(item, "request_processors")
                for name, item in self.search.items()
            },
            "indices": {name: _index(item) for name, item in self.indices.items()},
        }

    def _model(self, item: Mapping[str, Json], own_groups: set[str]) -> list[Json]:
        group = item["model_group_id"]
        return [
            item.get("description"),
            self.connectors[item["connector_id"]]["name"],
            "(its own)" if group in own_groups else self.groups[group]["name"],
            item["model_state"] in DEPLOYED,
        ]

    def _agent(self, item: Mapping[str, Json]) -> list[Json]:
        tools = [
            [tool["parameters"]["prompt"], self.models[tool["parameters"]["model_id"]]["name"]]
            for tool in item.get("tools") or []
        ]
        llm = (item.get("llm") or {}).get("model_id")
        return [item.get("description"), tools, self.models[llm]["name"] if llm else None]

    def _pipeline(self, item: Mapping[str, Json], key: str) -> list[Json]:
        model = item[key][0]["ml_inference"]["model_id"]
        return [item.get("description"), self.models[model]["name"]]


def look(lab: Lab) -> Found:
    return Found(lab)


def _hits(lab: Lab, kind: str) -> Documents:
    query = {"query": {"match_all": {}}, "size": 1000}
    answer = lab.request("POST", f"/_plugins/_ml/{kind}/_search", query)
    return {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}


def _named(lab: Lab, path: str) -> Documents:
    found: Documents = lab.request("GET", path, accept=(404,))
    return {} if "error" in found else found


def _unique(pairs: Any) -> dict[str, Json]:
    """The pairs by name; two of one name are told by a name of their own."""
    found: dict[str, Json] = {}
    for name, value in pairs:
        found[name if name not in found else f"{name} again"] = value
    return found


def _index(item: Mapping[str, Json]) -> list[Json]:
    settings = item["settings"]["index"]
    fields = {name: spec["type"] for name, spec in item["mappings"]["properties"].items()}
    return [settings["number_of_replicas"], settings.get("default_pipeline"), fields]
