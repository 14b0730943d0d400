"""The nodes of a template in dependency order, each decided with what those before it will give.

The middle of `planner.build`. It must not know how a plan is saved, drawn or carried out.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.dataclass import dataclass, replace
from flowplan.errors import Diagnostic
from flowplan.planner.adopt import Adoption, adopt, as_import
from flowplan.planner.decide import NOT_READ, Decision, Found, decide
from flowplan.planner.effects import Effects
from flowplan.planner.imports import Importing
from flowplan.planner.lifecycle import Bending, with_fields_of
from flowplan.planner.moves import as_moved
from flowplan.planner.params import Params
from flowplan.planner.plan import Drift, NodeChange
from flowplan.planner.refresh import Holders
from flowplan.planner.removal import is_allowed, needs_permission
from flowplan.planner.replacement import forced_by_use, kept_in_place, requested, undeletable
from flowplan.planner.resolve import Resolver
from flowplan.planner.settled import Twins
from flowplan.planner.template import Lifecycle, Node, Template
from flowplan.planner.values import Value
from flowplan.planner.wording import steps_of
from flowplan.planner.workspace import Workspace
from flowplan.protocol import Observed, StepType
from flowplan.state.model import ResourceRecord

__all__ = ["Walk", "Walked"]


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk found: a change a node, drift, warnings, the workflow's outputs, effects.

    `adopted` are the records of what is taken over, by node; `wrong` is what the settings of nodes
    don't allow.
    """

    changes: tuple[NodeChange, ...]
    drift: tuple[Drift, ...]
    warnings: tuple[Diagnostic, ...]
    outputs: Mapping[str, Value]
    effects: Effects
    adopted: Mapping[str, ResourceRecord]
    wrong: tuple[Diagnostic, ...] = ()


class Walk:
    """One pass over a template. `found` is what the refresh read, None without one.

    `imports` are the nodes that take over what is there, with what was read of it; `replaced`
    those that are to be made anew though nothing differs; `moves` has the old names of renamed
    nodes by their new ones.
    """

    def __init__(
        self,
        workspace: Workspace,
        template: Template,
        params: Params,
        records: Mapping[str, ResourceRecord],
        found: Mapping[str, Observed | None] | None,
        salt: str,
        allow_delete: frozenset[str] = frozenset(),
        imports: Mapping[str, Importing] | None = None,
        replaced: frozenset[str] = frozenset(),
        moves: Mapping[str, str] | None = None,
    ) -> None:
        self.allow_delete = allow_delete
        self.steps = workspace.steps
        self.nodes = {node.id: node for node in template.nodes}
        self.records = dict(records)
        self.found = found
        self.imports = imports or {}
        self.replaced = replaced
        self.moves = moves or {}
        self.adopted: dict[str, Adoption] = {}
        self.salt = salt
        self.resolver = Resolver.of(template, params, workspace.steps)
        self.graph = self.resolver.graph
        self.twins = Twins(self.resolver, workspace.steps)
        connection = workspace.connection if found is not None else None
        cluster = connection.operation() if connection else None
        coming = {
            name: ResourceRecord(name, self.nodes[name].type, resource_id=item.resource_id)
            for name, item in self.imports.items()
        }
        self.holders = Holders(workspace.steps, cluster, {**records, **coming})
        self.effects = Effects(workspace.steps)
        self.bending = Bending(self.nodes, self.holders)

    def run(self) -> Walked:
        """Decide every node. Raises `TemplateError` and what the cluster raises."""
        changes = self.bending.changes
        drift: list[Drift] = []
        warnings: list[Diagnostic] = []
        for name in self.graph.order:
            node = self.nodes[name]
            step = self.steps.step(node.type)
            desired = self.resolver.inputs(node, step.schema)
            self.bending.wrong += self.twins.check(node, desired)
            decision, warned = self._decide(node, step, desired)
            given = desired if decision.inputs is None else decision.inputs
            self.resolver.outputs[name] = {**(decision.outputs or {}), **step.preview(given)}
            change = self._change(node, step, decision)
            if self._needs_permission(change):
                change = replace(change, blocked=change.resource_id or name)
                word = change.blocked or name
                permission = needs_permission(self.records[name], word, replaced=True)
                warned = (*warned, permission)
            self._refuse_held(change)
            changes[name] = change
            warnings += warned
            drift += [decision.drift] if decision.drift else []
        return Walked(
            tuple(self._kept(change) for change in changes.values()),
            tuple(drift),
            tuple(warnings),
            self.resolver.workflow_outputs(),
            self.effects,
            {name: adoption.record for name, adoption in self.adopted.items()},
            tuple(self.bending.wrong),
        )

    def _decide(
        self, node: Node, step: StepType, desired: Mapping[str, Value]
    ) -> tuple[Decision, tuple[Diagnostic, ...]]:
        if node.id in self.imports:
            self._adopt(node, step, desired)
        record = self.records.get(node.id)
        decision = decide(node, step, desired, record, self._found(record), self.salt)
        warned: tuple[Diagnostic, ...] = ()
        if record is not None:
            decision, warned = self._settled(decision, node, step, record, desired)
        if record is not None and node.id in self.adopted:
            # Whatever comes next, until then dependants use what was taken over.
            decision = replace(decision, outputs=record.outputs)
        stays = record is not None and (
            node.id in self.adopted or decision.action in ("no-op", "update")
        )
        given = desired if decision.inputs is None else decision.inputs
        self.effects.want(node, given, record.resource_id if record and stays else None)
        return decision, warned

    def _settled(
        self,
        decision: Decision,
        node: Node,
        step: StepType,
        record: ResourceRecord,
        desired: Mapping[str, Value],
    ) -> tuple[Decision, tuple[Diagnostic, ...]]:
        """The decision once it is known who uses the resource, and what the settings say."""
        warned: tuple[Diagnostic, ...] = ()
        if decision.action == "update" and node.lifecycle.keep_id:
            decision, warned = kept_in_place(decision, node, record, self.holders)
        elif decision.action == "update":
            decision, warned = forced_by_use(decision, node, step, record, self.holders)
        if node.id in self.replaced:
            decision, told = requested(decision, node, step, record, self.holders)
            warned = (*warned, *told)
        if node.lifecycle == Lifecycle() or node.id in self.adopted:
            return decision, warned
        bent = self.bending.bend(decision, node, step, record, desired)
        if bent.action == "replace" and node.lifecycle.ignore_changes:
            # What is made anew is made as the template says.
            plain = replace(node, lifecycle=Lifecycle())
            raw = decide(plain, step, desired, record, self._found(record), self.salt)
            bent = with_fields_of(bent, raw)
        return bent, warned

    def _adopt(self, node: Node, step: StepType, desired: Mapping[str, Value]) -> None:
        """From here on the node is one with a record, as it will be."""
        item = self.imports[node.id]
        adoption = adopt(node, step, desired, item.resource_id, item.document, self.salt)
        record = replace(adoption.record, dependencies=self.graph.predecessors(node.id))
        self.adopted[node.id] = replace(adoption, record=record)
        self.records[node.id] = record

    def _found(self, record: ResourceRecord | None) -> Found:
        if record is None or self.found is None:
            return NOT_READ
        if record.node in self.adopted:
            return self.adopted[record.node].found
        return self.found.get(record.node, NOT_READ)

    def _needs_permission(self, change: NodeChange) -> bool:
        """Whether data would be lost that nobody has given up: its replacement deletes it."""
        if change.action != "replace":
            return False
        record = self.records[change.node]
        # What is deleted is of the recorded type, whatever the node has become.
        if not self.steps.step(record.type).schema.holds_data:
            return False
        return not is_allowed(record, self.allow_delete)

    def _refuse_held(self, change: NodeChange) -> None:
        """Note that the cluster would refuse the first half of a replacement, once a node."""
        told = any(item.node == change.node for item in self.bending.wrong)
        told = told or self.nodes[change.node].lifecycle.prevent_destroy
        record = self.records.get(change.node)
        held = undeletable(change, record, self.holders) if record and not told else None
        self.bending.wrong += [held] if held else []

    def _kept(self, change: NodeChange) -> NodeChange:
        """A replacement whose old effect another node wants: the old one is not undone."""
        if change.action != "replace":
            return change
        return replace(change, kept_by=self.effects.wanted_by(self.records[change.node]))

    def _change(self, node: Node, step: StepType, decision: Decision) -> NodeChange:
        record = self.records.get(node.id)
        moved = [
            other
            for other in self.graph.successors(node.id)
            if other in self.records and node.id in self.records[other].dependencies
        ]
        steps = steps_of(
            decision.action, type_name=node.type, schema=step.schema, fields=decision.fields,
            order=decision.order, repointed=moved, reason=decision.reason, paused=decision.paused,
        )  # fmt: skip
        change = NodeChange(
            node=node.id, type=node.type, action=decision.action, reason=decision.reason,
            resource_id=record.resource_id if record else None,
            resource_type=step.schema.resource_type,
            depends_on=tuple(self.graph.predecessors(node.id)),
            fields=decision.fields, order=decision.order, steps=steps, notes=decision.notes,
            unchanged=decision.unchanged,
        )  # fmt: skip
        change = as_moved(change, self.moves.get(node.id))
        adoption = self.adopted.get(node.id)
        return as_import(change, adoption) if adoption else change
