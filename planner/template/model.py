"""A template that was read and found right: what the rest of the planner works on.

Values are as written, expressions unresolved. This module must not know files, YAML or
step types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from flowplan.dataclass import dataclass, field
from flowplan.planner.source import Document
from flowplan.planner.values import Json, Path

__all__ = [
    "ALWAYS",
    "CHECK_KINDS",
    "EXPECTATIONS",
    "PARAM_TYPES",
    "Check",
    "CheckKind",
    "Edge",
    "Expectation",
    "Expected",
    "Import",
    "Lifecycle",
    "Moved",
    "Node",
    "ParamSpec",
    "ParamType",
    "Presence",
    "Template",
]

ParamType: TypeAlias = Literal["string", "number", "integer", "boolean", "object", "array"]
PARAM_TYPES: tuple[str, ...] = get_args(ParamType)
CheckKind: TypeAlias = Literal["predict", "agent", "search"]
CHECK_KINDS: tuple[str, ...] = get_args(CheckKind)
Expected: TypeAlias = Literal["equals", "contains", "matches", "exists", "at_least", "at_most"]
EXPECTATIONS: tuple[str, ...] = get_args(Expected)


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
class Lifecycle:
    """How a node's resource may change: what stands under the node's `flowplan` key.

    `ignore_changes` has paths of inputs, the empty one for `all`; `create_before_destroy` is None
    where the step's own order holds; `replace_triggered_by` is as written; `timeout` in seconds.
    """

    prevent_destroy: bool = False
    ignore_changes: tuple[Path, ...] = ()
    create_before_destroy: bool | None = None
    keep_id: bool = False
    replace_triggered_by: tuple[str, ...] = ()
    timeout: float | None = None
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Presence:
    """How many of a node there are: its `for_each` and `when`, as written.

    With `several`, there is one for each of `items`: a list, a map, or an expression.
    """

    several: bool = False
    items: Json = None
    when: Json = True


ALWAYS = Presence()
"""One, whatever the params."""


@dataclass(frozen=True, slots=True)
class Node:
    """One step. `user_inputs` are without `node_timeout`.

    `previous_node_inputs` maps a node to the name of what is wanted from it. `timeout` is in
    seconds, 0 for no limit, None when the step's own holds, wherever it is set. `path` is where
    the node stands in the document, `index` its place among its workflow's nodes.
    """

    id: str
    type: str
    previous_node_inputs: Mapping[str, str] = field(default_factory=dict)
    user_inputs: Mapping[str, Json] = field(default_factory=dict)
    timeout: float | None = None
    path: Path = ()
    index: int = 0
    lifecycle: Lifecycle = Lifecycle()
    presence: Presence = ALWAYS


@dataclass(frozen=True, slots=True)
class Edge:
    """An explicit order of two nodes: `source` before `dest`."""

    source: str
    dest: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Import:
    """A node that takes over what is there already. `resource_id` is as written."""

    node: str
    resource_id: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """A node that got another name; `source` is the old one."""

    source: str
    dest: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What has to be at a place of an answer. `value` is as written: it may hold expressions."""

    place: Path
    test: Expected
    value: Json
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A question to ask once all is there, and what is expected of the answer.

    `subject` is as written: a node, an expression, or the name of an index to search in; `pipeline`
    the search pipeline, "" for none. `timeout` in seconds bounds all tries together.
    """

    name: str
    kind: CheckKind
    subject: str
    pipeline: str = ""
    body: Mapping[str, Json] = field(default_factory=dict)
    expects: tuple[Expectation, ...] = ()
    timeout: float = 30.0
    retries: int = 0
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
    imports: tuple[Import, ...] = ()
    moved: tuple[Moved, ...] = ()
    checks: tuple[Check, ...] = ()

    def node(self, name: str) -> Node | None:
        """The node of that id."""
        return next((node for node in self.nodes if node.id == name), None)
