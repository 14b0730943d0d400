"""An agent's body: what is sent, and what ML Commons makes of it.

Checked on 3.6.0: parameters become texts, each tool says whether its output is shown and has no
empty texts, an empty object or list of tools is none at all. Pure; it must not know requests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from flowplan.protocol import Json
from flowplan.providers.normalise import texts

__all__ = ["as_read", "as_sent", "shown_tool", "tools_of"]

_TEXT_MAPS = ("parameters", "attributes", "config")
_TOOL_KEYS = ("type", "name", "description", *_TEXT_MAPS, "runtime_resources")
_AS_JSON = ("model", "context_management")


def as_sent(inputs: Mapping[str, Json], local: Sequence[str]) -> dict[str, Json]:
    """The body of a registration; `local` are the inputs that are no part of it.

    `model_id` of an earlier node is the llm's model where `llm` names none. Flow Framework wants
    `model` and `context_management` as JSON texts, ML Commons as objects: both are taken.
    """
    body = {key: value for key, value in inputs.items() if key not in local and value is not None}
    llm = _llm(inputs)
    if llm is not None:
        body["llm"] = llm
    if "tools" in body:
        body["tools"] = tools_of(body["tools"])
    for key in _AS_JSON:
        if isinstance(body.get(key), str):
            body[key] = _parsed(body[key])
    return body


def tools_of(value: Json) -> Json:
    """A list of tools, also where an expression gave a single one."""
    return [value] if isinstance(value, Mapping) else value


def as_read(body: Mapping[str, Json]) -> dict[str, Json]:
    """A body as a read shows it; what was read stays as it is."""
    shown = dict(body)
    if "parameters" in shown:
        shown["parameters"] = texts(shown["parameters"])
    if isinstance(shown.get("tools"), (list, tuple)):
        shown["tools"] = [_tool(item) for item in shown["tools"]]
    llm = shown.get("llm")
    if isinstance(llm, Mapping) and "parameters" in llm:
        shown["llm"] = _without_empty({**llm, "parameters": texts(llm["parameters"])})
    return _without_empty(shown)


def _llm(inputs: Mapping[str, Json]) -> Json:
    llm, model_id = inputs.get("llm"), inputs.get("model_id")
    if model_id is None or (llm is not None and not isinstance(llm, Mapping)):
        return llm
    given = dict(llm or {})
    return {**given, "model_id": given.get("model_id") or model_id}


def _tool(tool: Json) -> Json:
    if not isinstance(tool, Mapping):
        return tool
    shown = {key: tool[key] for key in _TOOL_KEYS if tool.get(key) is not None}
    for key in _TEXT_MAPS:
        if key in shown:
            shown[key] = texts(shown[key])
    output = tool.get("include_output_in_agent_response")
    shown["include_output_in_agent_response"] = output is True or str(output).lower() == "true"
    return {key: item for key, item in _without_empty(shown).items() if item != ""}


def shown_tool(tool: Json) -> Json:
    """A tool as it was read, without what is so when nothing is said."""
    if not isinstance(tool, Mapping):
        return tool
    silent = "include_output_in_agent_response"
    return {key: item for key, item in tool.items() if key != silent or item is not False}


def _without_empty(value: Mapping[str, Json]) -> dict[str, Json]:
    """Empty parameters and an empty list of tools are not kept."""
    return {key: item for key, item in value.items() if item not in ({}, [])}


def _parsed(text: str) -> Json:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, dict) else text
