"""Checks what nodes have to do with each other: their ids, edges and cycles.

Works on ids only; it must not know inputs or step types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from flowplan.planner.template.model import Edge, Node
from flowplan.planner.template.report import Report
from flowplan.planner.template.workflow import Workflow
from flowplan.planner.values import Path

__all__ = ["Dependencies", "check_cycles", "check_order"]

Dependencies = dict[str, dict[str, Path]]
"""Each node's predecessors, each with the place in the template that makes it one."""

MAX_CYCLES = 20


def check_order(workflow: Workflow, report: Report) -> Dependencies:
    """Report duplicate ids and edges to nowhere; return the edges that are right."""
    nodes = [draft.node for draft in workflow.drafts if draft.node.id]
    first: dict[str, Node] = {}
    for node in nodes:
        if node.id in first:
            line = report.document.position((*first[node.id].path, "id")).line
            report.error(
                "FP109",
                f'the id "{node.id}" is used twice',
                (*node.path, "id"),
                node=node.id,
                detail=f"It stands in line {line} already.",
                hint="give one of the nodes another id",
            )
        first.setdefault(node.id, node)
    found: Dependencies = {name: {} for name in first}
    names = tuple(first)
    for node in nodes:
        for source in node.previous_node_inputs:
            path = (*node.path, "previous_node_inputs", source)
            if source == node.id:
                _self(report, node.id, path)
            elif source not in found:
                _nowhere(report, source, path, names, node.id)
            else:
                found[node.id].setdefault(source, path)
    for edge in workflow.edges:
        _check_edge(edge, found, names, report)
    return found


def _check_edge(edge: Edge, found: Dependencies, names: Sequence[str], report: Report) -> None:
    known = True
    for end, name in (("source", edge.source), ("dest", edge.dest)):
        if name not in found:
            known = False
            _nowhere(report, name, (*edge.path, end), names)
    if edge.source == edge.dest:
        if known:
            _self(report, edge.source, (*edge.path, "dest"))
    elif known:
        found[edge.dest].setdefault(edge.source, edge.path)


def _nowhere(
    report: Report, name: str, path: Path, names: Sequence[str], node: str | None = None
) -> None:
    report.error(
        "FP104",
        f'no node "{name}"',
        path,
        key=True,
        node=node,
        hint=report.did_you_mean(name, names, "add the node, or remove this"),
    )


def _self(report: Report, name: str, path: Path) -> None:
    report.error(
        "FP111",
        f'the node "{name}" can\'t come before itself',
        path,
        key=True,
        node=name,
        hint="remove this, or name the node that was meant",
    )


def check_cycles(dependencies: Mapping[str, Mapping[str, Path]], report: Report) -> None:
    """Report each cycle once, with its path and a place in it."""
    left = {name: dict(before) for name, before in dependencies.items()}
    index = {name: n for n, name in enumerate(left)}
    for _ in range(MAX_CYCLES):
        cycle = _cycle(left)
        if cycle is None:
            return
        start = min(range(len(cycle)), key=lambda at: index[cycle[at]])
        path = (*cycle[start:], *cycle[:start])
        report.error(
            "FP110",
            f"cycle: {' → '.join((*path, path[0]))}",
            dependencies[path[0]][path[-1]],
            key=True,
            node=path[0],
            detail="Each of these needs the one before it, so none can be the first.",
            hint="remove one of the edges, references or previous_node_inputs between them",
        )
        gone = set(cycle)
        left = {
            name: {source: at for source, at in before.items() if source not in gone}
            for name, before in left.items()
            if name not in gone
        }


def _cycle(dependencies: Mapping[str, Mapping[str, Path]]) -> tuple[str, ...] | None:
    """The nodes of a cycle, each before the next, none twice."""
    try:
        TopologicalSorter(dependencies).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return tuple(found[:-1])
    return None
