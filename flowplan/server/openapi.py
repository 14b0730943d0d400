"""The API as an OpenAPI document: paths, parameters, bodies and every status that is answered.

It must not know how anything is answered. Shapes are loose where they are OpenSearch's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from flowplan import __version__

__all__ = ["document"]

Json: TypeAlias = Any
PREFIX = "/_plugins/_flow_framework/workflow"
_ID = {
    "name": "workflow_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
}
_TEXT: Mapping[str, Json] = {"type": "string"}
_SWITCH: Mapping[str, Json] = {"type": "string", "enum": ["true", "false"]}
_MEANINGS = {
    "200": "done",
    "201": "kept",
    "202": "begun, or with an `error` not all of it could be removed",
    "400": "refused; the text says why",
    "401": "credentials are needed, or these are not known",
    "403": "needs `allow_delete`, a step type that may not be used, or not this caller's to do",
    "404": "there is no such workflow",
    "405": "another method is meant",
    "406": "a content type that is not read",
    "409": "something else is done with this workflow just now",
    "413": "the body is larger than allowed",
    "429": "too many at once; send it again later",
    "501": "a step type that is not known",
    "503": "the store or the cluster can't be reached, or the server is about to end",
}
_ALWAYS = ("400", "401", "403", "405", "413", "503")
_STATE = {
    "type": "object",
    "required": ["workflow_id", "state"],
    "properties": {
        "workflow_id": _TEXT,
        "error": _TEXT,
        "state": {"enum": ["NOT_STARTED", "PROVISIONING", "COMPLETED", "FAILED"]},
        "provisioning_progress": {"enum": ["NOT_STARTED", "IN_PROGRESS", "DONE", "FAILED"]},
        "provision_start_time": {"type": "integer"},
        "provision_end_time": {"type": "integer"},
        "user": _TEXT,
        "user_outputs": {"type": "object"},
        "resources_created": {"type": "array", "items": {"$ref": "#/components/schemas/Created"}},
    },
}
_PARTS = ("workflow_step_name", "workflow_step_id", "resource_type", "resource_id")
_CREATED = {
    "type": "object",
    "required": list(_PARTS),
    "properties": dict.fromkeys(_PARTS, _TEXT),
}
_TEMPLATE = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": _TEXT,
        "description": _TEXT,
        "use_case": _TEXT,
        "version": {"type": "object"},
        "workflows": {"type": "object"},
        "ui_metadata": {"type": "object"},
        "flowplan": {"type": "object"},
    },
    "examples": [
        {
            "name": "group",
            "workflows": {
                "provision": {
                    "nodes": [
                        {
                            "id": "group",
                            "type": "register_model_group",
                            "user_inputs": {"name": "chat models"},
                        }
                    ]
                }
            },
        }
    ],
}
_SCHEMAS: Mapping[str, Json] = {
    "Template": _TEMPLATE,
    "Status": _STATE,
    "Created": _CREATED,
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {"error": _TEXT, "status": {"type": "integer"}},
    },
    "Id": {
        "type": "object",
        "required": ["workflow_id"],
        "properties": {"workflow_id": _TEXT},
    },
    "Object": {"type": "object"},
}


def document() -> dict[str, Json]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "flowplan serve",
            "version": __version__,
            "description": "Flow Framework's workflow API, carried out by flowplan.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        # Which of them is asked for is the server's choice: none on the loopback address only.
        "security": [{}, {"bearer": []}, {"basic": []}],
        "paths": _paths(),
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _paths() -> dict[str, Json]:
    one = f"{PREFIX}/{{workflow_id}}"
    search = _operation("Object", "200", body="Object")
    create = _operation("Id", "201", "202", *_SENT, query=_CREATE, body="Template")
    for status in ("201", "202"):
        create["responses"][status]["links"] = _links(one)
    return {
        PREFIX: {"post": create},
        one: {
            "get": _operation("Object", "200", "404", id=True),
            "put": _operation(
                "Id", "201", "202", "404", "409", *_SENT, id=True, query=_UPDATE, body="Template"
            ),
            "delete": _operation("Object", "200", "409", id=True, query={"clear_status": _SWITCH}),
        },
        f"{one}/_provision": {
            "post": _operation(
                "Status", "202", "404", "409", *_SENT, id=True, query=_WAIT, body="Object"
            )
        },
        f"{one}/_deprovision": {
            "post": _operation(
                "Id", "200", "202", "403", "404", "409", "429", id=True,
                query={"allow_delete": _TEXT},
            )
        },
        f"{one}/_status": {
            "get": _operation("Status", "200", "404", id=True, query={"all": _SWITCH})
        },
        f"{one}/_plan": {
            "get": _operation("Object", "200", "404", id=True, query={"allow_delete": _TEXT})
        },
        f"{one}/_drift": {"get": _operation("Object", "200", "404", id=True)},
        f"{PREFIX}/_steps": {"get": _operation("Object", "200", query={"workflow_step": _TEXT})},
        f"{PREFIX}/_search": {"get": _operation("Object", "200"), "post": search},
        f"{PREFIX}/state/_search": {"get": _operation("Object", "200"), "post": search},
        **_about_the_server(),
    }  # fmt: skip


def _about_the_server() -> dict[str, Json]:
    metrics = _operation("Object", "200")
    metrics["responses"]["200"]["content"] = {"text/plain": {"schema": _TEXT}}
    return {
        "/healthz": {"get": {**_operation("Object", "200"), "security": []}},
        "/readyz": {"get": _operation("Object", "200")},
        "/openapi.json": {"get": _operation("Object", "200")},
        "/metrics": {"get": metrics},
    }


_SENT = ("403", "406", "413", "429", "501")
_WAIT: Mapping[str, Json] = {"wait_for_completion_timeout": _TEXT}
_CREATE: Mapping[str, Json] = {
    "provision": _SWITCH,
    "validation": _TEXT,
    "use_case": _TEXT,
    **_WAIT,
}
_UPDATE: Mapping[str, Json] = {
    **_CREATE, "update_fields": _SWITCH, "reprovision": _SWITCH, "allow_delete": _TEXT,
}  # fmt: skip


def _links(one: str) -> dict[str, Json]:
    """What can be asked of a workflow, with the id that its creation gives."""
    asked = [("get", ""), ("put", ""), ("delete", ""), ("get", "/_status"), ("get", "/_plan")]
    asked += [("get", "/_drift"), ("post", "/_provision"), ("post", "/_deprovision")]
    return {
        f"{method}{path.replace('/', '')}": {
            "operationRef": f"#/paths/{_pointer(one + path)}/{method}",
            "parameters": {"workflow_id": "$response.body#/workflow_id"},
        }
        for method, path in asked
    }


def _pointer(path: str) -> str:
    return path.replace("~", "~0").replace("/", "~1")


def _operation(
    answer: str,
    *statuses: str,
    id: bool = False,
    query: Mapping[str, Json] | None = None,
    body: str = "",
) -> dict[str, Json]:
    wanted = {"pretty": _SWITCH, **(query or {})}
    asked = [{"name": name, "in": "query", "schema": schema} for name, schema in wanted.items()]
    made: dict[str, Json] = {
        "parameters": [*([_ID] if id else []), *asked],
        "responses": {
            status: _response(status, answer) for status in sorted({*statuses, *_ALWAYS})
        },
    }
    if body:
        # On a search and a provisioning it may be left out.
        content = {"schema": _named(body)}
        made["requestBody"] = {
            "required": body == "Template",
            "content": {"application/json": content, "application/yaml": content},
        }
    return made


def _response(status: str, answer: str) -> dict[str, Json]:
    shapes = [_named(answer)] if status < "300" else [_named("Error")]
    if status == "202":
        shapes = [_named("Id"), _named("Status"), _named("Error")]
    schema = shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
    return {
        "description": _MEANINGS[status],
        "content": {"application/json": {"schema": schema}},
    }


def _named(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
