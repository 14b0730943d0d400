"""Checks where two nodes meet: one name made twice, an order of nodes that are not there.

What the cluster or the agent would only show when it is too late. It must not know which step
types there are.
"""

from __future__ import annotations

from flowplan.dataclass import dataclass, field
from flowplan.planner.expressions import contains
from flowplan.planner.template.model import Node
from flowplan.planner.template.report import Report, listed
from flowplan.planner.template.wiring import Wiring
from flowplan.protocol import StepSchema

__all__ = ["MeetingCheck", "own_name", "twin"]


def own_name(schema: StepSchema) -> str | None:
    """The input that names what a step makes, where that can be there only once."""
    # What the cluster names itself can be there twice with equal inputs.
    if schema.creates != "resource" or schema.create_before_destroy:
        return None
    return schema.resource_type if schema.resource_type in schema.inputs else None


def twin(first: str, name: str) -> tuple[str, str, str, str]:
    """Code, summary, detail and hint for a node that makes what the node `first` makes, too."""
    return (
        "FP158", f'{first} makes "{name}" already',
        "Both nodes would claim one thing on the cluster.",
        "give one of them another name, or remove it",
    )  # fmt: skip


@dataclass(slots=True)
class MeetingCheck:
    """Checks the nodes of one workflow, in their order."""

    wiring: Wiring
    report: Report
    _made: dict[tuple[str, str], str] = field(default_factory=dict)

    def check(self, node: Node) -> None:
        """Report what is wrong between this node and those before it."""
        schema = self.wiring.schemas.get(node.type)
        if schema is not None and self.wiring.nodes.get(node.id) is node:
            self._twin(node, schema)
            self._order(node, schema)

    def _twin(self, node: Node, schema: StepSchema) -> None:
        """Two nodes of a kind whose resource is the one that the user names (an index)."""
        named = own_name(schema)
        name = node.user_inputs.get(named) if named is not None else None
        if named is None or not isinstance(name, str) or contains(name):
            return
        first = self._made.setdefault((self.wiring.kinds[node.type], name), node.id)
        if first != node.id:
            code, summary, detail, hint = twin(first, name)
            path = (*node.path, "user_inputs", named)
            self.report.error(code, summary, path, node=node.id, detail=detail, hint=hint)

    def _order(self, node: Node, schema: StepSchema) -> None:
        for name, spec in schema.inputs.items():
            order = node.user_inputs.get(spec.order) if spec.order is not None else None
            if not isinstance(order, list):
                continue
            givers = self.wiring.candidates(node.id).get(name, ())
            for index, entry in enumerate(order):
                if isinstance(entry, str) and entry not in givers and not contains(entry):
                    given = f"Those that do: {listed(givers)}." if givers else "None does."
                    self.report.error(
                        "FP159",
                        f'no node "{entry}" gives {name} to {node.id}',
                        (*node.path, "user_inputs", spec.order or "", index),
                        node=node.id,
                        detail=given,
                        hint=self.report.did_you_mean(entry, givers, "name it in an edge, too"),
                        warning=True,
                    )
