"""Draw the dependency graph: text, mermaid, dot, JSON. Pure; linear in nodes and edges."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flowplan.dataclass import dataclass, field
from flowplan.render.sanitise import clean

__all__ = ["GraphEdge", "GraphView", "graph_document", "graph_dot", "graph_mermaid", "graph_text"]

_DEEPEST = 24


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """`dest` waits for `source`; `kinds` say where that is written."""

    source: str
    dest: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphView:
    """What is drawn: node types by id, in dependency order, and edges."""

    workflow: str
    nodes: Mapping[str, str] = field(default_factory=dict)
    edges: tuple[GraphEdge, ...] = ()


def graph_document(view: GraphView) -> dict[str, Any]:
    """The graph as JSON."""
    return {
        "format_version": "1.0",
        "workflow": view.workflow,
        "nodes": [{"id": node, "type": kind} for node, kind in view.nodes.items()],
        "edges": [
            {"source": edge.source, "dest": edge.dest, "kinds": list(edge.kinds)}
            for edge in view.edges
        ],
    }


def graph_text(view: GraphView) -> str:
    """A tree from what waits for nothing; a node with several predecessors is drawn once.

    Where it is met again it is marked `(above)`; beyond 24 levels a branch goes on at the left.
    """
    after: dict[str, list[str]] = {node: [] for node in view.nodes}
    waits: set[str] = set()
    for edge in view.edges:
        if edge.source in after and edge.dest in after and edge.dest not in after[edge.source]:
            after[edge.source].append(edge.dest)
            waits.add(edge.dest)
    lines: list[tuple[str, str]] = []
    drawn: set[str] = set()
    roots = [node for node in view.nodes if node not in waits]
    while roots:
        stack = [(roots.pop(0), "", "", 0)]
        while stack:
            node, lead, below, depth = stack.pop()
            if node in drawn:
                lines.append((f"{lead}{clean(node)} (above)", ""))
                continue
            if depth > _DEEPEST:
                lines.append((f"{lead}{clean(node)} (below)", ""))
                roots.insert(0, node)
                continue
            drawn.add(node)
            lines.append((f"{lead}{clean(node)}", clean(view.nodes[node])))
            children = after[node]
            for index in reversed(range(len(children))):
                last = index == len(children) - 1
                tip, rest = ("└─ ", "   ") if last else ("├─ ", "│  ")
                stack.append((children[index], below + tip, below + rest, depth + 1))
    column = min(max((len(left) for left, kind in lines if kind), default=0), 48)
    return "\n".join(f"{left.ljust(column)}  {kind}".rstrip() for left, kind in lines)


def graph_mermaid(view: GraphView) -> str:
    """A mermaid flowchart; ids are numbered, since node names may hold anything."""
    numbers = {node: f"n{index}" for index, node in enumerate(view.nodes)}
    lines = ["flowchart TD"]
    for node, kind in view.nodes.items():
        lines.append(f'  {numbers[node]}["{_html(node)}<br/>{_html(kind)}"]')
    lines += [
        f"  {numbers[edge.source]} --> {numbers[edge.dest]}"
        for edge in view.edges
        if edge.source in numbers and edge.dest in numbers
    ]
    return "\n".join(lines)


def _html(text: str) -> str:
    text = clean(text)
    for char, name in (("&", "&amp;"), ('"', "&quot;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(char, name)
    return text


def graph_dot(view: GraphView) -> str:
    """Graphviz's language."""
    lines = [f"digraph {_quoted(view.workflow)} {{", "  rankdir=LR;", "  node [shape=box];"]
    for node, kind in view.nodes.items():
        lines.append(f"  {_quoted(node)} [label={_quoted(node, kind)}];")
    lines += [f"  {_quoted(edge.source)} -> {_quoted(edge.dest)};" for edge in view.edges]
    return "\n".join([*lines, "}"])


def _quoted(*lines: str) -> str:
    """A dot string; several parts become several lines of one label."""
    drawn = (json.dumps(clean(line), ensure_ascii=False)[1:-1] for line in lines)
    return '"' + "\\n".join(drawn) + '"'
