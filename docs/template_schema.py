"""The JSON Schema (draft-07) of templates, which editors read: the grammar and each step's inputs.

`docs/generate.py` writes it to docs/schema/template.json. It must not know files or pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowplan.planner.template.model import CHECK_KINDS, EXPECTATIONS, PARAM_TYPES
from flowplan.protocol import InputSpec, StepSchema

__all__ = ["template_schema"]


def template_schema(schemas: Mapping[str, StepSchema]) -> dict[str, Any]:
    """JSON Schema (draft-07) of templates, for editors."""
    provision = _object(
        {
            "user_params": {"type": "object"},
            "nodes": {"type": "array", "minItems": 1, "items": _node(schemas)},
            "edges": {
                "type": "array",
                "items": _object({"source": _TEXT, "dest": _TEXT}, required=("source", "dest")),
            },
        },
        required=("nodes",),
    )
    workflows = {
        "type": "object",
        "required": ["provision"],
        "properties": {"provision": provision},
        "additionalProperties": {"type": "object"},
    }
    versions = {"template": _VERSION, "compatibility": {"type": "array", "items": _VERSION}}
    kept = ("user", "created_time", "last_updated_time", "last_provisioned_time", "tenant_id")
    schema = _object(
        {
            "name": {**_TEXT, "minLength": 1},
            "description": _TEXT,
            "use_case": _TEXT,
            "version": _object(versions),
            "workflows": workflows,
            "ui_metadata": {"type": "object"},
            "flowplan": _object(
                {
                    "params": _params(),
                    "outputs": {"type": "object"},
                    "imports": _imports(),
                    "moved": _moved(),
                    "checks": _checks(),
                }
            ),
            **{name: {"description": "Added by Flow Framework, and not used."} for name in kept},
            "all_shared_principals": {"description": "Added by Flow Framework, and not used."},
        },
        required=("name", "workflows"),
    )
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A Flow Framework template, with flowplan's params and outputs",
    }
    return {**head, **schema}


_TEXT = {"type": "string"}
_VERSION = {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+"}
_TIME = {"type": "string", "pattern": r"^\s*[0-9]+(nanos|micros|ms|s|m|h|d)\s*$"}
_TIMEOUT = {
    "type": "string",
    "pattern": r"^\s*(0|[0-9]+(nanos|micros|ms|s|m|h|d))\s*$",
    "description": "The step's time limit, as 20s or 5m. Not sent.",
}


def _object(properties: Mapping[str, Any], *, required: Sequence[str] = ()) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": dict(properties)}
    if required:
        made["required"] = list(required)
    return {**made, "additionalProperties": False}


def _imports() -> dict[str, Any]:
    text = {**_TEXT, "minLength": 1}
    entry = _object({"node": text, "id": text}, required=("node", "id"))
    return {"type": "array", "items": entry}


def _checks() -> dict[str, Any]:
    text = {**_TEXT, "minLength": 1}
    tests: dict[str, Any] = {name: {} for name in EXPECTATIONS}
    expectation = _object({"path": text, **tests}, required=("path",))
    # The path, and one test.
    expectation |= {"minProperties": 2, "maxProperties": 2}
    check = _object(
        {
            "name": text,
            **dict.fromkeys(CHECK_KINDS, text),
            "pipeline": text,
            "body": {"type": "object"},
            "expect": {"oneOf": [expectation, {"type": "array", "items": expectation}]},
            "timeout": _TIME,
            "retries": {"type": "integer", "minimum": 0, "maximum": 20},
        },
        required=("name",),
    )
    check["oneOf"] = [{"required": [kind]} for kind in CHECK_KINDS]
    return {"type": "array", "items": check}


def _moved() -> dict[str, Any]:
    text = {**_TEXT, "minLength": 1}
    entry = _object({"from": text, "to": text}, required=("from", "to"))
    return {"type": "array", "items": entry}


def _params() -> dict[str, Any]:
    known = {
        "type": {"enum": list(PARAM_TYPES), "default": "string"},
        "sensitive": {"type": "boolean"},
        "description": _TEXT,
        "default": {},
        "pattern": {"type": "string", "format": "regex"},
        "enum": {"type": "array"},
    }
    return {"type": "object", "additionalProperties": _object(known)}


def _node(schemas: Mapping[str, StepSchema]) -> dict[str, Any]:
    node = _object(
        {
            "id": {**_TEXT, "minLength": 1},
            "type": {"enum": list(schemas)},
            "previous_node_inputs": {"type": "object", "additionalProperties": _TEXT},
            "user_inputs": {"type": "object", "additionalProperties": {"not": {"type": "null"}}},
            "flowplan": _settings(),
        },
        required=("id", "type"),
    )
    node["allOf"] = [
        {
            "if": {"properties": {"type": {"const": name}}},
            "then": {"properties": {"user_inputs": {"properties": _inputs(schema)}}},
        }
        for name, schema in schemas.items()
    ]
    return node


def _settings() -> dict[str, Any]:
    """What stands under the `flowplan` key of a node."""
    expression = {"type": "string", "pattern": r"^\$\{\{"}
    key = {"type": ["string", "number"]}
    return _object(
        {
            "for_each": {
                "anyOf": [{"type": "array", "items": key}, {"type": "object"}, expression]
            },
            "when": {"anyOf": [{"type": "boolean"}, expression]},
            "prevent_destroy": {"type": "boolean"},
            "ignore_changes": {"anyOf": [{"const": "all"}, {"type": "array", "items": _TEXT}]},
            "create_before_destroy": {"type": "boolean"},
            "keep_id": {"type": "boolean"},
            "replace_triggered_by": {"type": "array", "items": _TEXT},
            "timeout": _TIMEOUT,
            "retries": {"type": "integer", "minimum": 0, "maximum": 20},
        }
    )


def _inputs(schema: StepSchema) -> dict[str, Any]:
    found = {name: _input(spec) for name, spec in schema.inputs.items()}
    return {**found, "node_timeout": _TIMEOUT}


def _input(spec: InputSpec) -> dict[str, Any]:
    about = {"description": spec.description} if spec.description else {}
    if "any" in spec.types:
        return about
    kinds = list(spec.types)
    if {"string", "integer"} <= set(kinds):
        # A version: with a fraction it loses its last zeros, and is refused (FP123).
        kinds = [kind for kind in kinds if kind != "number"]
    if "string" in kinds:
        return {"type": kinds, **about}
    expression = {"type": "string", "pattern": r"\$\{\{"}
    return {"anyOf": [{"type": kinds}, expression], **about}
