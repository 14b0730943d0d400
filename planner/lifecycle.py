"""How the lifecycle settings of a node bend what was decided about it.

`decide` compares one node; here stand `create_before_destroy`, `keep_id`, `replace_triggered_by`
and what can't be done under a setting. It must not know HTTP, or how a plan is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic
from flowplan.planner.decide import Decision
from flowplan.planner.ignoring import unsendable
from flowplan.planner.plan import NodeChange
from flowplan.planner.refresh import Holders
from flowplan.planner.template import Lifecycle, Node
from flowplan.planner.template.paths import path_text
from flowplan.planner.template.triggers import triggers
from flowplan.planner.values import Json, Path, Unknown, Value
from flowplan.planner.wording import thing
from flowplan.protocol import Holder, StepType
from flowplan.state.model import ResourceRecord

__all__ = ["Bending", "recorded_settings", "triggered_nodes", "with_fields_of"]

USUAL = Lifecycle()


def recorded_settings(node: Node) -> Mapping[str, Json]:
    """The settings that differ from what holds without them, as the state keeps them."""
    settings = node.lifecycle
    if settings == USUAL:
        return {}
    found: dict[str, Json] = {
        name: getattr(settings, name)
        for name in ("prevent_destroy", "create_before_destroy", "keep_id", "timeout", "retries")
        if getattr(settings, name) != getattr(USUAL, name)
    }
    if settings.ignore_changes:
        whole = () in settings.ignore_changes
        found["ignore_changes"] = "all" if whole else [*map(path_text, settings.ignore_changes)]
    if settings.replace_triggered_by:
        found["replace_triggered_by"] = list(settings.replace_triggered_by)
    return found


def triggered_nodes(
    changes: Iterable[NodeChange], nodes: Mapping[str, Node]
) -> Mapping[str, tuple[str, ...]]:
    """By node, the nodes that are replaced because this plan changes it.

    `nodes` are all of the template: one that a partial plan leaves out is replaced by a later one.
    """
    planned = {change.node: change for change in changes}
    found: dict[str, tuple[str, ...]] = {}
    for node in nodes.values():
        own = planned.get(node.id)
        if own is not None and own.reason != "triggered":
            continue
        for text in node.lifecycle.replace_triggered_by:
            for name, path in triggers(text, nodes, node.id):
                change = planned.get(name)
                if change is not None and _is_changed(change, path):
                    found[name] = (*found.get(name, ()), node.id)
    return found


@dataclass(slots=True)
class Bending:
    """One plan's settings at work. `wrong` gathers what can't be done under them.

    `changes` are the nodes decided so far, `ids` all nodes of the template.
    """

    ids: Mapping[str, Node]
    holders: Holders
    changes: dict[str, NodeChange] = field(default_factory=dict)
    wrong: list[Diagnostic] = field(default_factory=list)

    def bend(
        self,
        decision: Decision,
        node: Node,
        step: StepType,
        record: ResourceRecord,
        desired: Mapping[str, Value],
    ) -> Decision:
        """The decision as the node's settings have it; `desired` is what the template says."""
        settings = node.lifecycle
        if settings.replace_triggered_by:
            decision = self._triggered(decision, node, step, record)
        if decision.action == "replace":
            if settings.keep_id:
                self.wrong.append(_not_in_place(decision, node, record))
            elif settings.create_before_destroy is not None:
                decision = self._ordered(decision, node, step, record, desired)
            return replace(decision, inputs=None)
        if decision.action == "update" and decision.inputs is not None:
            secret = unsendable(node, step, decision.inputs, decision.fields)
            self.wrong += [secret] if secret else []
        return decision

    def _triggered(
        self, decision: Decision, node: Node, step: StepType, record: ResourceRecord
    ) -> Decision:
        """A replacement because of another node's change, in this run or one that was cut off."""
        makes = step.schema.creates
        if decision.action not in ("no-op", "update") or makes == "nothing":
            return decision
        fired = list(dict.fromkeys(self._fired(node)))
        if not fired and not record.due:
            return decision
        why = f"{', '.join(fired)} changes" if fired else "what triggers it was changed"
        if makes == "act":
            note = f"done again, since {why}"
            return replace(
                decision, action="update", reason="triggered", notes=(*decision.notes, note)
            )
        first = step.schema.create_before_destroy and makes == "resource"
        return replace(
            decision,
            action="replace",
            reason="triggered",
            order="create_before_destroy" if first else "destroy_before_create",
            notes=(*decision.notes, f"replaced, since {why}"),
            outputs={name: Unknown(node.id, name) for name in step.schema.outputs},
        )

    def _fired(self, node: Node) -> Iterator[str]:
        for text in node.lifecycle.replace_triggered_by:
            for name, path in triggers(text, self.ids, node.id):
                change = self.changes.get(name)
                if change is not None and _is_changed(change, path):
                    yield name

    def _ordered(
        self,
        decision: Decision,
        node: Node,
        step: StepType,
        record: ResourceRecord,
        desired: Mapping[str, Value],
    ) -> Decision:
        """The replacement in the order that the template asks for, where that can be done."""
        usual = step.schema.create_before_destroy
        first = node.lifecycle.create_before_destroy
        if first == usual or step.schema.creates != "resource":
            return decision
        if first:
            name = _own_name(step, desired)
            if record.type == node.type and name == _own_name(step, record.inputs):
                self.wrong.append(_same_name(node, step, name))
            return replace(decision, order="create_before_destroy")
        blocking = [holder for holder in self.holders.of(record) if holder.blocks_update]
        if blocking:
            self.wrong.append(_held(node, record, blocking))
        return replace(decision, order="destroy_before_create")


def with_fields_of(decision: Decision, raw: Decision) -> Decision:
    """A replacement with the fields that the template changes, ignored ones among them.

    `raw` is what is decided without `ignore_changes`.
    """
    forced = {item.path for item in decision.fields if item.forces_replace}
    fields = tuple(
        replace(item, forces_replace=item.forces_replace or item.path in forced)
        for item in raw.fields
    )
    return replace(decision, fields=fields, unchanged=raw.unchanged)


def _is_changed(change: NodeChange, path: Path) -> bool:
    """Whether a change is one that triggers: of the node, or of the input at `path`."""
    again = change.action == "create" and change.resource_id is not None
    if change.action not in ("update", "replace") and not again:
        return False
    return not path or any(
        item.path[: len(path)] == path or path[: len(item.path)] == item.path
        for item in change.fields
    )


def _own_name(step: StepType, inputs: Mapping[str, Value]) -> Value:
    """The name that no other resource of the kind may have."""
    named = step.schema.resource_type or "name"
    return inputs.get(named if named in step.schema.inputs else "name")


def _same_name(node: Node, step: StepType, name: Value) -> Diagnostic:
    what = thing(node.type, step.schema.resource_type)
    return Diagnostic(
        "error", "FP244", f"a new {what} {name} can't be made before the old one is deleted",
        f"create_before_destroy is set, and both would have the same name: there can be one {what} "
        "of a name at a time.",
        node=node.id,
        hint="give it another name with this change, or take create_before_destroy out",
    )  # fmt: skip


def _held(node: Node, record: ResourceRecord, blocking: Sequence[Holder]) -> Diagnostic:
    names = ", ".join(sorted(holder.name or holder.resource_id for holder in blocking))
    what = thing(record.type, record.resource_type)
    return Diagnostic(
        "error", "FP245", f"the {what} can't be deleted before the new one is made",
        f"create_before_destroy is false, and the cluster refuses to delete a {what} that a "
        f"deployed model uses: {names}.",
        node=node.id,
        hint="take create_before_destroy out: the new one is made first, and the models are moved",
    )  # fmt: skip


def _not_in_place(decision: Decision, node: Node, record: ResourceRecord) -> Diagnostic:
    forced = [item for item in decision.fields if item.forces_replace]
    if record.type != node.type:
        why = f"The node's type was {record.type}: that is another resource."
    elif decision.reason in ("triggered", "requested"):
        why = "Its replacement was asked for, and a new one has a new id."
    else:
        removed = [path_text(item.path) for item in forced if item.removed]
        others = [path_text(item.path) for item in forced if not item.removed]
        said = []
        if removed:
            said.append(
                f"{', '.join(removed)} can't be taken away: the cluster merges what it is sent "
                "into what it has, and would keep the old value."
            )
        if others:
            said.append(f"{', '.join(others)} can only be set on a new one.")
        why = " ".join(said)
    return Diagnostic(
        "error", "FP242", f"keep_id is set, and {node.id} can't be changed in place", why,
        node=node.id, hint="undo this change, or take keep_id out: then it is replaced",
    )  # fmt: skip
