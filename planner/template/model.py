"""A template that was read and found right: what the rest of the planner works on.

Values are as written, expressions unresolved. This module must not know files, YAML or
step types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from flowplan.planner.source import Document
from flowplan.planner.values import Json, Path

__all__ = ["PARAM_TYPES", "Edge", "Node", "ParamSpec", "ParamType", "Template"]

ParamType: TypeAlias = Literal["string", "number", "integer", "boolean", "object", "array"]
PARAM_TYPES: tuple[str, ...] = get_args(ParamType)


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """A param: declared under `flowplan.params`, or implied by `${{ name }}`.

    `pattern` must match the whole value; `enum` is empty where every value will do. `path` is
    where it is declared, or first used. An `optional` one is only used where an expression
    allows for its absence, as `${{ name | default("x") }}` does.
    """

    name: str
    type: ParamType = "string"
    sensitive: bool = False
    description: str = ""
    default: Json = None
    has_default: bool = False
    pattern: str | None = None
    enum: tuple[Json, ...] = ()
    path: Path = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One step. `user_inputs` are without `node_timeout`.

    `previous_node_inputs` maps a node to the name of what is wanted from it. `timeout` is in
    seconds, 0 for no limit, None when the step's own holds. `path` is where the node stands in
    the document, `index` its place among its workflow's nodes.
    """

    id: str
    type: str
    previous_node_inputs: Mapping[str, str] = field(default_factory=dict)
    user_inputs: Mapping[str, Json] = field(default_factory=dict)
    timeout: float | None = None
    path: Path = ()
    index: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """An explicit order of two nodes: `source` before `dest`."""

    source: str
    dest: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Template:
    """The `provision` workflow of a template, and what stands around it.

    `params` are the declared ones, `implicit` those that an expression names without a
    declaration: they are texts, and must be given. An implicit one is sensitive when it goes
    into a sensitive input.
    """

    name: str
    document: Document
    description: str = ""
    use_case: str = ""
    compatibility: tuple[str, ...] = ()
    template_version: str | None = None
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    user_params: Mapping[str, Json] = field(default_factory=dict)
    params: Mapping[str, ParamSpec] = field(default_factory=dict)
    implicit: Mapping[str, ParamSpec] = field(default_factory=dict)
    outputs: Mapping[str, Json] = field(default_factory=dict)

    def node(self, name: str) -> Node | None:
        """The node of that id."""
        return next((node for node in self.nodes if node.id == name), None)
