"""A template of fifty nodes with every step type that changes something, and how it changes.

Some of its steps act on what others made: `furnish` puts that on a cluster first and gives the
params that name it. It must not know how runs are cut off or looked at.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["NAMED", "changed_in_place", "furnish", "mix", "replaced", "small_mix"]

Template = dict[str, Any]
Ask = Callable[[str, str, Any], Any]
"""A request of somebody else: method, path, body → the answer's body."""

ML = "/_plugins/_ml"
NAMED = ("theirs-docs", "theirs-in", "theirs-out")
"""The index and the pipelines that others made."""
WORDS = {"model_format": "TORCH_SCRIPT", "version": "1.0.1"}
TRANSFORMER = "huggingface/sentence-transformers/all-MiniLM-L6-v2"
SPARSE = "amazon/neural-sparse/opensearch-neural-sparse-encoding-v1"


def step(
    node_id: str, kind: str, previous: Mapping[str, str] | None = None, /, **inputs: Any
) -> dict[str, Any]:
    """A node of a template."""
    node: dict[str, Any] = {"id": node_id, "type": kind}
    if previous:
        node["previous_node_inputs"] = dict(previous)
    return node | ({"user_inputs": inputs} if inputs else {})


def connector(node_id: str, name: str, model: str = "gpt-3.5-turbo") -> dict[str, Any]:
    """A connector to a chat service."""
    action = {
        "action_type": "predict",
        "method": "POST",
        "url": "https://${parameters.endpoint}/v1/chat/completions",
        "headers": {"Authorization": "Bearer ${credential.openAI_key}"},
        "request_body": '{ "model": "${parameters.model}", "messages": ${parameters.messages} }',
    }
    return step(
        node_id, "create_connector",
        name=name, description="to a chat service", version="1", protocol="http",
        parameters={"endpoint": "api.openai.com", "model": model},
        credential={"openAI_key": "${{ openai_key }}"}, actions=[action],
    )  # fmt: skip


def _groups() -> list[dict[str, Any]]:
    return [
        step(f"group_{n}", "register_model_group", name=f"Mix group {n}", description="of the mix")
        for n in range(4)
    ]


def _connectors() -> list[dict[str, Any]]:
    # Two of them are equal but for their ids: what is made twice by mistake hides there.
    return [connector(f"connector_{n}", f"Mix connector {min(n, 4)}") for n in range(6)]


def _models() -> list[dict[str, Any]]:
    grouped = [
        step(
            f"model_{n}", "register_remote_model",
            {f"connector_{n}": "connector_id", f"group_{n}": "model_group_id"},
            name=f"Mix model {n}", function_name="remote", description="of the mix",
            **({"deploy": True} if n == 0 else {}),
        )
        for n in range(4)
    ]  # fmt: skip
    # Without a group ML Commons makes one; the last two have one name and so share one.
    alone = [
        step(
            f"model_{n}", "register_remote_model", {f"connector_{n % 6}": "connector_id"},
            name=f"Mix model {min(n, 5)}", function_name="remote", description="alone",
        )
        for n in range(4, 7)
    ]  # fmt: skip
    deployed = [
        step(f"deployment_{n}", "deploy_model", {f"model_{n}": "model_id"}) for n in range(1, 6)
    ]
    return [*grouped, *alone, *deployed]


def _local_models() -> list[dict[str, Any]]:
    custom = {
        "function_name": "text_embedding",
        "url": "https://models.example.org/m.zip",
        "model_content_hash_value": "ab12",
        "model_type": "bert",
        "embedding_dimension": 384,
        "framework_type": "sentence_transformers",
    }
    return [
        step("local", "register_local_pretrained_model", name=TRANSFORMER, **WORDS),
        step("local_up", "deploy_model", {"local": "model_id"}),
        step(
            "sparse", "register_local_sparse_encoding_model",
            name=SPARSE, function_name="SPARSE_ENCODING", **WORDS,
        ),
        step(
            "custom", "register_local_custom_model", {"group_3": "model_group_id"},
            name="mix-custom", **WORDS, **custom,
        ),
    ]  # fmt: skip


def _agents() -> list[dict[str, Any]]:
    def ask(node_id: str, model: str) -> dict[str, Any]:
        return step(
            node_id, "create_tool", {model: "model_id"},
            type="MLModelTool", name=node_id, parameters={"prompt": "${parameters.question}"},
        )  # fmt: skip

    return [
        ask("tool_a", "deployment_1"),
        ask("tool_b", "model_0"),
        step("tool_c", "create_tool", type="ListIndexTool", name="tool_c", parameters={}),
        step(
            "agent_a", "register_agent", {"tool_a": "tools", "tool_c": "tools"},
            name="Mix agent a", type="flow", description="of the mix",
            tools_order=["tool_c", "tool_a"],
        ),
        step(
            "agent_b", "register_agent", {"tool_b": "tools"},
            name="Mix agent b", type="flow", description="of the mix",
        ),
        step("agent_c", "register_agent", {"tool_c": "tools"}, name="Mix agent c", type="flow"),
    ]  # fmt: skip


def _search() -> list[dict[str, Any]]:
    settings = {
        "index.default_pipeline": "${{ ingest_a.pipeline_id }}",
        "index.search.default_pipeline": "${{ search_a.pipeline_id }}",
        "number_of_replicas": 0,
    }
    ask = {"ml_inference": {
        "model_id": "${{ deployment_2.model_id }}",
        "input_map": [{"messages": "messages"}], "output_map": [{"answer": "choices"}],
    }}  # fmt: skip
    return [
        step(
            "ingest_a", "create_ingest_pipeline", {"deployment_2": "model_id"},
            pipeline_id="mix-in-a", configurations={"description": "asks", "processors": [ask]},
        ),
        step(
            "ingest_b", "create_ingest_pipeline", pipeline_id="mix-in-b",
            configurations={"processors": [{"set": {"field": "n", "value": 1.5}}]},
        ),
        step(
            "search_a", "create_search_pipeline", pipeline_id="mix-out-a",
            configurations={"request_processors": [
                {"filter_query": {"query": {"match_all": {}}}}
            ]},
        ),
        step(
            "index_a", "create_index", index_name="mix-docs-a",
            configurations={
                "settings": settings,
                "mappings": {"properties": {"text": {"type": "text"}}},
                "aliases": {"mix-docs": {}},
            },
        ),
        step("index_b", "create_index", index_name="mix-docs-b", configurations={}),
        step(
            "search_b", "create_search_pipeline", pipeline_id="mix-out-b",
            configurations={"response_processors": [
                {"rename_field": {"field": "a", "target_field": "b"}}
            ]},
        ),
        *(
            step(
                f"index_{letter}", "create_index", index_name=f"mix-docs-{letter}",
                configurations={
                    "settings": {"index.search.default_pipeline": "${{ search_b.pipeline_id }}"}
                },
            )
            for letter in "cde"
        ),
    ]  # fmt: skip


def _acts() -> list[dict[str, Any]]:
    docs, ingest, search = NAMED
    return [
        step("end", "noop", {"index_b": "index_name"}),
        step(
            "copy", "reindex", source_index=docs, destination_index="${{ index_b.index_name }}"
        ),
        step(
            "change_index", "update_index", {"copy": "reindex"}, index_name=docs,
            configurations={"settings": {"refresh_interval": "7s"}},
        ),
        step(
            "change_ingest", "update_ingest_pipeline", pipeline_id=ingest,
            configurations={"processors": [{"set": {"field": "m", "value": "ours"}}]},
        ),
        step(
            "change_search", "update_search_pipeline", pipeline_id=search,
            configurations={"request_processors": [
                {"filter_query": {"query": {"term": {"visible": True}}}}
            ]},
        ),
        step("take_down", "undeploy_model", model_id="${{ theirs_deployed }}"),
        step("drop_agent", "delete_agent", agent_id="${{ theirs_agent }}"),
        step("drop_connector", "delete_connector", connector_id="${{ theirs_connector }}"),
        step("drop_model", "delete_model", model_id="${{ theirs_model }}"),
    ]  # fmt: skip


def mix() -> Template:
    """The fifty nodes."""
    nodes = [
        *_groups(), *_connectors(), *_models(), *_local_models(), *_agents(), *_search(), *_acts()
    ]  # fmt: skip
    names = ("theirs_deployed", "theirs_agent", "theirs_connector", "theirs_model")
    return {
        "name": "mix",
        "workflows": {"provision": {"nodes": nodes}},
        "flowplan": {
            "params": {
                "openai_key": {"type": "string", "sensitive": True},
                **{name: {"type": "string"} for name in names},
            },
            "outputs": {
                "model": "${{ deployment_1.model_id }}",
                "agent": "${{ agent_a.agent_id }}",
            },
        },
    }


SMALL = (
    "group_0", "connector_0", "connector_1", "model_0", "group_1", "model_1", "deployment_1",
    "tool_a", "tool_c", "agent_a", "ingest_b", "search_a", "index_b", "local",
)  # fmt: skip


def small_mix() -> Template:
    """A dozen of the nodes, one of each kind that a cluster keeps."""
    template = mix()
    provision = template["workflows"]["provision"]
    provision["nodes"] = [node for node in provision["nodes"] if node["id"] in SMALL]
    template["flowplan"] = {
        "params": {"openai_key": {"type": "string", "sensitive": True}},
        "outputs": {"model": "${{ deployment_1.model_id }}"},
    }
    return template


def _inputs(template: Template, *node_ids: str) -> Iterator[dict[str, Any]]:
    """The inputs of those nodes that are there."""
    for node in template["workflows"]["provision"]["nodes"]:
        if node["id"] in node_ids:
            yield node["user_inputs"]


def changed_in_place(template: Template) -> Template:
    """The mix with what can be changed under the ids that it has."""
    after = copy.deepcopy(template)
    for inputs in _inputs(after, "group_0", "model_0", "model_1", "model_5", "agent_a"):
        inputs["description"] = "changed"
    for inputs in _inputs(after, "model_2"):
        inputs["is_enabled"] = False
    for inputs in _inputs(after, "agent_a"):
        inputs["tools_order"] = ["tool_a", "tool_c"]
    for inputs in _inputs(after, "tool_b"):
        inputs["parameters"]["prompt"] = "now: ${parameters.question}"
    for inputs in _inputs(after, "ingest_b"):
        inputs["configurations"]["processors"][0]["set"]["value"] = 2.5
    for inputs in _inputs(after, "search_a"):
        inputs["configurations"]["description"] = "changed"
    for inputs in _inputs(after, "index_a"):
        inputs["configurations"]["settings"]["refresh_interval"] = "3s"
    for inputs in _inputs(after, "index_b"):
        inputs["configurations"] = {"aliases": {"mix-docs-2": {}}}
    for inputs in _inputs(after, "change_ingest"):
        inputs["configurations"]["processors"][0]["set"]["value"] = "still"
    for inputs in _inputs(after, "change_index"):
        inputs["configurations"]["settings"]["refresh_interval"] = "9s"
    for inputs in _inputs(after, "copy"):
        inputs["refresh"] = True
    return after


def replaced(template: Template) -> Template:
    """The mix with some made anew and re-pointed, some removed, some added."""
    after = copy.deepcopy(template)
    for inputs in _inputs(after, "connector_0", "connector_1", "connector_2"):
        inputs["parameters"]["model"] = "gpt-4o"
    # A parameter that goes can't be taken from a connector, nor a tool's from an agent.
    for inputs in _inputs(after, "connector_3"):
        inputs["parameters"].pop("model")
        inputs["actions"][0]["request_body"] = "{}"
    for inputs in _inputs(after, "agent_b"):
        inputs["type"] = "conversational_flow"
    for inputs in _inputs(after, "local"):
        inputs["version"] = "1.0.2"
    for inputs in _inputs(after, "model_1"):
        inputs["description"] = "on a new connector"
    gone = {"sparse", "agent_c", "model_6", "deployment_5", "end", "change_search"}
    provision = after["workflows"]["provision"]
    provision["nodes"] = [node for node in provision["nodes"] if node["id"] not in gone]
    provision["nodes"] += [
        connector("connector_new", "Mix connector new"),
        step(
            "model_new", "register_remote_model", {"connector_new": "connector_id"},
            name="Mix model new", function_name="remote",
        ),
        step("deployment_new", "deploy_model", {"model_new": "model_id"}),
        step(
            "ingest_new", "create_ingest_pipeline", pipeline_id="mix-in-new",
            configurations={"processors": [{"set": {"field": "new", "value": True}}]},
        ),
    ]  # fmt: skip
    return after


def furnish(ask: Ask) -> dict[str, str]:
    """Make what the acts of the mix work on; the params that name it."""
    docs, ingest, search = NAMED
    ask("PUT", f"/{docs}", {})
    ask("PUT", f"/_ingest/pipeline/{ingest}", {"processors": []})
    ask("PUT", f"/_search/pipeline/{search}", {"request_processors": []})
    body = connector("theirs", "Theirs")["user_inputs"] | {"credential": {"openAI_key": "theirs"}}
    made = [ask("POST", f"{ML}/connectors/_create", body)["connector_id"] for _ in range(2)]
    models = [
        ask(
            "POST", f"{ML}/models/_register?deploy={deploy}",
            {"name": f"Theirs {deploy}", "function_name": "remote", "connector_id": made[0]},
        )["model_id"]
        for deploy in ("true", "false")
    ]  # fmt: skip
    agent = ask("POST", f"{ML}/agents/_register", {"name": "Theirs", "type": "flow"})
    return {
        "theirs_deployed": models[0],
        "theirs_model": models[1],
        "theirs_connector": made[1],
        "theirs_agent": agent["agent_id"],
    }
