"""Effects that several nodes may want on one resource: a model that two nodes deploy.

When one of them goes, the effect stays as long as another wants it. Must not know requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowplan.planner.template import Node
from flowplan.planner.values import Value, has_unknown, reveal
from flowplan.planner.workspace import Steps
from flowplan.state.model import ResourceRecord

__all__ = ["Effects"]


class Effects:
    """What the template's nodes want of resources, by effect and resource id."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._wanted: dict[tuple[str, str], list[str]] = {}

    def want(self, node: Node, inputs: Mapping[str, Value], resource_id: str | None) -> None:
        """Note the effects of a node; `resource_id` is None while it has none that stays."""
        known = {name: reveal(value) for name, value in inputs.items() if not has_unknown(value)}
        for effect in self._steps.step(node.type).effects(known, resource_id):
            self._wanted.setdefault(effect, []).append(node.id)

    def keep(self, records: Iterable[ResourceRecord]) -> None:
        """Note the effects of nodes that stay as they are, since the plan is not about them."""
        for record in records:
            for effect in self._steps.step(record.type).effects(record.inputs, record.resource_id):
                self._wanted.setdefault(effect, []).append(record.node)

    def wanted_by(self, record: ResourceRecord) -> str | None:
        """Another node that wants the effect which this record's node had, if there is one."""
        step = self._steps.step(record.type)
        if step.schema.creates != "effect":
            return None
        for effect in sorted(step.effects(record.inputs, record.resource_id)):
            for node in self._wanted.get(effect, ()):
                if node != record.node:
                    return node
        return None
