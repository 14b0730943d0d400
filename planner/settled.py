"""What is wrong with a template once its params are known, as far as no state or cluster is needed.

Every expression is evaluated, so what depends on a param is checked as it will be. It must not
know clusters, or what will be done with the inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic, PlanError, TemplateError
from flowplan.planner.params import Params
from flowplan.planner.resolve import Resolver
from flowplan.planner.template import Node, Template
from flowplan.planner.template.meeting import own_name, twin
from flowplan.planner.values import Unknown, Value

if TYPE_CHECKING:  # For types only: what just checks a template never loads it.
    from flowplan.planner.workspace import Steps

__all__ = ["Twins", "check_settled"]


def check_settled(template: Template, params: Params, steps: Steps) -> tuple[Diagnostic, ...]:
    """All errors that a first plan would end with before it asks the cluster, at their places.

    Codes: those of expressions, FP157 of flawed values, FP158 of two nodes that make one thing,
    FP484 and FP485 of imports.
    """
    resolver = Resolver.of(template, params, steps)
    twins = Twins(resolver, steps)
    found: list[Diagnostic] = []
    nodes = {node.id: node for node in template.nodes}
    for name in resolver.graph.order:
        found += _node(nodes[name], resolver, twins, steps)
    found += _outputs(resolver)
    found += _imports(resolver, steps)
    return tuple(sorted(found, key=lambda item: (item.line or 0, item.column or 0)))


def _node(node: Node, resolver: Resolver, twins: Twins, steps: Steps) -> Iterator[Diagnostic]:
    """What is wrong with the inputs of a node; what comes after it goes on either way."""
    step = steps.step(node.type)
    known: Mapping[str, Value] = {}
    try:
        inputs = resolver.inputs(node, step.schema)
    except TemplateError as error:
        yield from error.diagnostics
    else:
        known = step.preview(inputs)
        yield from twins.check(node, inputs)
    unknown = {name: Unknown(node.id, name) for name in step.schema.outputs}
    resolver.outputs[node.id] = {**unknown, **known}


def _outputs(resolver: Resolver) -> Iterator[Diagnostic]:
    try:
        resolver.workflow_outputs()
    except TemplateError as error:
        yield from error.diagnostics


def _imports(resolver: Resolver, steps: Steps) -> Iterator[Diagnostic]:
    places = {item.node: (*item.path, "id") for item in resolver.template.imports}
    if not places:
        return
    # On use: few templates take anything over.
    from flowplan.planner.imports import wanted_imports

    try:
        wanted_imports(resolver.template, resolver.params, steps, {})
    except TemplateError as error:
        yield from error.diagnostics
    except PlanError as error:
        for item in error.diagnostics:
            at = resolver.at(places[str(item.node)], item.node)
            yield replace(
                at, code=item.code, summary=item.summary, detail=item.detail, hint=item.hint
            )


@dataclass(slots=True)
class Twins:
    """Finds nodes that make one and the same thing, by the names that they have by now."""

    resolver: Resolver
    steps: Steps
    _made: dict[tuple[str, str], str] = field(default_factory=dict)

    def check(self, node: Node, inputs: Mapping[str, Value]) -> Iterator[Diagnostic]:
        """FP158 for a node whose name a node before it has; unknown and secret ones pass."""
        step = self.steps.step(node.type)
        named = own_name(step.schema)
        name = inputs.get(named) if named is not None else None
        if named is None or not isinstance(name, str):
            return
        first = self._made.setdefault((step.kind, name), node.id)
        if first != node.id:
            own = ("user_inputs", named) if named in node.user_inputs else ()
            code, summary, detail, hint = twin(first, name)
            at = self.resolver.at((*node.path, *own), node.id)
            yield replace(at, code=code, summary=summary, detail=detail, hint=hint)
