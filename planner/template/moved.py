"""Reads `flowplan.moved`: nodes that got another name, whose resources stay as they are.

It must not know states: whether anything is recorded under the old name is found out when a
plan is made (`planner.moves`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from flowplan.planner.template.fields import Fields
from flowplan.planner.template.model import Moved, Node
from flowplan.planner.template.report import Report
from flowplan.planner.values import Json, Path

__all__ = ["check_moved", "final_names", "read_moved"]

_KEYS = ("from", "to")


def read_moved(declared: Fields) -> tuple[Moved, ...]:
    """The entries under `moved` that can be read; the others are reported and left out."""
    found = []
    for index, value in enumerate(declared.items("moved")):
        entry = _entry(value, (*declared.path, "moved", index), declared.report)
        if entry is not None:
            found.append(entry)
    return tuple(found)


def _entry(value: Json, path: Path, report: Report) -> Moved | None:
    fields = Fields.of(value, path, "an entry of `moved`", _KEYS, report)
    if fields is None:
        return None
    source, dest = (fields.text(key, required=True) for key in _KEYS)
    return Moved(source, dest, path) if source.strip() and dest.strip() else None


def final_names(moved: Sequence[Moved]) -> Mapping[str, str]:
    """What each old name is called in the end, through chains; names in a circle are left out."""
    onward = {item.source: item.dest for item in moved}
    found = {}
    for source, dest in onward.items():
        name, seen = dest, {source}
        while name in onward and name not in seen:
            seen.add(name)
            name = onward[name]
        if name not in seen:
            found[source] = name
    return found


def check_moved(moved: Sequence[Moved], nodes: Sequence[Node], report: Report) -> None:
    """Report old names that the template still has, new ones that it has not, and circles."""
    first: dict[str, Moved] = {}
    finals = final_names(moved)
    onward = {item.source for item in moved}
    several = {node.id for node in nodes if node.presence.several}
    ids = [node.id for node in nodes]
    for item in moved:
        _check_twice(item, first, report)
        if item.source in ids and item.source not in several:
            report.error(
                "FP182",
                f'the node "{item.source}" is said to have moved, and is still there',
                (*item.path, "from"),
                detail="What is called by the old name can't be both.",
                hint="remove the entry, or rename the node",
            )
        elif item.source not in finals:
            report.error(
                "FP184",
                f'the moves of "{item.source}" go round in a circle',
                (*item.path, "from"),
                hint="name each node's last name once",
            )
        if item.dest not in onward and not _is_node(item.dest, ids, several):
            report.error(
                "FP183",
                f'no node "{item.dest}" that "{item.source}" could have become',
                (*item.path, "to"),
                hint=report.did_you_mean(item.dest, ids, "add the node, or remove the entry"),
            )


def _check_twice(item: Moved, first: dict[str, Moved], report: Report) -> None:
    for key, name in (("from", item.source), ("to", item.dest)):
        known = first.setdefault(f"{key} {name}", item)
        if known is item:
            continue
        line = report.document.position((*known.path, key)).line
        told = "moves to two names" if key == "from" else "is the new name of two nodes"
        report.error(
            "FP184",
            f'"{name}" {told}',
            (*item.path, key),
            detail=f"It stands in line {line} already.",
            hint="remove one of the entries",
        )


def _is_node(name: str, ids: Collection[str], several: Collection[str]) -> bool:
    """Whether a node has this id, or may have once its `for_each` is known."""
    if name in ids:
        return name not in several
    base, bracket, _ = name.partition('["')
    return bool(bracket) and base in several
