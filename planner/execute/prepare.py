"""The one look at the cluster before anything is made, for all nodes that will be made.

ML Commons makes a model group beside a model; whether that group is ours is known only by
looking before (DESIGN §5, "Model groups"). Must not know what providers look for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from flowplan.errors import TemplateError
from flowplan.planner.plan import Plan
from flowplan.planner.resolve import Resolver
from flowplan.planner.template import Node
from flowplan.planner.values import Json, Unknown, Value, has_unknown, reveal
from flowplan.planner.workspace import Workspace
from flowplan.protocol import Owned
from flowplan.state.model import ResourceRecord

__all__ = ["owned_by", "prepare"]

Notes = Mapping[str, Mapping[str, Json]]


def prepare(workspace: Workspace, plan: Plan, records: Mapping[str, ResourceRecord]) -> Notes:
    """Each step type's notes on the nodes it will make. Raises what the cluster raises."""
    making = {change.node for change in plan.changes if change.action in ("create", "replace")}
    if not making or workspace.template is None or workspace.params is None:
        return {}
    if workspace.connection is None:
        return {}
    resolver = Resolver.of(workspace.template, workspace.params, workspace.steps)
    nodes = {node.id: node for node in workspace.template.nodes}
    wanted: dict[str, dict[str, Mapping[str, Json]]] = defaultdict(dict)
    for name in resolver.graph.order:
        node = nodes[name]
        resolver.outputs[name] = _planned(workspace, node, records, making)
        if name in making:
            wanted[node.type][name] = _known_inputs(workspace, resolver, node)
    found: dict[str, Mapping[str, Json]] = {}
    for type_name in sorted(wanted):
        cluster = workspace.connection.operation(None, 60.0)
        step = workspace.steps.step(type_name)
        found.update(step.prepare(cluster, wanted[type_name], owned_by(records.values())))
    return found


def owned_by(records: Iterable[ResourceRecord]) -> frozenset[Owned]:
    """Everything that records, and what they replaced, own beside their resources."""
    return frozenset(
        item
        for record in records
        for part in (record.owned, *(old.owned for old in record.deposed))
        for item in part
    )


def _planned(
    workspace: Workspace, node: Node, records: Mapping[str, ResourceRecord], making: set[str]
) -> Mapping[str, Value]:
    if node.id in records and node.id not in making:
        return records[node.id].outputs
    schema = workspace.steps.step(node.type).schema
    return {name: Unknown(node.id, name) for name in schema.outputs}


def _known_inputs(workspace: Workspace, resolver: Resolver, node: Node) -> Mapping[str, Json]:
    """The inputs of a node that don't wait for other nodes."""
    try:
        inputs = resolver.inputs(node, workspace.steps.step(node.type).schema)
    except TemplateError:
        # Told when its turn comes: what runs before it may go on.
        return {}
    return {name: reveal(value) for name, value in inputs.items() if not has_unknown(value)}
