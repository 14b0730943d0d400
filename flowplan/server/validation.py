"""What a template is refused for when it is sent: Flow Framework's checks, order and words.

Its parser's come first and always; then, unless validation is off, those of the graph; at last
flowplan's own, which find more. The texts are those of the recordings. It must not know requests.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from flowplan.errors import Diagnostic, TemplateError
from flowplan.planner.source import parse_text
from flowplan.planner.template import parse
from flowplan.providers.registry import Registry
from flowplan.server.errors import Rejected, one_line

__all__ = ["check", "check_grammar", "check_graph", "edges_of", "read_template"]

Json: TypeAlias = Any
UNREADABLE = "IOException: template content invalid for specified Content-Type."
_TEMPLATE = frozenset(
    {"name", "description", "use_case", "version", "workflows", "ui_metadata", "flowplan"}
    | {"user", "created_time", "last_updated_time", "last_provisioned_time", "tenant_id"}
    | {"all_shared_principals"}
)
_NODE = frozenset({"id", "type", "previous_node_inputs", "user_inputs", "flowplan"})
# A template may be kept before it has anything to provision, as Flow Framework keeps it.
_UNFINISHED = frozenset({"FP127"})
_MISSING = "FP107"
# Empty, or not the syntax that was said: there is nothing to add.
_NO_SYNTAX = frozenset({"FP101", "FP142"})


def read_template(text: str, syntax: str) -> dict[str, Json]:
    """The template of a request's body. Raises `Rejected`."""
    try:
        value = parse_text(text, "the template", "yaml" if syntax == "yaml" else "json").value
    except TemplateError as error:
        raise Rejected(_unreadable(error.diagnostics[0])) from None
    if not isinstance(value, dict):
        raise Rejected(UNREADABLE)
    # An alias of YAML shares its value, and what is kept of a template is changed in places.
    made: dict[str, Json] = json.loads(json.dumps(value))
    return made


def _unreadable(item: Diagnostic) -> str:
    if item.code in _NO_SYNTAX:
        return UNREADABLE
    return f"{UNREADABLE} {one_line(item)}"


def check(template: Mapping[str, Json], registry: Registry, *, complete: bool) -> None:
    """Raise `Rejected` for the first thing that is wrong with a template.

    `complete`: it is about to be provisioned, so it has to have a workflow to provision.
    """
    check_grammar(template)
    check_graph(template, registry)
    _check_more(template, registry, complete=complete)


def check_grammar(template: Mapping[str, Json]) -> None:
    """What Flow Framework's parser refuses, whatever `validation` says. Raises `Rejected`."""
    _only(template, _TEMPLATE, "a template object")
    if not template.get("name") or not isinstance(template["name"], str):
        raise Rejected("A template object requires a name.")
    version = _mapping(template, "version", "a template object")
    _only(version, frozenset({"template", "compatibility"}), "a version object")
    workflows = _mapping(template, "workflows", "a template object")
    for name, workflow in workflows.items():
        if not isinstance(workflow, dict):
            raise Rejected(f"Unable to parse field [{name}] in a template object.")
        _check_workflow(workflow)


def _check_workflow(workflow: Mapping[str, Json]) -> None:
    nodes = workflow.get("nodes")
    if not isinstance(nodes, list) or not nodes:
        raise Rejected("A workflow must have at least one node.")
    for node in nodes:
        if not isinstance(node, dict):
            raise Rejected("An node object requires both an id and type field.")
        _only(node, _NODE, "a node object")
        if not all(isinstance(node.get(key), str) and node[key] for key in ("id", "type")):
            raise Rejected("An node object requires both an id and type field.")
        for key in ("previous_node_inputs", "user_inputs"):
            for name, value in _mapping(node, key, "a node object").items():
                if value is None:
                    raise Rejected(f"Unable to parse field [{name}] in a node object.")
    edges = workflow.get("edges", [])
    if not isinstance(edges, list):
        raise Rejected("Unable to parse field [edges] in a workflow object.")
    for edge in edges:
        if not isinstance(edge, dict):
            raise Rejected("An edge object requires both a source and dest field.")
        _only(edge, frozenset({"source", "dest"}), "an edge object")
        if not all(isinstance(edge.get(key), str) and edge[key] for key in ("source", "dest")):
            raise Rejected("An edge object requires both a source and dest field.")


def _mapping(parent: Mapping[str, Json], key: str, where: str) -> Mapping[str, Json]:
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise Rejected(f"Unable to parse field [{key}] in {where}.")
    return value


def _only(value: Mapping[str, Json], known: frozenset[str], where: str) -> None:
    for key in value:
        if key not in known:
            raise Rejected(f"Unable to parse field [{key}] in {where}.")


def check_graph(template: Mapping[str, Json], registry: Registry) -> None:
    """What Flow Framework's validator refuses of nodes and edges. Raises `Rejected`."""
    for workflow in (template.get("workflows") or {}).values():
        nodes: Sequence[Mapping[str, Json]] = workflow["nodes"]
        for node in nodes:
            if registry.unsupported(node["type"]):
                raise Rejected(
                    f"The step type [{node['type']}] for node [{node['id']}] can not be used in a"
                    " workflow.",
                    403,
                )
        _check_edges(nodes, edges_of(workflow))
        for node in nodes:
            if registry.schema(node["type"]) is None:
                raise Rejected(f"Workflow step type [{node['type']}] is not implemented.", 501)


def edges_of(workflow: Mapping[str, Json]) -> list[tuple[str, str]]:
    """The edges of a workflow: those that are written, then those that inputs imply."""
    found = {(edge["source"], edge["dest"]): None for edge in workflow.get("edges") or ()}
    for node in workflow["nodes"]:
        for source in node.get("previous_node_inputs") or {}:
            found[source, node["id"]] = None
    return list(found)


def _check_edges(nodes: Sequence[Mapping[str, Json]], edges: Sequence[tuple[str, str]]) -> None:
    counts = Counter(str(node["id"]) for node in nodes)
    for name, count in counts.items():
        if count > 1:
            raise Rejected(f"Duplicate node id {name}.")
    for source, dest in edges:
        # One of several nodes of a `for_each` is named `node["key"]`.
        if _base(source) not in counts:
            raise Rejected(f"Edge source {source} does not correspond to a node.")
        if _base(dest) not in counts:
            raise Rejected(f"Edge destination {dest} does not correspond to a node.")
        if source == dest:
            raise Rejected(f"Edge connects node {source} to itself.")
    left = _beyond_order(counts, edges)
    if left and len(left) == len(counts):
        raise Rejected("No start node detected: all nodes have a predecessor.")
    if left:
        shown = [f"{source}->{dest}" for source, dest in edges if source in left and dest in left]
        raise Rejected(f"Cycle detected: [{', '.join(shown)}]")


def _base(name: str) -> str:
    return name.partition('["')[0]


def _beyond_order(nodes: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> set[str]:
    """The nodes that can't be put into an order: those of cycles, and what comes after them."""
    waiting = dict.fromkeys(nodes, 0)
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for source, dest in edges:
        waiting[_base(dest)] += 1
        after[_base(source)].append(_base(dest))
    ready = [name for name, count in waiting.items() if not count]
    while ready:
        name = ready.pop()
        del waiting[name]
        for other in after[name]:
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return set(waiting)


def _check_more(template: Mapping[str, Json], registry: Registry, *, complete: bool) -> None:
    """What flowplan refuses. Raises `Rejected` for the first, in the order of the template."""
    document = parse_text(json.dumps(template, indent=1), "the template", "json")
    found = [item for item in parse(document, registry)[1] if item.severity == "error"]
    wrong = [item for item in found if complete or item.code not in _UNFINISHED]
    if wrong:
        raise Rejected(next(_in_their_words(wrong), one_line(wrong[0])))


def _in_their_words(found: Sequence[Diagnostic]) -> Iterator[str]:
    """What Flow Framework finds too, as it says it."""
    for item in found:
        if item.code == _MISSING:
            names = ", ".join(re.findall(r"`([^`]+)`", item.summary))
            yield (
                f"Invalid workflow, node [{item.node}] missing the following required inputs :"
                f" [{names}]"
            )
