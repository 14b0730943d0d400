"""`/_plugins/_ml/agents` and the list of tools (transcript 07: 45-66; NORMALISATION 4).

Neither tool types nor an llm's model are checked, nor are names unique. Must not know models.
"""

from __future__ import annotations

from flowplan.dataclass import replace
from flowplan.providers.sandbox import checks, search, wire
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.routes import Route
from flowplan.providers.sandbox.store import Doc, Tx
from flowplan.providers.sandbox.wire import ApiError, JsonObject, Reply, Request

__all__ = ["ROUTES"]

_TYPES = frozenset({"flow", "conversational", "conversational_flow", "plan_execute_and_reflect"})
_MEMORY_KEYS = ("type", "session_id", "window_size")
_LONGEST = 128
_TEXTS = ("name", "description", "app_type")
_TOOLS = (
    "AgentTool",
    "ConnectorTool",
    "IndexMappingTool",
    "ListIndexTool",
    "MLModelTool",
    "NeuralSparseSearchTool",
    "PPLTool",
    "QueryPlanningTool",
    "RAGTool",
    "SearchIndexTool",
    "VectorDBTool",
    "VisualizationTool",
)


def _tool(item: JsonObject) -> JsonObject:
    if item.get("type") is None:
        raise wire.illegal_argument("tool type is null")
    tool: JsonObject = {"type": checks.text(item, "type")}
    for key in ("name", "description"):
        if value := checks.text(item, key):
            tool[key] = value
    for key in ("parameters", "attributes", "config"):
        if values := checks.stringified(item.get(key)):
            tool[key] = values
    if isinstance(item.get("runtime_resources"), dict) and item["runtime_resources"]:
        tool["runtime_resources"] = item["runtime_resources"]
    tool["include_output_in_agent_response"] = item.get("include_output_in_agent_response") is True
    return tool


def _read(body: JsonObject) -> JsonObject:
    """The fields that are kept; an empty list of tools is none at all."""
    kept: JsonObject = {}
    for key in _TEXTS:
        if (value := checks.text(body, key)) is not None:
            kept[key] = value
    tools = [_tool(item) for item in checks.objects(body.get("tools", []))]
    if tools:
        kept["tools"] = tools
    if not 0 < len(kept.get("name", "a name")) <= _LONGEST:
        reason = f"Agent name cannot be empty or exceed max length of {_LONGEST} characters"
        raise wire.illegal_argument(reason)
    if body.get("parameters") is not None:
        kept["parameters"] = checks.stringified(body["parameters"])
    if "llm" in body:
        (llm,) = checks.objects([body["llm"]])
        kept["llm"] = {"model_id": llm["model_id"]} if llm.get("model_id") is not None else {}
        if parameters := checks.stringified(llm.get("parameters")):
            kept["llm"]["parameters"] = parameters
    if isinstance(body.get("memory"), dict):
        kept["memory"] = {key: body["memory"][key] for key in _MEMORY_KEYS if key in body["memory"]}
    return kept


def _check_tools(source: JsonObject) -> None:
    names = [tool.get("name", tool["type"]) for tool in source.get("tools", ())]
    if len(set(names)) < len(names):
        raise wire.illegal_argument("Duplicate tool defined in agent configuration")


def register(node: Node, request: Request) -> Reply:
    """`POST agents/_register` (07: 45-58)."""
    body = request.object(wire.parse_error("request body is required"))
    source, type_ = _read(body), checks.text(body, "type")
    if source.get("llm", {"model_id": ""}).get("model_id") is None:
        raise wire.illegal_argument("model id is null")
    if "name" not in source:
        raise wire.illegal_argument("Agent name can't be null")
    if type_ is None:
        raise wire.illegal_argument("Agent type can't be null")
    if type_.lower() not in _TYPES:
        raise wire.illegal_argument("Invalid Agent Type")
    if type_.lower() == "conversational" and "llm" not in source:
        raise wire.illegal_argument("We need model information for the conversational agent type")
    _check_tools(source)
    now, id_ = node.now(), node.new_id()
    times = {"created_time": now, "last_updated_time": now}
    with node.store.writing() as tx:
        tx.put(Doc("agent", id_, {**source, "type": type_, **times, "is_hidden": False}))
    return Reply(wire.OK, {"agent_id": id_})


def _found(tx: Tx, id: str) -> Doc:
    agent = tx.get("agent", id)
    if agent is None:
        reason = f"Failed to find agent with the provided agent id: {id}"
        raise wire.status_error(wire.NOT_FOUND, reason)
    return agent


def get(node: Node, request: Request) -> Reply:
    """`GET agents/{id}` (07: 46, 61)."""
    with node.store.reading() as tx:
        return Reply(wire.OK, _found(tx, request.args["id"]).source)


def update(node: Node, request: Request) -> Reply:
    """`PUT agents/{id}` (07: 60): parameters are merged, the list of tools is replaced."""
    body = request.object(wire.parse_error("request body is required"))
    changed = _read(body)
    with node.store.writing() as tx:
        agent = tx.get("agent", request.args["id"])
        if agent is None:
            reason = f"Failed to get agent with ID {request.args['id']}"
            raise wire.status_error(wire.NOT_FOUND, reason)
        type_ = checks.text(body, "type")
        if type_ is not None and type_ != agent.source["type"]:
            raise wire.illegal_argument("Agent type cannot be updated")
        _check_memory(agent.source, changed)
        source = {**agent.source, **changed, "last_updated_time": node.now()}
        if "parameters" in changed:
            source["parameters"] = {**agent.source.get("parameters", {}), **changed["parameters"]}
        if "llm" in changed:
            source["llm"] = _merged_llm(agent.source.get("llm", {}), changed["llm"])
        if "memory" in changed:
            source["memory"] = {**agent.source["memory"], **changed["memory"]}
        _check_tools(source)
        done = tx.put(replace(agent, source=source))
    return node.written("agent", done)


def _merged_llm(before: JsonObject, changed: JsonObject) -> JsonObject:
    merged = {**before, **changed}
    if "parameters" in changed:
        merged["parameters"] = {**before.get("parameters", {}), **changed["parameters"]}
    return merged


def _check_memory(source: JsonObject, changed: JsonObject) -> None:
    if "memory" not in changed:
        return
    if "memory" not in source:
        raise ApiError(wire.SERVER_ERROR, "null_pointer_exception", "agent has no memory")
    type_ = changed["memory"].get("type", "conversation_index")
    if type_ != "conversation_index":
        raise wire.illegal_argument(f"Invalid memory type: {type_}")


def delete(node: Node, request: Request) -> Reply:
    """`DELETE agents/{id}` (07: 62, 63)."""
    id_ = request.args["id"]
    with node.store.writing() as tx:
        if tx.get("agent", id_) is None:
            raise wire.status_error(wire.NOT_FOUND, "Fail to find ml agent")
        done = tx.delete("agent", id_)
    return node.written("agent", done)


def execute(node: Node, request: Request) -> Reply:
    """`POST agents/{id}/_execute` (07: 59, 64): an echo of the question."""
    parameters = request.object().get("parameters") or {}
    try:
        with node.store.reading() as tx:
            _found(tx, request.args["id"])
    except ApiError as error:
        cause = {"type": "OpenSearchStatusException", "reason": "System Error"}
        body = {"status": error.status, "error": {**cause, "details": error.reason}}
        return Reply(error.status, body)
    output = {"name": "response", "result": f"echo: {parameters.get('question', '')}"}
    return Reply(wire.OK, {"inference_results": [{"output": [output]}]})


def find(node: Node, request: Request) -> Reply:
    """`_search` (07: 65)."""
    return search.answer(node, "agent", request)


def tools(_node: Node, _request: Request) -> Reply:
    """`GET tools` (07: 66)."""
    return Reply(wire.OK, [_described(name) for name in _TOOLS])


def tool(_node: Node, request: Request) -> Reply:
    """`GET tools/{name}`."""
    name = request.args["name"]
    if name not in _TOOLS:
        raise wire.status_error(wire.NOT_FOUND, "Failed to find tool information with the name")
    return Reply(wire.OK, _described(name))


def _described(name: str) -> JsonObject:
    text = f"{name}, as the sandbox has it"
    return {
        "name": name,
        "description": text,
        "type": name,
        "version": "undefined",
        "attributes": {},
    }


_BASE = "/_plugins/_ml/agents"
_ACTION = "cluster:admin/opensearch/ml/agents"
_EXECUTE = "cluster:admin/opensearch/ml/execute"

ROUTES = (
    Route("POST", f"{_BASE}/_register", register, f"{_ACTION}/register"),
    Route("POST", f"{_BASE}/_search", find, f"{_ACTION}/search", reads=True),
    Route("GET", f"{_BASE}/_search", find, f"{_ACTION}/search", reads=True),
    Route("GET", f"{_BASE}/{{id}}", get, f"{_ACTION}/get", reads=True),
    Route("PUT", f"{_BASE}/{{id}}", update, f"{_ACTION}/update"),
    Route("DELETE", f"{_BASE}/{{id}}", delete, f"{_ACTION}/delete"),
    Route("POST", f"{_BASE}/{{id}}/_execute", execute, _EXECUTE, reads=True),
    Route(
        "GET", "/_plugins/_ml/tools", tools, "cluster:admin/opensearch/ml/tools/list", reads=True
    ),
    Route(
        "GET",
        "/_plugins/_ml/tools/{name}",
        tool,
        "cluster:admin/opensearch/ml/tools/get",
        reads=True,
    ),
)
