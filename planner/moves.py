"""`flowplan.moved`: records that get another name, before anything is compared.

Nothing on the cluster knows the names of nodes, so a move sends nothing. It must not know how
the state is stored, or how a plan is carried out.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from flowplan.dataclass import replace
from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.plan import NodeChange
from flowplan.planner.template import Moved, Template
from flowplan.planner.template.moved import final_names
from flowplan.planner.workspace import Steps
from flowplan.state.edit import renamed
from flowplan.state.model import State

__all__ = ["as_moved", "moves_of", "naming", "with_moves"]


def naming(steps: Steps) -> Callable[[str], frozenset[str]]:
    """Step type → its inputs that are lists of node ids, which are renamed with the nodes."""

    def names(type_name: str) -> frozenset[str]:
        schema = steps.schema(type_name)
        specs = schema.inputs.values() if schema else ()
        return frozenset(spec.order for spec in specs if spec.order is not None)

    return names


def moves_of(template: Template, state: State | None) -> dict[str, str]:
    """The old name by new name, of what the state still has under the old one.

    An entry whose old name is not recorded is done. Raises `PlanError` FP250 when two recorded
    nodes would have one name, FP251 when no node has the new name.
    """
    if state is None or not template.moved:
        return {}
    finals = final_names(template.moved)
    ids = {node.id for node in template.nodes}
    found: dict[str, str] = {}
    wrong: list[Diagnostic] = []
    for entry in template.moved:
        source, dest = entry.source, finals.get(entry.source)
        if dest is None or source not in state.resources or source in ids:
            continue
        if dest in state.resources or dest in found:
            other = dest if dest in state.resources else found[dest]
            wrong.append(_both(template, entry, source, dest, other))
        elif dest not in ids:
            wrong.append(_nowhere(template, entry, dest))
        else:
            found[dest] = source
    if wrong:
        raise PlanError(*wrong)
    return found


def with_moves(state: State, moves: Mapping[str, str], steps: Steps) -> State:
    """The state with the records of `moves` (old name by new name) renamed."""
    if not moves:
        return state
    return renamed(state, {source: dest for dest, source in moves.items()}, naming(steps))


def as_moved(change: NodeChange, source: str | None) -> NodeChange:
    """The change of a node that the state still calls `source`; None for the name it has."""
    if source is None:
        return change
    if change.action != "no-op":
        note = f"moved from {source}"
        return replace(change, notes=(note, *change.notes), moved_from=source)
    return replace(
        change, action="move", reason="moved", moved_from=source, notes=(f"moved from {source}",),
        steps=("rename it in the state: nothing is sent",),
    )  # fmt: skip


def _both(template: Template, entry: Moved, source: str, dest: str, other: str) -> Diagnostic:
    return _at(template, entry, "from", Diagnostic(
        "error", "FP250", f'"{source}" can\'t become "{dest}": the state has "{other}", too',
        "Each has a resource of its own, and one of them would be forgotten.", node=dest,
        hint="remove the entry, and the old one is deleted; or forget one of the two:\n"
        + shlex.join(["flowplan", "state", "rm", other]),
    ))  # fmt: skip


def _nowhere(template: Template, entry: Moved, dest: str) -> Diagnostic:
    return _at(template, entry, "to", Diagnostic(
        "error", "FP251", f'"{entry.source}" moves to "{dest}", and there is no such node',
        "With these params no node has that name, so what is recorded would be deleted.",
        hint="name a node that is there, with its key if `for_each` makes it",
    ))  # fmt: skip


def _at(template: Template, entry: Moved, key: str, diagnostic: Diagnostic) -> Diagnostic:
    document = template.document
    at = document.position((*entry.path, key))
    return replace(
        diagnostic, file=document.name, line=at.line, column=at.column,
        excerpt=document.excerpt(at.line), span=at.span,
    )  # fmt: skip
