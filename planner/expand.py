"""From a template and its params to one with plain nodes: `for_each` made out, `when` settled.

The nodes that come out are like any others, but for ids such as `group["eu"]`; whatever comes
after this knows nothing of `each`. A template without `for_each` and `when` comes out as it is.
It must not know the state, the cluster, or where params come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic
from flowplan.pattern import pattern
from flowplan.planner.expressions import Reference, contains, references
from flowplan.planner.instances import Instances, Made, settle
from flowplan.planner.template import Check, Edge, Import, Node, StepCatalogue, Template
from flowplan.planner.template.each import NoMember, instance
from flowplan.planner.template.inputs import InputCheck
from flowplan.planner.template.lifecycle_check import EACH_KEY
from flowplan.planner.template.meeting import MeetingCheck
from flowplan.planner.template.model import ALWAYS
from flowplan.planner.template.report import Report, listed, once
from flowplan.planner.template.secrets import secret_paths
from flowplan.planner.template.wiring import Wiring
from flowplan.planner.template.workflow import Draft, Workflow
from flowplan.planner.values import Json, Path, Value
from flowplan.protocol import StepSchema

__all__ = ["expand"]

_KEYED = pattern(r'(.+?)\["[^"]*"\]')


def expand(
    template: Template,
    params: Mapping[str, Value],
    steps: StepCatalogue,
    *,
    secrets: frozenset[str] = frozenset(),
    strict: bool = False,
    told: Sequence[Diagnostic] = (),
) -> tuple[Template, tuple[Diagnostic, ...]]:
    """The template with the nodes that these params ask for, and what is wrong with them.

    `params` may be `Sensitive` or `Unknown`; `secrets` names those that are or will be marked as
    secret. `strict` is as in `parse`, and `told` what that has said already. A mistake that is
    written once is told once, of the first node that has it. Codes: FP185 to FP199, and those
    of `parse` about inputs.
    """
    if all(node.presence is ALWAYS for node in template.nodes):
        return template, ()
    report = Report(template.document)
    found = settle(template.nodes, params, report, secrets)
    work = _Expansion(template, steps, found, report)
    made = replace(
        template,
        nodes=tuple(work.nodes()),
        edges=tuple(work.edges()),
        imports=tuple(work.imports()),
        checks=tuple(work.checks()),
    )
    work.judge(template.outputs, ("flowplan", "outputs"))
    if not report.failed:
        _check(made, steps, report, strict=strict)
    return made, _once(template, steps, report, told)


def _check(template: Template, steps: StepCatalogue, report: Report, *, strict: bool) -> None:
    """What only shows once it is known which nodes there are."""
    wiring = Wiring.of(template.nodes, template.edges, steps, template.user_params)
    inputs, meeting = InputCheck(steps, wiring, report, strict), MeetingCheck(wiring, report)
    for node in template.nodes:
        inputs.check(Draft(node))
        meeting.check(node)


def _once(
    template: Template, steps: StepCatalogue, report: Report, told: Sequence[Diagnostic]
) -> tuple[Diagnostic, ...]:
    if report.empty:
        return ()
    drafts = tuple(map(Draft, template.nodes))
    schemas = {node.type: steps.schema(node.type) for node in template.nodes}
    report.secrets.extend(secret_paths([Workflow("", (), drafts)], schemas))
    return once(report.diagnostics(), told)


@dataclass(slots=True)
class _Expansion:
    template: Template
    steps: StepCatalogue
    found: Instances
    report: Report
    ids: frozenset[str] = field(init=False)
    types: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = frozenset(item.id for made in self.found.made.values() for item in made)
        self.types = {node.id: node.type for node in self.template.nodes}

    # ---- the parts of the template ------------------------------------------------------

    def nodes(self) -> Iterator[Node]:
        """The nodes that are there, each in the place of the one it comes from."""
        for node in self.template.nodes:
            schema = self.steps.schema(node.type)
            for made in self.found.made[node.id]:
                inputs = self._inputs(node, made)
                if schema is not None:
                    inputs = self._in_order(inputs, schema)
                self.judge(inputs, (*node.path, "user_inputs"), made.id)
                self._triggers(node, made)
                previous = dict(self._previous(node, made, schema))
                yield replace(
                    node, id=made.id, previous_node_inputs=previous, user_inputs=inputs,
                    presence=ALWAYS,
                )  # fmt: skip

    def _triggers(self, node: Node, made: Made) -> None:
        """Report a key that what triggers a replacement does not have."""
        own = f'["{made.each.key}"]' if made.each is not None else EACH_KEY
        for index, text in enumerate(node.lifecycle.replace_triggered_by):
            named = _KEYED.match(text.replace(EACH_KEY, own))
            if named is not None and named[1] in self.found.keys:
                path = (*node.path, "flowplan", "replace_triggered_by", index)
                self._is_there(named[0], path, made.id)

    def _inputs(self, node: Node, made: Made) -> Mapping[str, Json]:
        if made.each is None:
            return node.user_inputs
        inputs: dict[str, Json] = {}
        for name, value in node.user_inputs.items():
            try:
                inputs[name] = made.each.fill(value)
            except NoMember as error:
                member = ".".join(error.name)
                self.report.error(
                    "FP195", f'`{member}` is not there for the key "{made.each.key}"',
                    (*node.path, "user_inputs", name, *error.path), node=made.id,
                    fragments=("${{", member),
                    detail="What `for_each` has for this key lacks it.",
                    hint=f'add it there, or write ${{{{ {member} | default("") }}}}',
                )  # fmt: skip
        return inputs

    def _in_order(self, inputs: Mapping[str, Json], schema: StepSchema) -> Mapping[str, Json]:
        """The inputs, with all nodes of a `for_each` where an order of nodes names it."""
        orders = {spec.order for spec in schema.inputs.values() if spec.order in inputs}
        if not orders:
            return inputs
        return {
            name: [one for item in value for one in self._each_of(item)]
            if name in orders and isinstance(value, list)
            else value
            for name, value in inputs.items()
        }

    def _each_of(self, name: Json) -> Sequence[Json]:
        several = isinstance(name, str) and name in self.found.keys
        return [item.id for item in self.found.made[name]] if several else [name]

    def _previous(
        self, node: Node, made: Made, schema: StepSchema | None
    ) -> Iterator[tuple[str, str]]:
        for source, output in node.previous_node_inputs.items():
            path = (*node.path, "previous_node_inputs", source)
            several = self.found.keys.get(source)
            if several is None:
                if self._is_there(source, path, made.id, key=True):
                    yield source, output
            elif made.each is not None and set(several) == set(self.found.keys[node.id]):
                name = instance(source, made.each.key)
                if self._is_there(name, path, made.id, key=True):
                    yield name, output
            elif _takes_one(schema, output):
                self._several(source, path, made.id, key=True)
            else:
                for item in self.found.made[source]:
                    yield item.id, output

    def edges(self) -> Iterator[Edge]:
        """The edges between nodes that are there; a bare name means all that come of it."""
        for edge in self.template.edges:
            for source in self._ends(edge.source, (*edge.path, "source")):
                for dest in self._ends(edge.dest, (*edge.path, "dest")):
                    yield replace(edge, source=source, dest=dest)

    def _ends(self, name: str, path: Path) -> Sequence[str]:
        if name in self.found.made:
            return [item.id for item in self.found.made[name]]
        there = name in self.found.absent or self._is_there(name, path, None)
        return [name] if there and name in self.ids else []

    def imports(self) -> Iterator[Import]:
        """The imports of nodes that are there."""
        for item in self.template.imports:
            if self._is_one(item.node, (*item.path, "node")):
                yield item

    def checks(self) -> Iterator[Check]:
        """The checks that ask nodes that are there."""
        for item in self.template.checks:
            kept = True
            for name, key in ((item.subject, item.kind), (item.pipeline, "pipeline")):
                if contains(name):
                    self.judge(name, (*item.path, key))
                elif self._is_known(name):
                    kept = self._is_one(name, (*item.path, key)) and kept
            if kept:
                self.judge(item.body, (*item.path, "body"))
                yield item

    def _is_known(self, name: str) -> bool:
        return name in self.types or name.partition('["')[0] in self.found.keys

    def _is_one(self, name: str, path: Path) -> bool:
        """Whether a name is that of one node that is there."""
        if name in self.found.absent:
            return False
        if name in self.found.keys:
            self._several(name, path, None)
            return False
        return self._is_there(name, path, None)

    # ---- names --------------------------------------------------------------------------

    def judge(self, value: Json, path: Path, owner: str | None = None) -> None:
        """Report references to nodes that are not there, or are several."""
        for used in references(value, path):
            if len(used.name) > 1:
                self._judge(used, owner)

    def _judge(self, used: Reference, owner: str | None) -> None:
        name = used.name
        for length in range(len(name) - 1, 0, -1):
            node = ".".join(name[:length])
            if node in self.found.keys:
                if name[length] in self.found.keys[node]:
                    node = instance(node, name[length])
                elif name[length] in self._outputs(node):
                    self._several(node, used.at, owner)
                    return
                else:
                    node = instance(node, name[length])
            elif node not in self.found.absent or name[length] not in self._outputs(node):
                continue
            if not (used.optional and node in self.found.absent):
                self._is_there(node, used.at, owner)
            return

    def _outputs(self, node: str) -> Sequence[str]:
        schema = self.steps.schema(self.types[node])
        return schema.outputs if schema is not None else ()

    def _is_there(self, name: str, path: Path, owner: str | None, *, key: bool = False) -> bool:
        """Whether there is a node of this id; reported if not."""
        if name in self.ids:
            return True
        written, bracket, _ = name.partition('["')
        if name in self.found.absent:
            who = f"{owner} needs it" if owner else "it is named here"
            self.report.error(
                "FP193", f'the node "{name}" is left out by its `when`, and {who}', path,
                key=key, node=owner,
                detail="With these params its `when` is false, so there is nothing to refer to.",
                hint="give this the same `when`, or name another node",
            )  # fmt: skip
        elif bracket and written in self.found.keys:
            keys = self.found.keys[written]
            near = self.report.nearest(name, [instance(written, item) for item in keys])
            self.report.error(
                "FP192", f"there is no node {name}", path, key=key, node=owner,
                detail=f"`for_each` of {written} has the keys {_shown(keys)}." if keys
                else f"`for_each` of {written} is empty.",
                hint=f"did you mean {near}?" if near else "add the key, or remove this",
            )  # fmt: skip
        return False

    def _several(self, node: str, path: Path, owner: str | None, *, key: bool = False) -> None:
        keys = self.found.keys[node]
        first = instance(node, keys[0]) if keys else f'{node}["KEY"]'
        self.report.error(
            "FP191", f'"{node}" is several nodes, and one is needed here', path, key=key,
            node=owner,
            detail=f"`for_each` makes one for each of the keys {_shown(keys)}." if keys
            else "Its `for_each` is empty here.",
            hint=f"name one, as in {first}, or in a node with the same keys {node}[each.key]",
        )  # fmt: skip


def _takes_one(schema: StepSchema | None, output: str) -> bool:
    """Whether an output goes into an input that holds one value."""
    spec = schema.inputs.get(output) if schema is not None else None
    return spec is not None and "array" not in spec.types


def _shown(keys: Sequence[str], most: int = 10) -> str:
    if len(keys) <= most:
        return listed([f'"{key}"' for key in keys])
    return ", ".join(f'"{key}"' for key in keys[:most]) + f" and {len(keys) - most} more"
