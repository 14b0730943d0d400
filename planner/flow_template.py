"""A template as Flow Framework gives it back, made one that can be applied again.

What the server adds goes; the credentials, which it keeps to itself, become params, and so that no
value can be forgotten, all params are declared. It must not know clusters or files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from flowplan.errors import Diagnostic, PlanError, TemplateError
from flowplan.planner.node_names import NodeNames
from flowplan.planner.source import parse_text
from flowplan.planner.template import Template, parse
from flowplan.planner.values import Json
from flowplan.planner.workspace import Steps
from flowplan.protocol import Unshown

__all__ = ["adapted", "check_same"]

_KEPT = ("name", "description", "use_case", "version", "workflows", "flowplan")
_MAY_BE_EMPTY = ("id", "type")


def adapted(body: Mapping[str, Json], steps: Steps, source: str) -> dict[str, Json]:
    """The template to be written; `source` is what messages call it.

    Raises `TemplateError` with all that is wrong with it.
    """
    made = {key: body[key] for key in _KEPT if body.get(key) not in (None, "", {})}
    nodes = list(_nodes(made))
    names = NodeNames()
    for node in nodes:
        names.free(str(node.get("id", "")))
    params: dict[str, Json] = {}
    workflows = _without_empty(made.get("workflows"))
    made["workflows"] = workflows
    for node in _nodes(made):
        _put_credentials(node, steps, names, params)
    extra = dict(made.get("flowplan") or {})
    if "params" in extra:
        # Where some are declared, no others may be used.
        extra["params"] = {**extra["params"], **params}
        made["flowplan"] = extra
    template = _parsed(made, steps, source)
    for name, spec in template.implicit.items():
        declared = {"type": "string", **({"sensitive": True} if spec.sensitive else {})}
        params.setdefault(name, declared)
    if params:
        made["flowplan"] = {**extra, "params": {**extra.get("params", {}), **params}}
        _parsed(made, steps, source)
    return made


def _parsed(document: Mapping[str, Json], steps: Steps, source: str) -> Template:
    read = parse_text(json.dumps(document, indent=1), source, "json")
    template, found = parse(read, steps)
    if template is None:
        # Its lines are those of no file that anybody has.
        raise TemplateError(*(item.without_place() for item in found if item.severity == "error"))
    return template


def _nodes(document: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """The nodes of `provision` that are objects; whatever else is there is told by `parse`."""
    workflow: Json = document.get("workflows")
    for key in ("provision", "nodes"):
        workflow = workflow.get(key) if isinstance(workflow, Mapping) else None
    for node in workflow if isinstance(workflow, list) else ():
        if isinstance(node, dict):
            yield node


def _without_empty(workflows: Json) -> Json:
    """Without the empty objects and lists that Flow Framework fills in."""
    if isinstance(workflows, Mapping):
        return {
            name: _without_empty_in(workflow) if isinstance(workflow, Mapping) else workflow
            for name, workflow in workflows.items()
        }
    return workflows


def _without_empty_in(workflow: Mapping[str, Json]) -> dict[str, Json]:
    kept = {key: item for key, item in workflow.items() if item not in ({}, [])}
    nodes = workflow.get("nodes")
    if isinstance(nodes, list):
        kept["nodes"] = [
            {key: item for key, item in node.items() if item != {} or key in _MAY_BE_EMPTY}
            if isinstance(node, Mapping)
            else node
            for node in nodes
        ]
    return kept


def _put_credentials(
    node: dict[str, Json], steps: Steps, names: NodeNames, params: dict[str, Json]
) -> None:
    """Params in the place of the secrets that a node needs and does not have."""
    schema = steps.schema(str(node.get("type")))
    inputs = node.get("user_inputs", {})
    if schema is None or not isinstance(inputs, Mapping):
        return
    missing = [
        name for name, spec in schema.inputs.items()
        if spec.sensitive and spec.required and name not in inputs
    ]  # fmt: skip
    shown = steps.step(str(node["type"])).written("", inputs) if missing else None
    for name in missing:
        parts = (shown or {}).get(name) or {"key": Unshown()}
        node["user_inputs"] = {**node.get("user_inputs", {}), name: {}}
        for key, hidden in parts.items():
            param = names.param(str(node.get("id", "")), key)
            note = f": {hidden.note}" if hidden.note else ""
            params[param] = {
                "type": "string", "sensitive": True,
                "description": f"{name}.{key} of {node.get('id')}, which is never shown{note}",
            }  # fmt: skip
            node["user_inputs"][name][key] = f"${{{{ {param} }}}}"


def check_same(template: Template, body: Mapping[str, Json], workflow_id: str) -> None:
    """See that a template has the nodes of the workflow, each of the same type.

    Raises `PlanError` FP292.
    """
    types = {node.id: node.type for node in template.nodes}
    wrong = list(_differences(types, list(_nodes(body))))
    if wrong:
        raise PlanError(
            Diagnostic(
                "error", "FP292", f"{template.document.name} is not the template of {workflow_id}",
                "\n".join(wrong),
                hint="Name a file that is not there yet: the workflow's own template is written "
                f"to it\n  flowplan import --workflow {workflow_id} FILE",
            )
        )  # fmt: skip


def _differences(
    types: Mapping[str, str], nodes: Sequence[Mapping[str, Json]]
) -> Iterator[str]:  # fmt: skip
    for node in nodes:
        name, type_name = str(node.get("id")), node.get("type")
        if name not in types:
            yield f"It has no node {name} ({type_name})."
        elif types[name] != type_name:
            yield f"Its node {name} is a {types[name]}, the workflow's a {type_name}."
