"""Resources made by hand, as a template has them and with one field of another value."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flowplan.planner.import_one import Taken, import_one
from flowplan.planner.plan import NodeChange
from flowplan.planner.reconcile import recover
from tests.lab import KEY, Lab

INDEX = {
    "settings": {"index": {"number_of_shards": 1, "refresh_interval": "5s"}},
    "mappings": {"properties": {"text": {"type": "text"}}},
}
PIPELINE = {"description": "p", "processors": [{"set": {"field": "a", "value": 1}}]}


def take(lab: Lab, node: str, resource_id: str, *, write: bool = True) -> Taken:
    """What `flowplan import` does."""
    workspace = lab.workspace()
    with workspace.backend.lock("import"):
        settled = any(item.intent.node == node for item in workspace.backend.load().open)
        snapshot = recover(workspace, {node: resource_id})
        taken = import_one(workspace, snapshot, node, resource_id, settled=settled)
        if write:
            workspace.backend.save(taken.state)
    return taken


def imports(lab: Lab, **ids: str) -> None:
    """Put them into the template."""
    lab.template.setdefault("flowplan", {})["imports"] = [
        {"node": node, "id": resource_id} for node, resource_id in ids.items()
    ]


def paths(change: NodeChange) -> list[str]:
    return [".".join(map(str, field.path)) for field in change.fields]


def template_of(node: Mapping[str, Any], *more: Mapping[str, Any]) -> dict[str, Any]:
    nodes = [copy.deepcopy(dict(item)) for item in (*more, node)]
    return {"name": "one", "workflows": {"provision": {"nodes": nodes}}}


@dataclass(frozen=True)
class Kind:
    """One type of step: how it is made by hand, and one field that is then another one."""

    node: Mapping[str, Any]
    make: Callable[[Lab, Mapping[str, Any]], str]
    change: Callable[[dict[str, Any]], None]
    field: str
    allow: frozenset[str] = frozenset()


def local_id(lab: Lab, inputs: Mapping[str, Any]) -> str:
    task = made(lab, "models/_register", inputs, "task_id")
    while True:
        found = lab.request("GET", f"/_plugins/_ml/tasks/{task}")
        if found["state"] == "COMPLETED":
            return str(found["model_id"])


def connector_id(lab: Lab, inputs: Mapping[str, Any]) -> str:
    return made(lab, "connectors/_create", inputs, "connector_id")


def made(lab: Lab, path: str, inputs: Mapping[str, Any], key: str) -> str:
    body = {k: v for k, v in inputs.items() if k != "deploy"}
    answer = lab.request("POST", f"/_plugins/_ml/{path}", body, safe=True)
    return str(answer[key])


def model_id(lab: Lab, inputs: Mapping[str, Any]) -> str:
    connector = connector_id(lab, CONNECTOR["user_inputs"])
    body = {"function_name": "remote", **inputs, "connector_id": connector}
    lab.inputs("node")["connector_id"] = connector
    found = made(lab, "models/_register", body, "model_id")
    if inputs.get("deploy"):
        lab.request("POST", f"/_plugins/_ml/models/{found}/_deploy")
        while lab.request("GET", f"/_plugins/_ml/models/{found}")["model_state"] != "DEPLOYED":
            pass
    return found


def deployed_id(lab: Lab, inputs: Mapping[str, Any]) -> str:
    connector, wanted = connector_id(lab, CONNECTOR["user_inputs"]), inputs["model_id"]
    body = {"function_name": "remote", "connector_id": connector, "name": "m"}
    found = made(lab, "models/_register", body, "model_id")
    lab.inputs("node")["model_id"] = found
    if wanted == "deployed":
        lab.request("POST", f"/_plugins/_ml/models/{found}/_deploy")
        while lab.request("GET", f"/_plugins/_ml/models/{found}")["model_state"] != "DEPLOYED":
            pass
    return found


def named(path: str, key: str) -> Callable[[Lab, Mapping[str, Any]], str]:
    def make(lab: Lab, inputs: Mapping[str, Any]) -> str:
        lab.request("PUT", path + str(inputs[key]), inputs["configurations"])
        return str(inputs[key])

    return make


def group_id(lab: Lab, inputs: Mapping[str, Any]) -> str:
    return made(lab, "model_groups/_register", inputs, "model_group_id")


def agent_id(lab: Lab, inputs: Mapping[str, Any]) -> str:
    return made(lab, "agents/_register", inputs, "agent_id")


def setting(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(inputs: dict[str, Any]) -> None:
        place: Any = inputs
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to

    return change


CONNECTOR: dict[str, Any] = {
    "id": "node",
    "type": "create_connector",
    "user_inputs": {
        "name": "c", "description": "text", "version": 1, "protocol": "http",
        "parameters": {
            "model": "gpt", "max_tokens": 256, "stop": ["a", 1], "extra": {"b": {"c": 0.5}},
        },
        "credential": {"key": KEY},
        "client_config": {"read_timeout": 10},
        "actions": [
            {
                "action_type": "predict", "method": "POST", "url": "https://example.com/v1",
                "headers": {"Authorization": "${credential.key}"}, "request_body": "{ }",
            }
        ],
    },
}  # fmt: skip
GROUP = {
    "id": "node", "type": "register_model_group",
    "user_inputs": {"name": "g", "description": "text"},
}  # fmt: skip
MODEL = {
    "id": "node", "type": "register_remote_model",
    "user_inputs": {
        "name": "m", "description": "text", "connector_id": "",
        "rate_limiter": {"limit": 5, "unit": "MINUTES"},
        "interface": {"input": {"properties": {}}},
    },
}  # fmt: skip
DEPLOYED = {
    "id": "node", "type": "register_remote_model",
    "user_inputs": {"name": "m", "connector_id": "", "deploy": True},
}  # fmt: skip
LOCAL = {
    "id": "node",
    "type": "register_local_pretrained_model",
    "user_inputs": {
        "name": "huggingface/sentence-transformers/all-MiniLM-L6-v2",
        "version": "1.0.1",
        "model_format": "TORCH_SCRIPT",
        "description": "text",
    },
}
AGENT = {
    "id": "node", "type": "register_agent",
    "user_inputs": {
        "name": "a", "type": "flow", "description": "text", "app_type": "rag",
        "parameters": {"a": 1}, "tools": [{"type": "ListIndexTool", "parameters": {"n": 2}}],
        "llm": {"model_id": "x", "parameters": {"max_iteration": 5}},
    },
}  # fmt: skip
INDEX_NODE = {
    "id": "node", "type": "create_index",
    "user_inputs": {"index_name": "docs", "configurations": INDEX},
}  # fmt: skip
INGEST = {
    "id": "node", "type": "create_ingest_pipeline",
    "user_inputs": {"pipeline_id": "in", "configurations": PIPELINE},
}  # fmt: skip
SEARCH = {
    "id": "node", "type": "create_search_pipeline",
    "user_inputs": {
        "pipeline_id": "out",
        "configurations": {"request_processors": [{"filter_query": {"query": {"term": {"a": 1}}}}]},
    },
}  # fmt: skip
DEPLOYMENT = {"id": "node", "type": "deploy_model", "user_inputs": {"model_id": "deployed"}}
MAPPED = ("configurations", "mappings", "properties")

KINDS = {
    "a connector's text": Kind(
        CONNECTOR, connector_id, setting("description", to="another"), "description"
    ),
    "a connector's version": Kind(CONNECTOR, connector_id, setting("version", to=2), "version"),
    "a connector's parameter": Kind(
        CONNECTOR, connector_id, setting("parameters", "max_tokens", to=300),
        "parameters.max_tokens",
    ),
    "a leaf in a connector's parameter": Kind(
        CONNECTOR, connector_id, setting("parameters", "extra", "b", "c", to=1.5),
        "parameters.extra.b.c",
    ),
    "a connector's url": Kind(
        CONNECTOR, connector_id, setting("actions", 0, "url", to="https://example.com/v2"),
        "actions.0.url",
    ),
    "a connector's limit": Kind(
        CONNECTOR, connector_id, setting("client_config", "read_timeout", to=20),
        "client_config.read_timeout",
    ),
    "a limit that only the cluster has": Kind(
        CONNECTOR, connector_id, setting("client_config", "max_connection", to=50),
        "client_config.max_connection",
    ),
    "a group's text": Kind(GROUP, group_id, setting("description", to="b"), "description"),
    "a model's text": Kind(MODEL, model_id, setting("description", to="b"), "description"),
    "a model's limit": Kind(
        MODEL, model_id, setting("rate_limiter", "limit", to=6), "rate_limiter.limit"
    ),
    "a local model's text": Kind(LOCAL, local_id, setting("description", to="b"), "description"),
    "a model that is not deployed": Kind(DEPLOYED, model_id, setting("deploy", to=False), "deploy"),
    "a deployment that was undone": Kind(
        DEPLOYMENT, deployed_id, setting("model_id", to="registered"), "deployed"
    ),
    "an agent's text": Kind(AGENT, agent_id, setting("description", to="b"), "description"),
    "an agent's parameter": Kind(AGENT, agent_id, setting("parameters", "a", to=2), "parameters.a"),
    "an agent's tool": Kind(
        AGENT, agent_id, setting("tools", 0, "parameters", "n", to=3), "tools.0.parameters.n"
    ),
    "an agent's model": Kind(AGENT, agent_id, setting("llm", "model_id", to="y"), "llm.model_id"),
    "an index's setting": Kind(
        INDEX_NODE, named("/", "index_name"),
        setting("configurations", "settings", "index", "refresh_interval", to="9s"),
        "configurations.settings.index.refresh_interval", frozenset({"node"}),
    ),
    "an ingest pipeline's text": Kind(
        INGEST, named("/_ingest/pipeline/", "pipeline_id"),
        setting("configurations", "description", to="q"), "configurations.description",
        frozenset({"node"}),
    ),
    "a search pipeline's processor": Kind(
        SEARCH, named("/_search/pipeline/", "pipeline_id"),
        setting("configurations", "request_processors", 0, "filter_query", "query", "term", "a", to=2),
        "configurations.request_processors.0.filter_query.query.term.a", frozenset({"node"}),
    ),
}  # fmt: skip
