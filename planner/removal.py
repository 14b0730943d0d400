"""What is to be deleted, in reverse dependency order, from the state alone.

So destroy works after the template is gone. Data needs a permission: indices and pipelines
are deleted only when `--allow-delete` names them. Must not know HTTP or rendering.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flowplan.errors import Diagnostic
from flowplan.planner.decide import deleted_fields
from flowplan.planner.effects import Effects
from flowplan.planner.graph import Graph
from flowplan.planner.plan import NodeChange
from flowplan.planner.wording import deletion, thing
from flowplan.planner.workspace import Steps
from flowplan.state.model import Deposed, ResourceRecord

__all__ = ["deposed_changes", "is_allowed", "needs_permission", "recorded_graph", "removals"]


def recorded_graph(records: Mapping[str, ResourceRecord]) -> Graph:
    """The dependencies as they were when last applied."""
    return Graph.build(
        {
            name: tuple(other for other in record.dependencies if other in records)
            for name, record in records.items()
        }
    )


def removals(
    steps: Steps,
    gone: Mapping[str, ResourceRecord],
    records: Mapping[str, ResourceRecord],
    allow_delete: frozenset[str],
    *,
    reason: str,
    effects: Effects | None = None,
) -> tuple[list[NodeChange], list[Diagnostic]]:
    """Deletes for the nodes in `gone`, dependants first, and what `--allow-delete` still needs.

    An effect that another node wants (`effects`) is not undone: its node is let go.
    """
    changes: list[NodeChange] = []
    blocked: list[Diagnostic] = []
    for name in reversed(recorded_graph(records).order):
        if name not in gone:
            continue
        record = gone[name]
        changes += deposed_changes(record)
        keeper = effects.wanted_by(record) if effects else None
        change = _removal(steps, record, reason, keeper)
        if steps.step(record.type).schema.holds_data and not is_allowed(record, allow_delete):
            change = replace(change, blocked=record.resource_id or name)
            blocked.append(needs_permission(record, record.resource_id or name))
        changes.append(change)
    return changes, blocked


def _removal(steps: Steps, record: ResourceRecord, reason: str, keeper: str | None) -> NodeChange:
    words = deletion(thing(record.type, record.resource_type))
    if keeper is not None:
        words = f"let it go: {keeper} keeps it"
    nothing = steps.step(record.type).schema.creates in ("act", "nothing")
    return NodeChange(
        node=record.node, type=record.type, action="forget" if keeper else "delete",
        reason=reason, resource_id=record.resource_id, resource_type=record.resource_type,
        depends_on=record.dependencies, fields=deleted_fields(record.inputs),
        steps=() if nothing else (words,), notes=(words,) if keeper else (), kept_by=keeper,
    )  # fmt: skip


def is_allowed(record: ResourceRecord | Deposed, allow_delete: frozenset[str]) -> bool:
    """Whether `--allow-delete` names this one, by node, by resource id or by `all`."""
    return bool(allow_delete & {"all", record.node, str(record.resource_id)})


def needs_permission(record: ResourceRecord, word: str, *, replaced: bool = False) -> Diagnostic:
    """What is said of a delete that `--allow-delete` does not name, also one to make it anew."""
    what = f"{thing(record.type, record.resource_type)} {word}"
    doing, instead = "deleting", "keep the node in the template"
    if replaced:
        doing, instead = "making anew, and so deleting,", "undo the change"
    return Diagnostic(
        "error", "FP230", f"{doing} {what} needs permission",
        "It may hold data that can't be brought back.",
        node=record.node, hint=f"--allow-delete {word}, or {instead}",
    )  # fmt: skip


def deposed_changes(record: ResourceRecord) -> Sequence[NodeChange]:
    """Deletes for what an earlier replacement of this node left on the cluster."""
    return [
        NodeChange(
            node=record.node, type=old.type, action="delete", reason="deposed",
            resource_id=old.resource_id, resource_type=old.resource_type,
            fields=deleted_fields(old.inputs),
            steps=(f"delete the {thing(old.type, old.resource_type)} that was replaced",),
        )
        for old in record.deposed
    ]  # fmt: skip
