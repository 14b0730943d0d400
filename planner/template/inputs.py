"""Checks the inputs of a node against the schema of its step type.

It must not know how the schema came about, or what expressions in the inputs mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flowplan.dataclass import dataclass
from flowplan.planner.expressions import contains
from flowplan.planner.template.catalogue import StepCatalogue
from flowplan.planner.template.formats import NAME_RULE, kind_of, kinds_of, unwanted_characters
from flowplan.planner.template.managed import ManagedCheck
from flowplan.planner.template.model import Node
from flowplan.planner.template.report import Report, listed
from flowplan.planner.template.wiring import Wiring
from flowplan.planner.template.workflow import Draft
from flowplan.planner.values import Json, Path, leaves
from flowplan.protocol import Flaw, InputSpec, StepSchema

__all__ = ["InputCheck"]

_NAMED = frozenset({"connector_id", "model_id", "model_group_id"})
# Flow Framework's denylist: steps of its own deprovisioning.
_DENIED = {
    "delete_index": "index",
    "delete_ingest_pipeline": "ingest pipeline",
    "delete_search_pipeline": "search pipeline",
}


@dataclass(slots=True)
class InputCheck:
    """Checks the nodes of one workflow. `strict` makes errors of doubts."""

    steps: StepCatalogue
    wiring: Wiring
    report: Report
    strict: bool = False
    _givers: dict[str, list[str]] | None = None

    def check(self, draft: Draft) -> None:
        """Report all that is wrong with the type and the inputs of one node."""
        node = draft.node
        if not node.type:
            return
        schema = self.wiring.schemas.get(node.type)
        if schema is None:
            self._unknown_type(node)
            return
        for name, value in node.user_inputs.items():
            spec = schema.inputs.get(name)
            if spec is None:
                self._unknown_input(node, name, tuple(schema.inputs))
            elif value is not None:
                self._value(node, name, value, spec, schema)
        if node.id not in self.wiring.nodes or self.wiring.nodes[node.id] is not node:
            return
        self._previous(node)
        self._rivals(node)
        ManagedCheck(self.wiring, self.report).check(node, schema)
        if draft.complete:
            self._missing(node, schema)

    def check_shared(self, values: Mapping[str, Json], path: Path) -> None:
        """Report what is wrong with a workflow's `user_params`, which set inputs of all nodes."""
        schemas = [schema for schema in self.wiring.schemas.values() if schema is not None]
        for name, value in values.items():
            specs = [schema.inputs[name] for schema in schemas if name in schema.inputs]
            wrong = next((spec for spec in specs if not _fits(name, value, spec)), None)
            if value is None or (isinstance(value, str) and contains(value)):
                continue
            if wrong is not None:
                self._wrong_type(None, name, value, wrong, (*path, name))
            elif not specs and len(schemas) == len(self.wiring.schemas):
                self.report.error(
                    "FP129",
                    f"no node has an input `{name}` that this user param could set",
                    (*path, name),
                    key=True,
                    detail="User params are no variables: each sets the input of its name in "
                    "every node.",
                    hint="remove it; variables are given with -p and named ${{ NAME }}",
                    warning=True,
                )

    def _unknown_type(self, node: Node) -> None:
        path = (*node.path, "type")
        if node.type in _DENIED and self.steps.unsupported(node.type):
            what = _DENIED[node.type]
            self.report.error(
                "FP156",
                f"{node.type} can't be used in a template",
                path,
                node=node.id,
                detail="Flow Framework refuses it in workflows as well. A template says what there "
                "is, so that what it no longer has is deleted.",
                hint=f"remove this node and the one that makes the {what}, then apply with "
                "--allow-delete",
            )
            return
        if self.steps.unsupported(node.type):
            self.report.error(
                "FP151",
                f"the step type {node.type} is not supported yet",
                path,
                node=node.id,
                detail="Flow Framework has it; this version of flowplan does not.",
                hint="flowplan steps lists those that are",
            )
            return
        known = tuple(self.steps.names())
        hint = self.report.did_you_mean(node.type, known, "flowplan steps lists them")
        self.report.error("FP103", f'no step type "{node.type}"', path, node=node.id, hint=hint)

    def _unknown_input(self, node: Node, name: str, known: Sequence[str]) -> None:
        self.report.error(
            "FP112",
            f'{node.type} has no input "{name}" that flowplan knows',
            (*node.path, "user_inputs", name),
            key=True,
            node=node.id,
            detail="" if self.strict else "It is sent as written.",
            hint=self.report.did_you_mean(name, known),
            warning=not self.strict,
        )

    def _value(
        self, node: Node, name: str, value: Json, spec: InputSpec, schema: StepSchema
    ) -> None:
        path = (*node.path, "user_inputs", name)
        if isinstance(value, str) and contains(value):
            return
        if name == "version" and isinstance(value, float):
            self.report.error(
                "FP123",
                "`version` is a number with a fraction",
                path,
                node=node.id,
                detail="As a number it loses its last zeros: 1.10 and 1.1 are the same.",
                hint="quote it",
            )
            return
        if not _fits(name, value, spec):
            self._wrong_type(node, name, value, spec, path)
        elif spec.flaw is not None:
            self._flaw(node, value, spec.flaw, path)
        elif isinstance(value, str) and schema.resource_type in _NAMED:
            self._characters(node, name, value, path)

    def _characters(self, node: Node, name: str, value: str, path: Path) -> None:
        unwanted = unwanted_characters(value) if name in ("name", "description") else ""
        if unwanted:
            self.report.error(
                "FP128",
                f"`{name}` has characters that the cluster refuses: {unwanted!r}",
                path,
                node=node.id,
                detail=f"A {name} must match {NAME_RULE}",
                hint="use letters, digits, spaces and . , ! ? ( ) : @ - _ / ' \"",
                # Older clusters take any description.
                warning=name == "description",
            )

    def _flaw(
        self, node: Node, value: Json, look: Callable[[Json], Flaw | None], path: Path
    ) -> None:
        # Looked at again once the expressions in it have values.
        if any(isinstance(leaf, str) and contains(leaf) for _, leaf in leaves(value)):
            return
        flaw = look(value)
        if flaw is not None:
            self.report.error(
                "FP157", flaw.summary, path, node=node.id, detail=flaw.detail, hint=flaw.hint
            )

    def _wrong_type(
        self, node: Node | None, name: str, value: Json, spec: InputSpec, path: Path
    ) -> None:
        wanted = " or ".join(f"{'an' if kind[0] in 'aio' else 'a'} {kind}" for kind in spec.types)
        hint = f"write {wanted}"
        if isinstance(value, str) and spec.types != ("string",):
            hint = f"write {wanted}, without quotes"
        elif not isinstance(value, (dict, list)) and "string" in spec.types:
            hint = "quote it"
        self.report.error(
            "FP108",
            f"`{name}` must be {wanted}, not {kind_of(value)}",
            path,
            node=node.id if node else None,
            hint=hint,
        )

    def _previous(self, node: Node) -> None:
        for source, name in node.previous_node_inputs.items():
            outputs = self.wiring.outputs(source) if source in self.wiring.nodes else None
            if outputs is None or name in outputs or source == node.id:
                continue
            given = f"It gives {listed(outputs)}." if outputs else "It gives none."
            self.report.error(
                "FP113",
                f'the node "{source}" has no output "{name}"',
                (*node.path, "previous_node_inputs", source),
                node=node.id,
                detail=given if self.strict else f"{given} This only puts it before {node.id}.",
                hint=self.report.did_you_mean(name, tuple(outputs)),
                warning=not self.strict,
            )

    def _rivals(self, node: Node) -> None:
        for name, sources in self.wiring.rivals(node.id).items():
            named = [node.previous_node_inputs.get(source) == name for source in sources]
            self.report.error(
                "FP114",
                f"several nodes offer `{name}`: {listed(sources)}",
                (*node.path, "previous_node_inputs") if any(named) else node.path,
                key=any(named),
                node=node.id,
                detail="Flow Framework would take any of them.",
                hint=f"name one of them for `{name}` in previous_node_inputs, and reach the "
                "others with an expression",
            )

    def _missing(self, node: Node, schema: StepSchema) -> None:
        given = {*node.user_inputs, *self.wiring.inherited, *self.wiring.candidates(node.id)}
        for source, name in node.previous_node_inputs.items():
            # What a node of an unknown type gives can't be known: its type is reported.
            if source not in self.wiring.nodes or self.wiring.outputs(source) is None:
                given.add(name)
        missing = [
            name for name, spec in schema.inputs.items() if spec.required and name not in given
        ]
        if missing:
            names = listed([f"`{name}`" for name in missing])
            self.report.error(
                "FP107",
                f"{node.type} needs {names}",
                node.path,
                node=node.id,
                hint=self._remedy(node, missing),
            )

    def _remedy(self, node: Node, missing: Sequence[str]) -> str:
        if self._givers is None:
            self._givers = {}
            for name in self.wiring.nodes:
                for output in self.wiring.outputs(name) or ():
                    self._givers.setdefault(output, []).append(name)
        for name in missing:
            giver = next((giver for giver in self._givers.get(name, ()) if giver != node.id), None)
            if giver is not None:
                return f"add it to user_inputs, or `previous_node_inputs: {{{giver}: {name}}}`"
        return f"add {'it' if len(missing) == 1 else 'them'} to user_inputs"


def _fits(name: str, value: Json, spec: InputSpec) -> bool:
    types = spec.types
    if "any" in types or any(kind in types for kind in kinds_of(value)):
        return True
    # Most published connectors have `version: 1`; it goes to the cluster as written.
    return name == "version" and "string" in types and kinds_of(value)[0] == "integer"
