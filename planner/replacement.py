"""Replacements that the comparison of a node alone does not ask for.

When an update in place would be refused because the resource is in use, and when somebody wants
a resource made anew (`--replace`).

ML Commons refuses to update a connector while a deployed model uses it, and under live traffic
undeploying never helps (DESIGN §5, FACTS "Changing a connector under traffic"). Making a new
one and moving the model to it does, without an outage. Must not know HTTP or rendering.
"""

from __future__ import annotations

from shlex import quote

from flowplan.dataclass import replace
from flowplan.errors import Diagnostic
from flowplan.planner.decide import Decision
from flowplan.planner.imports import owners_of
from flowplan.planner.plan import NodeChange
from flowplan.planner.refresh import Holders
from flowplan.planner.template import Node
from flowplan.planner.values import Unknown
from flowplan.planner.wording import thing
from flowplan.protocol import Holder, StepType
from flowplan.state.model import ResourceRecord

__all__ = ["forced_by_use", "foreign_holders", "kept_in_place", "requested", "undeletable"]


def forced_by_use(
    decision: Decision, node: Node, step: StepType, record: ResourceRecord, holders: Holders
) -> tuple[Decision, tuple[Diagnostic, ...]]:
    """The decision as it is, or a replacement where somebody blocks the update."""
    if not decision.fields:
        return decision, ()
    blocking = [holder for holder in holders.of(record) if holder.blocks_update]
    if not blocking and not record.in_use:
        return decision, ()
    fields = tuple(replace(item, forces_replace=True) for item in decision.fields)
    names = ", ".join(sorted(holder.name or holder.resource_id for holder in blocking))
    why = f"in use by the deployed {names}" if names else "refused to be updated while in use"
    first = step.schema.create_before_destroy
    note = f"{why}: the new one is made first and what uses it is moved, so predictions go on"
    replaced = replace(
        decision,
        action="replace",
        order="create_before_destroy" if first else "destroy_before_create",
        fields=fields,
        notes=(*decision.notes, note if first else "refused to be changed in place"),
        outputs={name: Unknown(node.id, name) for name in step.schema.outputs},
    )
    return replaced, foreign_holders(node, record, holders)


def kept_in_place(
    decision: Decision, node: Node, record: ResourceRecord, holders: Holders
) -> tuple[Decision, tuple[Diagnostic, ...]]:
    """The same for a node with `keep_id`: an update, for which the models are undeployed."""
    blocking = sorted(
        (holder for holder in holders.of(record) if holder.blocks_update),
        key=lambda holder: holder.resource_id,
    )
    if not decision.fields or not blocking:
        return decision, ()
    names = ", ".join(sorted(holder.name or holder.resource_id for holder in blocking))
    note = f"{names} is undeployed for the change, and deployed again: predictions stop meanwhile"
    ours = {other.resource_id for other in holders.records.values()}
    warned = tuple(
        Diagnostic(
            "warning", "FP246",
            f"{holder.kind} {holder.resource_id} ({holder.name}) stops serving for a moment, too",
            f"It is not in this state and uses {record.resource_id}, which can't be changed while "
            "it is deployed. It is deployed again after the change.",
            node=node.id, hint="tell who uses it, or take keep_id out: then it goes on serving",
        )
        for holder in blocking
        if holder.resource_id not in ours
    )  # fmt: skip
    paused = tuple(holder.name or holder.resource_id for holder in blocking)
    return replace(decision, notes=(*decision.notes, note), paused=paused), warned


def requested(
    decision: Decision, node: Node, step: StepType, record: ResourceRecord, holders: Holders
) -> tuple[Decision, tuple[Diagnostic, ...]]:
    """The decision as a replacement that was asked for; an act is done again.

    What is made or replaced in any case stays as it is decided.
    """
    if decision.action not in ("no-op", "update"):
        return decision, ()
    if step.schema.creates == "act":
        return replace(decision, action="update", reason="requested"), ()
    # An effect can't be there twice: taking the old one back last would end the new one, too. It
    # is on the same resource afterwards, so what it gives to others stays.
    effect = step.schema.creates == "effect"
    first = step.schema.create_before_destroy and not effect
    unknown = {name: Unknown(node.id, name) for name in step.schema.outputs}
    replaced = replace(
        decision,
        action="replace",
        reason="requested",
        order="create_before_destroy" if first else "destroy_before_create",
        outputs=decision.outputs if effect else unknown,
    )
    return replaced, foreign_holders(node, record, holders)


def undeletable(change: NodeChange, record: ResourceRecord, holders: Holders) -> Diagnostic | None:
    """Why a replacement that deletes the old one first can't be done: something holds it.

    Whatever the plan does about what holds it comes later, so it does not help.
    """
    if change.action != "replace" or change.order != "destroy_before_create":
        return None
    blocking = sorted(
        (holder for holder in holders.of(record) if holder.blocks_delete),
        key=lambda holder: (holder.name, holder.resource_id),
    )
    if not blocking:
        return None
    owners = owners_of(holders.steps, holders.records.values())
    nodes = {item: owners.get((item.kind, item.resource_id)) for item in blocking}
    ours = sorted({node for node in nodes.values() if node is not None})
    known = [f"{node} ({item.name or item.resource_id})" for item, node in nodes.items() if node]
    strange = [_named(item) for item, node in nodes.items() if node is None]
    what = thing(record.type, record.resource_type)
    hints = (
        [f"delete {', '.join(strange)} first, which this state does not have"] if strange else []
    )
    if ours:
        targets = " ".join(f"--target {quote(name)}" for name in ours)
        hints.append(
            f"flowplan destroy {targets}\nThen run this again: they are made anew with it."
        )
    return Diagnostic(
        "error", "FP247", f"the {what} can't be made anew while something uses it",
        f"The old one is deleted before the new one is made, and the cluster refuses to delete a "
        f"{what} that is used: {', '.join([*known, *strange])}.",
        node=change.node, hint="\n".join(hints),
    )  # fmt: skip


def _named(holder: Holder) -> str:
    return f"{holder.name} ({holder.resource_id})" if holder.name else holder.resource_id


def foreign_holders(node: Node, record: ResourceRecord, holders: Holders) -> tuple[Diagnostic, ...]:
    """A warning for each user of a resource that this state does not know and can't move."""
    ours = {other.resource_id for other in holders.records.values()}
    strangers: list[Holder] = [
        holder for holder in holders.of(record) if holder.resource_id not in ours
    ]
    return tuple(
        Diagnostic(
            "warning", "FP212",
            f"{holder.kind} {holder.resource_id} ({holder.name}) uses {record.resource_id} too",
            "It is not in this state, so it stays on the old one, which can't be deleted before "
            "it is moved: the new one is made and used, and the old one is kept as deposed.",
            node=node.id,
            hint=f"point {holder.resource_id} at the new one by hand, then run apply again",
        )
        for holder in strangers
    )  # fmt: skip
