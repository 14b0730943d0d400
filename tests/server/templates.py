"""Templates that the tests of the server send."""

from __future__ import annotations

import copy
from typing import Any

from tests.lab import CHAT, KEY

__all__ = ["KEY", "chat", "index", "triples"]


def chat(title: str = "chat", **connector: Any) -> dict[str, Any]:
    """Connector, model, deployment, with its credential written out."""
    made = copy.deepcopy(CHAT)
    made.pop("flowplan")
    made["name"] = title
    inputs = made["workflows"]["provision"]["nodes"][0]["user_inputs"]
    inputs["credential"] = {"openAI_key": KEY}
    inputs.update(connector)
    return made


def index(name: str = "index", **settings: Any) -> dict[str, Any]:
    """An index and a search pipeline."""
    nodes = [
        {
            "id": "index",
            "type": "create_index",
            "user_inputs": {"index_name": name, "configurations": {"settings": settings}},
        },
        {
            "id": "pipeline",
            "type": "create_search_pipeline",
            "user_inputs": {
                "pipeline_id": f"{name}-p", "configurations": {"request_processors": []},
            },
        },
    ]  # fmt: skip
    return {"name": name, "workflows": {"provision": {"nodes": nodes}}}


def triples(count: int, name: str = "triples") -> dict[str, Any]:
    """So many connectors, each with a model and its deployment."""
    nodes: list[dict[str, Any]] = []
    for number in range(count):
        for node in chat()["workflows"]["provision"]["nodes"]:
            node["id"] = f"{node['id']}{number}"
            before = node.pop("previous_node_inputs", {})
            if before:
                node["previous_node_inputs"] = {
                    f"{key}{number}": value for key, value in before.items()
                }
            if "name" in node.get("user_inputs", {}):
                node["user_inputs"]["name"] += f" {number}"
            nodes.append(node)
    return {"name": name, "workflows": {"provision": {"nodes": nodes}}}
