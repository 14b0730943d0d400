"""What a node's inputs are: template values, params and the outputs of other nodes put together.

The one place that knows the precedence of flow-framework.md §2.3. It must not know the state,
the cluster, or what will be done with the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic, TemplateError
from flowplan.planner.expressions import ExpressionError, evaluate, find
from flowplan.planner.graph import Graph, edges_of
from flowplan.planner.params import Params
from flowplan.planner.template import Node, Template, sources_of_inputs
from flowplan.planner.values import Path, Sensitive, Unknown, Value, leaves
from flowplan.protocol import Flaw, StepSchema

if TYPE_CHECKING:  # For types only: what just checks a template never loads it.
    from flowplan.planner.workspace import Steps

__all__ = ["Resolver"]

NOT_SENT = frozenset({"node_timeout"})


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves nodes one by one, in dependency order.

    `graph` has the edges of all three kinds; `sources` says which predecessors give which
    input of a node. `outputs` is filled by the caller as nodes are planned or applied: node →
    output → value, where a value may be `Unknown`.
    """

    template: Template
    params: Params
    graph: Graph
    sources: Mapping[str, Mapping[str, Sequence[str]]]
    outputs: dict[str, Mapping[str, Value]] = field(default_factory=dict)

    @classmethod
    def of(cls, template: Template, params: Params, steps: Steps) -> Resolver:
        """A resolver that knows no outputs yet."""
        declared = {node.id: steps.step(node.type).schema.outputs for node in template.nodes}
        edges = edges_of(template, declared)
        graph = Graph.build({node.id: tuple(edges.get(node.id, ())) for node in template.nodes})
        return cls(template, params, graph, sources_of_inputs(template, steps))

    def lookup(self, path: tuple[str, ...]) -> Value:
        """The value of a name in an expression. Raises `UnknownName`."""
        return find(path, self.outputs, self.params.values)

    def inputs(self, node: Node, schema: StepSchema) -> dict[str, Value]:
        """The inputs of `node`, typed as written. Raises `TemplateError` with the place."""
        given = self._given(node, schema)
        resolved: dict[str, Value] = {}
        for name, value in given.items():
            spec = schema.inputs.get(name)
            if spec is not None and spec.flaw is not None:
                self._look(node, name, value, spec.flaw)
            resolved[name] = _mark(value) if spec is not None and spec.sensitive else value
        return resolved

    def _look(
        self, node: Node, name: str, value: Value, look: Callable[[Value], Flaw | None]
    ) -> None:
        """Refuse a flawed value once it is known. Raises `TemplateError` FP157 with its place."""
        if any(isinstance(leaf, (Unknown, Sensitive)) for _, leaf in leaves(value)):
            return
        flaw = look(value)
        if flaw is not None:
            diagnostic = self.at((*node.path, "user_inputs", name), node.id)
            raise TemplateError(
                replace(
                    diagnostic, code="FP157", summary=flaw.summary, detail=flaw.detail,
                    hint=flaw.hint,
                )
            )  # fmt: skip

    def _given(self, node: Node, schema: StepSchema) -> dict[str, Value]:
        overrides = self.template.user_params
        merged = {**node.user_inputs, **{k: v for k, v in overrides.items() if k in schema.inputs}}
        resolved = {
            name: self._evaluate(node, name, value)
            for name, value in merged.items()
            if name not in NOT_SENT
        }
        for name, sources in self.sources[node.id].items():
            values = {
                source: self.outputs[source][name]
                for source in sources
                if name in self.outputs.get(source, {})
            }
            spec = schema.inputs.get(name)
            if spec is not None and spec.order is not None:
                written = resolved.get(name)
                joined = _joined(values, resolved.get(spec.order))
                resolved[name] = [*joined, *(written if isinstance(written, list) else ())]
            elif values:
                resolved[name] = list(values.values())[-1]
        return resolved

    def _evaluate(self, node: Node, name: str, value: Value) -> Value:
        try:
            return evaluate(value, self)
        except ExpressionError as error:
            path = (*node.path, "user_inputs", name, *error.path)
            raise self._misfit(error, path, node.id) from None

    def workflow_outputs(self, *, partial: bool = False) -> dict[str, Value]:
        """The template's `flowplan.outputs`.

        With `partial`, those are left out whose nodes were not applied. Raises `TemplateError`.
        """
        found: dict[str, Value] = {}
        for name, value in self.template.outputs.items():
            try:
                found[name] = evaluate(value, self)
            except ExpressionError as error:
                if not partial:
                    path = ("flowplan", "outputs", name, *error.path)
                    raise self._misfit(error, path, None) from None
        return found

    def import_ids(self) -> dict[str, str]:
        """The template's `flowplan.imports`: the id by node. Raises `TemplateError` FP106."""
        found: dict[str, str] = {}
        for entry in self.template.imports:
            path = (*entry.path, "id")
            try:
                value = evaluate(entry.resource_id, self)
            except ExpressionError as error:
                raise self._misfit(error, path, entry.node) from None
            if not isinstance(value, str) or not value.strip():
                raise TemplateError(
                    replace(
                        self.at(path, entry.node), code="FP106", summary="`id` is no text",
                        detail="It is shown in plans and kept in the state, so it can't be secret, "
                        "empty or anything but a text.",
                        hint="write the id as the cluster has it",
                    )
                )  # fmt: skip
            found[entry.node] = value
        return found

    def _misfit(self, error: ExpressionError, path: Path, node: str | None) -> TemplateError:
        at = self.at(path, node)
        return TemplateError(replace(at, code=error.code, summary=error.message, hint=error.hint))

    def at(self, path: Path, node: str | None) -> Diagnostic:
        """An error at a place of the template that says nothing yet."""
        document = self.template.document
        at = document.position(path)
        return Diagnostic(
            "error", "", "", node=node, file=document.name, line=at.line, column=at.column,
            excerpt=document.excerpt(at.line), span=at.span,
        )  # fmt: skip


def _joined(values: Mapping[str, Value], order: Value) -> list[Value]:
    """What several nodes give together: those that `order` lists first, in its order."""
    first = [name for name in order if name in values] if isinstance(order, list) else []
    rest = [name for name in values if name not in first]
    return [values[name] for name in (*first, *rest)]


def _mark(value: Value) -> Value:
    """The same tree with every leaf sensitive: the schema says that this input is a secret."""
    if isinstance(value, Mapping):
        return {key: _mark(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mark(item) for item in value]
    if isinstance(value, Unknown):
        return Unknown(value.node, value.output, sensitive=True)
    return value if isinstance(value, Sensitive) else Sensitive(value)
