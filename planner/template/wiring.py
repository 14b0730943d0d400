"""Which predecessor gives a node which input, by Flow Framework's precedence.

flow-framework.md §2.3, without its random picks: where several predecessors offer one input,
all of them are told. Validation and planning both ask here, so they can't disagree. This
module must not know values or places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.dataclass import dataclass, field
from flowplan.planner.template.catalogue import StepCatalogue
from flowplan.planner.template.model import Edge, Node, Template
from flowplan.protocol import StepSchema

__all__ = ["Wiring", "sources_of_inputs"]


@dataclass(frozen=True, slots=True)
class Wiring:
    """The nodes of a workflow with what their predecessors offer.

    `before` has each node's direct predecessors (edges and `previous_node_inputs`; references
    order nodes and offer nothing); `schemas` and `kinds` are by step type; `inherited` has the
    inputs that `user_params` give.
    """

    nodes: Mapping[str, Node]
    before: Mapping[str, Sequence[str]]
    schemas: Mapping[str, StepSchema | None]
    kinds: Mapping[str, str]
    inherited: frozenset[str] = frozenset()
    _given: dict[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        nodes: Sequence[Node],
        edges: Sequence[Edge],
        steps: StepCatalogue,
        user_params: Mapping[str, object],
    ) -> Wiring:
        """The wiring of these nodes; ends of edges that are no nodes are left out.

        Of nodes with one id the first counts.
        """
        by_id: dict[str, Node] = {}
        for node in nodes:
            if node.id:
                by_id.setdefault(node.id, node)
        before: dict[str, dict[str, None]] = {name: {} for name in by_id}
        for node in by_id.values():
            for source in node.previous_node_inputs:
                if source in by_id and source != node.id:
                    before[node.id][source] = None
        for edge in edges:
            if edge.source in by_id and edge.dest in by_id and edge.source != edge.dest:
                before[edge.dest][edge.source] = None
        types = {node.type for node in nodes}
        return cls(
            by_id,
            {name: tuple(sources) for name, sources in before.items()},
            {name: steps.schema(name) for name in types},
            {name: steps.kind(name) for name in types},
            frozenset(user_params),
        )

    def outputs(self, name: str) -> Sequence[str] | None:
        """What a node gives; None when its type is not known."""
        schema = self.schemas.get(self.nodes[name].type)
        return schema.outputs if schema is not None else None

    def candidates(self, name: str) -> Mapping[str, tuple[str, ...]]:
        """The inputs of a node that predecessors give, each with all that offer it.

        An input that takes a list (an agent's `tools`) is put together from all of them.
        """
        if name not in self._given:
            self._given[name] = self._candidates(self.nodes[name])
        return self._given[name]

    def _candidates(self, node: Node) -> Mapping[str, tuple[str, ...]]:
        schema = self.schemas.get(node.type)
        if schema is None:
            return {}
        named: dict[str, list[str]] = {}
        offered: dict[str, list[str]] = {}
        for source in self.before[node.id]:
            for output in self.outputs(source) or ():
                if output not in schema.inputs:
                    continue
                free = output not in self.inherited and output not in node.user_inputs
                if node.previous_node_inputs.get(source) == output:
                    named.setdefault(output, []).append(source)
                elif free and not schema.inputs[output].local:
                    # What is not sent as such (the model of a tool) is taken by name only.
                    offered.setdefault(output, []).append(source)
        return {key: tuple(found) for key, found in {**offered, **named}.items()}

    def rivals(self, name: str) -> Mapping[str, tuple[str, ...]]:
        """The inputs that several predecessors offer with different values."""
        schema = self.schemas.get(self.nodes[name].type)
        found = {}
        for key, sources in self.candidates(name).items():
            joined = schema is not None and "array" in schema.inputs[key].types
            if len(sources) > 1 and not joined:
                known: dict[str, str] = {}
                origins = {self._origin(source, key, known) for source in sources}
                if len(origins) > 1:
                    found[key] = sources
        return found

    def _origin(self, name: str, key: str, known: dict[str, str]) -> str:
        """The node that a value comes from: a deploy step passes its model's id through.

        `known` has the origins found before, so a long chain is followed once.
        """
        passed: dict[str, None] = {}
        while name not in known and name not in passed:
            passed[name] = None
            schema = self.schemas.get(self.nodes[name].type)
            sources = self.candidates(name).get(key, ())
            if schema is None or key not in schema.inputs or len(sources) != 1:
                break
            name = sources[0]
        origin = known.get(name, name)
        known.update(dict.fromkeys(passed, origin))
        return origin


def sources_of_inputs(
    template: Template, steps: StepCatalogue
) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """For each node of a valid template, which predecessors give which of its inputs.

    More than one only for inputs that take a list, and where all pass on the same value.
    """
    wiring = Wiring.of(template.nodes, template.edges, steps, template.user_params)
    return {name: wiring.candidates(name) for name in wiring.nodes}
