"""Checks that an act (it deletes, it undeploys) is not aimed at what a node of the template makes.

The next apply would make it again, or find it gone: the two nodes would fight for ever. It must
not know which step types there are.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowplan.dataclass import dataclass
from flowplan.planner.expressions import ExpressionError, references, target
from flowplan.planner.template.model import Node
from flowplan.planner.template.report import Report
from flowplan.planner.template.wiring import Wiring
from flowplan.planner.values import Json, Path
from flowplan.protocol import InputSpec, StepSchema

__all__ = ["ManagedCheck"]


@dataclass(slots=True)
class ManagedCheck:
    """Checks the inputs that must not name what the template manages (`InputSpec.unmanaged`)."""

    wiring: Wiring
    report: Report

    def check(self, node: Node, schema: StepSchema) -> None:
        """Report each such input whose value comes from, or is made by, another node."""
        for name, spec in schema.inputs.items():
            if spec.unmanaged:
                for maker, path in self._makers(node, name, spec.reference):
                    self._refuse(node, name, spec, maker, path)
                    break

    def _makers(self, node: Node, name: str, kind: str | None) -> Iterator[tuple[str, Path]]:
        for source in self.wiring.candidates(node.id).get(name, ()):
            named = node.previous_node_inputs.get(source) == name
            tail: Path = ("previous_node_inputs", source) if named else ()
            if self._manages(source, kind):
                yield source, (*node.path, *tail)
        if name not in node.user_inputs:
            return
        value, path = node.user_inputs[name], (*node.path, "user_inputs", name)
        for maker in (*self._named(value, kind), *self._equal(node, name, value, kind)):
            yield maker, path

    def _named(self, value: Json, kind: str | None) -> Iterator[str]:
        try:
            found = list(references(value))
        except ExpressionError:
            # What is wrong with it is told where expressions are checked.
            return
        for item in found:
            node = target(item.name, self.wiring.nodes)
            if node is not None and self._manages(node[0], kind):
                yield node[0]

    def _equal(self, node: Node, name: str, value: Json, kind: str | None) -> Iterator[str]:
        """Nodes whose resource is the very one: both write out its id or its name."""
        for other in self.wiring.nodes.values():
            schema = self.wiring.schemas.get(other.type)
            same = schema is not None and schema.resource_type == name
            same = same and self._manages(other.id, kind)
            if same and other.id != node.id and other.user_inputs.get(name) == value:
                yield other.id

    def _manages(self, name: str, kind: str | None) -> bool:
        """Whether a node makes something of this kind: pipelines of two kinds share their ids."""
        type_ = self.wiring.nodes[name].type
        schema = self.wiring.schemas.get(type_)
        if schema is None or schema.creates not in ("resource", "effect"):
            return False
        return kind is None or self.wiring.kinds[type_] == kind

    def _refuse(self, node: Node, name: str, spec: InputSpec, maker: str, path: Path) -> None:
        self.report.error(
            "FP155",
            f"{node.type} is aimed at what the node {maker} of this template makes",
            path,
            node=node.id,
            detail="The two would undo each other at every apply: flowplan keeps what a node "
            "makes as the template says, for as long as the node is there.",
            hint=spec.unmanaged.format(maker),
        )
