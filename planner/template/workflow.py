"""Reads one workflow: its nodes and edges, as far as they can be read without step types.

This module must not know what the nodes mean to each other.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.dataclass import dataclass, field
from flowplan.planner.template.fields import Fields, wrong_type
from flowplan.planner.template.foreach import PRESENCE_KEYS, read_presence
from flowplan.planner.template.formats import seconds
from flowplan.planner.template.lifecycle import LIFECYCLE_KEYS, read_lifecycle
from flowplan.planner.template.model import ALWAYS, Edge, Lifecycle, Node, Presence
from flowplan.planner.template.report import Report
from flowplan.planner.values import Json, Path

__all__ = ["NODE_TIMEOUT", "Draft", "Workflow", "read_workflow"]

NODE_TIMEOUT = "node_timeout"
_NODE_KEYS = ("id", "type", "previous_node_inputs", "user_inputs", "flowplan")


@dataclass(frozen=True, slots=True)
class Draft:
    """A node as far as it could be read: `id` or `type` may be "".

    `complete` is False where an input could not be read, so nothing can be said to be missing.
    """

    node: Node
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow of a template."""

    name: str
    path: Path
    drafts: tuple[Draft, ...] = ()
    edges: tuple[Edge, ...] = ()
    user_params: Mapping[str, Json] = field(default_factory=dict)


def read_workflow(name: str, value: Json, report: Report) -> Workflow:
    """The workflow `name`; what can't be read is reported and left out."""
    path: Path = ("workflows", name)
    fields = Fields.of(
        value, path, f"the workflow `{name}`", ("user_params", "nodes", "edges"), report
    )
    if fields is None:
        return Workflow(name, path)
    nodes = fields.items("nodes")
    if not nodes and isinstance(fields.value.get("nodes", ()), (list, tuple)):
        report.error(
            "FP127",
            f"the workflow `{name}` has no nodes",
            (*path, "nodes"),
            key=True,
            hint="add at least one node with `id` and `type`",
        )
    return Workflow(
        name,
        path,
        tuple(_draft(node, (*path, "nodes", n), n, report) for n, node in enumerate(nodes)),
        tuple(_edges(fields, report)),
        _user_params(fields, report),
    )


def _user_params(fields: Fields, report: Report) -> Mapping[str, Json]:
    found = fields.mapping("user_params")
    for name, value in found.items():
        if value is None or isinstance(value, (dict, list)):
            path = (*fields.path, "user_params", name)
            wrong_type(report, f"the user param `{name}`", "a string", value, path)
    return found


def _edges(fields: Fields, report: Report) -> list[Edge]:
    edges = []
    for index, value in enumerate(fields.items("edges")):
        path = (*fields.path, "edges", index)
        edge = Fields.of(value, path, "an edge", ("source", "dest"), report)
        if edge is None:
            continue
        ends = edge.text("source", required=True), edge.text("dest", required=True)
        if all(ends):
            edges.append(Edge(*ends, path=path))
    return edges


def _draft(value: Json, path: Path, index: int, report: Report) -> Draft:
    node = value.get("id") if isinstance(value, dict) else None
    label = node if isinstance(node, str) and node else None
    fields = Fields.of(value, path, "a node", _NODE_KEYS, report, node=label)
    if fields is None:
        return Draft(Node("", "", path=path, index=index), complete=False)
    id_, type_ = fields.text("id", required=True), fields.text("type", required=True)
    if not id_.isprintable():
        report.error(
            "FP106",
            "`id` must be one line of text",
            (*path, "id"),
            detail="Ids stand in messages and lists, one a line.",
            hint="leave out line ends and control characters",
        )
    inputs = fields.mapping("user_inputs")
    timeout = _timeout(inputs, fields)
    lifecycle, presence = _read_settings(fields, timeout)
    _refuse_nulls(inputs, fields)
    complete = isinstance(fields.value.get("user_inputs", {}), dict) and isinstance(
        fields.value.get("previous_node_inputs", {}), dict
    )
    built = Node(
        id_,
        type_,
        _previous(fields),
        {name: item for name, item in inputs.items() if name != NODE_TIMEOUT},
        timeout if lifecycle.timeout is None else lifecycle.timeout,
        path,
        index,
        lifecycle,
        presence,
    )
    return Draft(built, complete)


def _previous(fields: Fields) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for source, value in fields.mapping("previous_node_inputs").items():
        if isinstance(value, str):
            found[source] = value
            continue
        path = (*fields.path, "previous_node_inputs", source)
        what = f"what `{source}` gives"
        wrong_type(fields.report, what, "a string", value, path, fields.node)
    return found


def _refuse_nulls(inputs: Mapping[str, Json], fields: Fields) -> None:
    for name, value in inputs.items():
        if value is None:
            fields.report.error(
                "FP122",
                f"the input `{name}` is null",
                (*fields.path, "user_inputs", name),
                node=fields.node,
                detail="Flow Framework refuses null inputs.",
                hint="remove the key, or give it a value",
            )


def _timeout(inputs: Mapping[str, Json], fields: Fields) -> float | None:
    value = inputs.get(NODE_TIMEOUT)
    if value is None:
        return None
    found = seconds(value) if isinstance(value, str) else None
    if found is None:
        fields.report.error(
            "FP124",
            "`node_timeout` is not a time",
            (*fields.path, "user_inputs", NODE_TIMEOUT),
            node=fields.node,
            detail="It is a string of a whole number and a unit, and can't be an expression.",
            hint='write it as "20s", "5m" or "500ms", or "0" for no limit',
        )
    return found


def _read_settings(fields: Fields, timeout: float | None) -> tuple[Lifecycle, Presence]:
    """A node's `flowplan` key; `timeout` is the limit in seconds that its inputs set."""
    settings = Fields.of(
        fields.value.get("flowplan", {}),
        (*fields.path, "flowplan"),
        "`flowplan` of a node",
        (*LIFECYCLE_KEYS, *PRESENCE_KEYS),
        fields.report,
        node=fields.node,
    )
    if settings is None:
        return Lifecycle(), ALWAYS
    return read_lifecycle(settings, timeout), read_presence(settings)
