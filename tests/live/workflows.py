"""Workflows with names of their own, as a real node can run them, and who can witness them there.

Only ML Commons and what every distribution has is used: no processor of another plugin.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowplan.errors import Refused
from tests.lab import Lab

EXAMPLES = Path(__file__).parents[2] / "examples"
COLLECTIONS = ("agents", "models", "connectors", "model_groups")
PIPELINES = ("_ingest/pipeline", "_search/pipeline")
GONE: dict[str, list[str]] = {name: [] for name in (*COLLECTIONS, *PIPELINES, "indices")}


def example(name: str) -> dict[str, Any]:
    """The template of an example, as it is published."""
    found: dict[str, Any] = json.loads((EXAMPLES / name / "template.json").read_text("utf-8"))
    return found


def nine_steps() -> dict[str, Any]:
    """Nine kinds of steps in one workflow, each of them used by another or using one."""
    chat = example("openai-chat")["workflows"]["provision"]["nodes"][0]["user_inputs"]
    nodes = [
        step("group", "register_model_group", name="Nine group", description="of nine steps"),
        step("connector", "create_connector", **chat),
        step(
            "model", "register_remote_model", {"connector": "connector_id", "group": "model_group_id"},
            name="Nine model", function_name="remote", is_enabled=True,
        ),
        step("deployment", "deploy_model", {"model": "model_id"}),
        step(
            "tool", "create_tool", {"deployment": "model_id"},
            type="MLModelTool", name="ask", parameters={"prompt": "${parameters.question}"},
        ),
        step(
            "agent", "register_agent", {"tool": "tools"},
            name="Nine agent", type="flow", description="of nine steps",
        ),
        step(
            "ingest", "create_ingest_pipeline", {"deployment": "model_id"},
            pipeline_id="nine-in",
            configurations={
                "description": "asks the model about a text",
                "processors": [
                    {"ml_inference": {
                        "model_id": "${{ deployment.model_id }}",
                        "input_map": [{"messages": "messages"}],
                        "output_map": [{"answer": "choices"}],
                        "ignore_missing": True,
                    }},
                    {"set": {"field": "n", "value": 1.5}},
                ],
            },
        ),
        step(
            "search", "create_search_pipeline",
            pipeline_id="nine-out",
            configurations={"request_processors": [
                {"filter_query": {"query": {"match_all": {}}}}
            ]},
        ),
        step(
            "index", "create_index",
            index_name="nine-docs",
            configurations={
                "settings": {
                    "index.default_pipeline": "${{ ingest.pipeline_id }}",
                    "index.search.default_pipeline": "${{ search.pipeline_id }}",
                    "number_of_replicas": 0,
                },
                "mappings": {"properties": {"text": {"type": "text"}}},
            },
        ),
    ]  # fmt: skip
    return {
        "name": "nine-steps",
        "workflows": {"provision": {"nodes": nodes}},
        "flowplan": {"params": {"openai_key": {"type": "string", "sensitive": True}}},
    }


def step(
    node_id: str, kind: str, previous: Mapping[str, str] | None = None, /, **inputs: Any
) -> dict[str, Any]:
    """A node of a template."""
    node: dict[str, Any] = {"id": node_id, "type": kind}
    if previous:
        node["previous_node_inputs"] = dict(previous)
    return node | ({"user_inputs": inputs} if inputs else {})


def settle(lab: Lab, template: Mapping[str, Any], service: str) -> Lab:
    """Give the lab that workflow, with the lab's tag in all names and the service to talk to."""
    lab.template = copy.deepcopy(dict(template))
    declared = lab.template.get("flowplan", {}).get("params", {})
    lab.params = {name: value for name, value in lab.params.items() if name in declared}
    for node in lab.nodes:
        inputs = node.get("user_inputs", {})
        if node["type"] != "create_tool" and "name" in inputs:
            inputs["name"] += f" {lab.tag}"
        for key in ("pipeline_id", "index_name"):
            if key in inputs:
                inputs[key] += f"-{lab.tag}"
        aliases = inputs.get("configurations", {}).get("aliases")
        if aliases:
            inputs["configurations"]["aliases"] = {
                f"{name}-{lab.tag}": value for name, value in aliases.items()
            }
        if node["type"] == "create_connector":
            inputs["parameters"]["endpoint"] = service
            for action in inputs["actions"]:
                action["url"] = action["url"].replace("https://", "http://")
    return lab


def witnesses(lab: Lab) -> dict[str, list[str]]:
    """What of the lab is there, by the ML search endpoints, `_cat/indices` and the pipelines."""
    found = {name: [item["_id"] for item in hits(lab, name)] for name in COLLECTIONS}
    for base in PIPELINES:
        found[base] = [name for name in everything(lab, f"/{base}") if lab.tag in name]
    rows = lab.request("GET", "/_cat/indices", params={"format": "json"})
    found["indices"] = [row["index"] for row in rows if lab.tag in row["index"]]
    return found


def counts(lab: Lab) -> dict[str, int]:
    """How many of each are there, those left out of which there is none."""
    return {name: len(items) for name, items in witnesses(lab).items() if items}


def hits(lab: Lab, collection: str) -> list[dict[str, Any]]:
    """The documents of an ML collection whose name holds the tag."""
    query = {"query": {"match_all": {}}, "size": 1000}
    try:
        answer = lab.request("POST", f"/_plugins/_ml/{collection}/_search", query)
    except Refused as refused:
        # Nobody has made any since the node was started, so that its index is not there.
        if refused.status == 404:
            return []
        raise
    return [item for item in answer["hits"]["hits"] if lab.tag in item["_source"].get("name", "")]


def everything(lab: Lab, path: str) -> dict[str, Any]:
    """All pipelines of a kind; none is 404 for the one and an empty object for the other."""
    found: dict[str, Any] = lab.request("GET", path, accept=(404,)) or {}
    return found


def remove(lab: Lab) -> None:
    """Delete what a failed test left of these workflows, agents first."""
    there = witnesses(lab)
    paths = [f"/_plugins/_ml/agents/{name}" for name in there["agents"]]
    paths += [f"/{name}" for name in there["indices"]]
    paths += [f"/{base}/{name}" for base in PIPELINES for name in there[base]]
    for path in paths:
        lab.request("DELETE", path)
