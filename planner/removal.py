"""What is to be deleted, in reverse dependency order, from the state alone.

So destroy works after the template is gone. Data needs a permission: indices and pipelines
are deleted only when `--allow-delete` names them. Must not know HTTP or rendering.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.dataclass import replace
from flowplan.errors import Diagnostic
from flowplan.planner.decide import deleted_fields
from flowplan.planner.effects import Effects
from flowplan.planner.graph import Graph
from flowplan.planner.plan import Action, NodeChange
from flowplan.planner.wording import deletion, thing
from flowplan.planner.workspace import Steps
from flowplan.state.model import Deposed, ResourceRecord

__all__ = ["deposed_changes", "is_allowed", "needs_permission", "removals"]


def removal_order(records: Mapping[str, ResourceRecord]) -> tuple[str, ...]:
    """The nodes as they can be deleted: dependants first, and by name where both could go.

    The order of the records does not count: it is that in which the last apply finished.
    """
    users: dict[str, list[str]] = {name: [] for name in sorted(records)}
    for name in users:
        for other in records[name].dependencies:
            if other in users:
                users[other].append(name)
    return Graph.build(users).order


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
    for name in removal_order(records):
        if name not in gone:
            continue
        record = gone[name]
        changes += deposed_changes(record)
        keeper = effects.wanted_by(record) if effects else None
        change = _removal(steps, record, reason, keeper)
        holds = steps.step(record.type).schema.holds_data and not record.empty
        if holds and not is_allowed(record, allow_delete):
            change = replace(change, blocked=record.resource_id or name)
            blocked.append(needs_permission(record, record.resource_id or name))
        changes.append(change)
    return changes, blocked


def _removal(steps: Steps, record: ResourceRecord, reason: str, keeper: str | None) -> NodeChange:
    words = deletion(thing(record.type, record.resource_type))
    if record.empty:
        words = "forget it: what it had is deleted already"
    if keeper is not None:
        words = f"let it go: {keeper} keeps it"
    nothing = steps.step(record.type).schema.creates in ("act", "nothing")
    action: Action = "forget" if keeper or record.empty else "delete"
    return NodeChange(
        node=record.node, type=record.type, action=action,
        reason=reason, resource_id=record.resource_id, resource_type=record.resource_type,
        depends_on=record.dependencies, fields=deleted_fields(record.inputs),
        steps=() if nothing else (words,), notes=(words,) if action == "forget" else (),
        kept_by=keeper,
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
