"""Reads `flowplan.imports`: resources that are there already, and the nodes that take them over.

It must not know clusters or states: whether the ids exist, and whether they were taken over
before, is found out when a plan is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.planner.expressions import ExpressionError, contains, references, target
from flowplan.planner.template.fields import Fields
from flowplan.planner.template.model import Import, Node
from flowplan.planner.template.names import Names
from flowplan.planner.template.report import Report
from flowplan.planner.values import Json, Path

__all__ = ["check_imports", "read_imports"]

_KEYS = ("node", "id")


def read_imports(declared: Fields) -> tuple[Import, ...]:
    """The entries under `imports` that can be read; the others are reported and left out."""
    found = []
    for index, value in enumerate(declared.items("imports")):
        entry = _entry(value, (*declared.path, "imports", index), declared.report)
        if entry is not None:
            found.append(entry)
    return tuple(found)


def _entry(value: Json, path: Path, report: Report) -> Import | None:
    fields = Fields.of(value, path, "an import", _KEYS, report)
    if fields is None:
        return None
    node, resource_id = (fields.text(key, required=True) for key in _KEYS)
    return Import(node, resource_id, path) if node and resource_id.strip() else None


def check_imports(imports: Sequence[Import], names: Names, report: Report) -> None:
    """Report nodes that are not there or stand twice, and ids that can't be known in time."""
    nodes = names.wiring.nodes
    first: dict[str, Import] = {}
    for item in imports:
        if not _is_node(item.node, nodes):
            report.error(
                "FP104",
                f'no node "{item.node}"',
                (*item.path, "node"),
                hint=report.did_you_mean(item.node, tuple(nodes), "add the node, or remove this"),
            )
        elif item.node in first:
            line = report.document.position(first[item.node].path).line
            report.error(
                "FP109",
                f'the node "{item.node}" is imported twice',
                (*item.path, "node"),
                node=item.node,
                detail=f"It stands in line {line} already, and has one resource.",
                hint="remove one of the entries",
            )
        first.setdefault(item.node, item)
        path = (*item.path, "id")
        names.check(item.resource_id, path)
        _refuse_outputs(item, path, names, report)


def _is_node(name: str, nodes: Mapping[str, Node]) -> bool:
    """Whether a node has this id, or may have once its `for_each` is known."""
    written, bracket, _ = name.partition('["')
    several = nodes.get(written) if bracket else None
    return name in nodes or (several is not None and several.presence.several)


def _refuse_outputs(item: Import, path: Path, names: Names, report: Report) -> None:
    if not contains(item.resource_id):
        return
    try:
        used = list(references(item.resource_id, path))
    except ExpressionError:
        return  # reported by `Names.check`
    for reference in used:
        hit = target(reference.name, names.wiring.nodes)
        outputs = names.wiring.outputs(hit[0]) if hit is not None else None
        if hit is None or hit[1][0] not in (outputs or ()):
            continue
        report.error(
            "FP150",
            f'the id of an import can\'t use an output of the node "{hit[0]}"',
            path,
            detail="What is there already does not wait for what is made.",
            hint="write the id, or use a param",
        )
