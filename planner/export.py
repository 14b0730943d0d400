"""A template in Flow Framework's own grammar: what its plugin takes, without flowplan.

Everything under `flowplan` is worked in and left out: `for_each` and `when` are settled before
(`planner.expand`), expressions that only flowplan knows are computed. It must not know files, or
how the result is drawn.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from flowplan.dataclass import dataclass, field
from flowplan.errors import Diagnostic, TemplateError
from flowplan.planner.export_values import Said, Unsayable, Writer, is_word
from flowplan.planner.node_names import NodeNames
from flowplan.planner.source import parse_text
from flowplan.planner.template import Edge, Node, Template, Wiring, parse
from flowplan.planner.template.report import Report, once
from flowplan.planner.values import Json, Path, Value
from flowplan.planner.workspace import Steps

__all__ = ["Exported", "export"]

_KEPT = ("name", "description", "use_case", "version")
_FAULTS = {
    "client_config": "Flow Framework hands its numbers on as texts, and fails",
    "rate_limiter": "Flow Framework fails on this object",
    "deploy_setting": "Flow Framework fails on this object",
}
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Exported:
    """The template as plain JSON, and what is to be known about it."""

    document: Mapping[str, Json]
    warnings: tuple[Diagnostic, ...] = ()


def export(template: Template, params: Mapping[str, Value], steps: Steps) -> Exported:
    """What Flow Framework's plugin can take of a template without `for_each` and `when`.

    `params` may be `Sensitive`, and are never written then, or `Unknown`. Raises `TemplateError`
    FP196 with all that can't be said; FP197 and FP198 are warnings.
    """
    ids = {node.id: node.id for node in template.nodes}
    first = _Export(template, params, steps, ids)
    first.nodes()
    names = _names(template, first.named)
    work = _Export(template, params, steps, names)
    document = work.document()
    if not work.report.failed:
        work.compare(document)
    if work.report.failed:
        raise TemplateError(*once(work.report.diagnostics()))
    work.tell_of_names()
    return Exported(document, once(work.report.diagnostics()))


def _names(template: Template, named: set[str]) -> dict[str, str]:
    """What the nodes are called: as before, unless Flow Framework could not name them."""
    taken = NodeNames()
    kept = {
        node.id for node in template.nodes
        if is_word(node.id) or ('["' not in node.id and node.id not in named)
    }  # fmt: skip
    for name in kept:
        taken.free(name)
    return {
        node.id: node.id if node.id in kept else taken.free(_word(node.id))
        for node in template.nodes
    }


def _word(name: str) -> str:
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "node"


@dataclass(slots=True)
class _Export:
    template: Template
    params: Mapping[str, Value]
    steps: Steps
    names: Mapping[str, str]
    report: Report = field(init=False)
    writer: Writer = field(init=False)
    before: dict[str, list[str]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    """The nodes that an expression names."""
    edges: list[Edge] = field(default_factory=list)

    def __post_init__(self) -> None:
        template = self.template
        self.report = Report(template.document)
        for edge in template.edges:
            self.before.setdefault(edge.dest, []).append(edge.source)
        outputs = {node.id: self.steps.step(node.type).schema.outputs for node in template.nodes}
        specs = {**template.implicit, **template.params}
        self.writer = Writer(self.params, specs, outputs, self.names)

    def document(self) -> dict[str, Json]:
        """The whole template."""
        written = self.template.document.value
        provision: dict[str, Json] = {}
        shared = {
            name: said.value
            for name, value in self.template.user_params.items()
            if (said := self._said(name, value, ("workflows", "provision", "user_params"), None))
        }
        if shared:
            provision["user_params"] = shared
        provision["nodes"] = list(self.nodes())
        edges = [*self.template.edges, *self.edges]
        if edges:
            provision["edges"] = [
                {"source": self.names[edge.source], "dest": self.names[edge.dest]} for edge in edges
            ]
        made = {key: written[key] for key in _KEPT if key in written}
        made["workflows"] = {"provision": provision}
        return made | {key: written[key] for key in ("ui_metadata",) if key in written}

    def nodes(self) -> list[dict[str, Json]]:
        """The nodes; the edges that their expressions need gather in `edges`."""
        self.edges.clear()
        return [self._node(node) for node in self.template.nodes]

    def _node(self, node: Node) -> dict[str, Json]:
        previous = {
            self.names[source]: output for source, output in node.previous_node_inputs.items()
        }
        inputs: dict[str, Json] = {}
        direct = {*node.previous_node_inputs, *self.before.get(node.id, ())}
        for name, value in node.user_inputs.items():
            said = self._said(name, value, (*node.path, "user_inputs"), node.id)
            if said is None:
                inputs[name] = None
                continue
            if said.whole is not None and self._goes_before(said.whole, name, previous):
                direct.add(said.whole[0])
                continue
            inputs[name] = self._renamed(node, name, said.value)
            for source in said.uses:
                self.named.add(source)
                if source not in direct:
                    direct.add(source)
                    self.edges.append(Edge(source, node.id))
        self._faults(node, inputs, direct)
        if (limit := self._limit(node)) is not None:
            inputs["node_timeout"] = limit
        made: dict[str, Json] = {"id": self.names[node.id], "type": node.type}
        if previous:
            made["previous_node_inputs"] = previous
        return {**made, "user_inputs": inputs} if inputs else made

    def _goes_before(self, whole: tuple[str, str], name: str, previous: dict[str, str]) -> bool:
        """Whether an input is the output of its own name: `previous_node_inputs` says that."""
        source, output = self.names[whole[0]], whole[1]
        if output != name or name in self.template.user_params:
            return False
        if name in previous.values() or previous.get(source, name) != name:
            return False
        previous[source] = name
        return True

    def _renamed(self, node: Node, name: str, value: Json) -> Json:
        """An order of nodes, by their names here."""
        inputs = self.steps.step(node.type).schema.inputs.values()
        if not isinstance(value, list) or name not in {spec.order for spec in inputs}:
            return value
        return [self.names.get(item, item) if isinstance(item, str) else item for item in value]

    def _said(self, name: str, value: Json, path: Path, node: str | None) -> Said | None:
        """An input as it can be said; None, and reported, where it can't."""
        try:
            said = self.writer.input(name, value)
        except Unsayable as error:
            where = (*path, *error.path)
            self.report.error(
                "FP196", f"`{_dotted(error.path)}` can't be said to Flow Framework", where,
                node=node, detail=f"{error.why[:1].upper()}{error.why[1:]}.", hint=error.hint,
            )  # fmt: skip
            return None
        for note in said.notes:
            self._warn(note, "", (*path, name), node)
        return said

    def _limit(self, node: Node) -> str | None:
        if node.timeout is None:
            return None
        if node.timeout == int(node.timeout):
            return f"{int(node.timeout)}s"
        return f"{round(node.timeout * 1000)}ms"

    def _faults(self, node: Node, inputs: Mapping[str, Json], direct: set[str]) -> None:
        """What Flow Framework is known to refuse, though its grammar takes it."""
        path = (*node.path, "user_inputs")
        for name, fault in _FAULTS.items():
            if isinstance(inputs.get(name), Mapping):
                self._warn(f"`{name}` will not work there", f"{fault}.", (*path, name), node.id)
        if node.type == "reindex" and "requests_per_second" not in inputs:
            self._warn(
                "`requests_per_second` is missing there", "Without it, Flow Framework fails.",
                node.path, node.id,
            )  # fmt: skip
        given = {*inputs, *self.template.user_params, *node.previous_node_inputs.values()}
        for source in direct:
            given.update(self.writer.outputs[source])
        listed = self.steps.step(node.type).schema.listed
        if missing := [name for name in listed if name not in given]:
            names = ", ".join(f"`{name}`" for name in missing)
            self._warn(
                f"Flow Framework demands {names}", "ML Commons does without.", node.path, node.id
            )

    def _warn(self, summary: str, detail: str, path: Path, node: str | None) -> None:
        self.report.error("FP197", summary, path, node=node, detail=detail, warning=True)

    def tell_of_names(self) -> None:
        """Warn of what is called otherwise: a state knows the nodes by their old names."""
        nodes = [(old, new) for old, new in self.names.items() if old != new]
        if nodes:
            old, new = nodes[0]
            hint = f"flowplan state mv '{old}' {new}"
            self._renamings("node", nodes, "could not name them as they are", (), hint)
        params = list(self.writer.stand_ins.items())
        if params:
            path: Path = ("flowplan", "params")
            hint = f"give it {params[0][1]} when the workflow is provisioned"
            self._renamings("param", params, "can't look into a param", path, hint)

    def _renamings(
        self, what: str, pairs: Sequence[tuple[str, str]], why: str, path: Path, hint: str
    ) -> None:
        shown = "\n".join(f"{old} → {new}" for old, new in pairs[:_SHOWN])
        more = f"\nand {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        count = f"{len(pairs):,} {what}{'s are' if len(pairs) > 1 else ' is'}"
        self.report.error(
            "FP198", f"{count} called otherwise: Flow Framework {why}", path, key=True,
            detail=shown + more, hint=hint, warning=True,
        )  # fmt: skip

    def compare(self, document: Mapping[str, Json]) -> None:
        """Read the result back and see that each input comes from where it did. Reports FP196."""
        read = parse_text(json.dumps(document), self.template.document.name, "json")
        again, found = parse(read, self.steps)
        for item in found:
            if item.severity == "error":
                self.report.error(
                    "FP196", f"what is written would be wrong ({item.code}): {item.summary}", (),
                    detail=item.detail, node=item.node,
                )  # fmt: skip
        if again is not None:
            for node, path, name in _differences(self.template, again, self.names, self.steps):
                self.report.error(
                    "FP196", f"`{name}` would come from another node there", path, node=node,
                    detail="Flow Framework takes it from any node that comes before and gives it; "
                    "an expression makes its node one of those.",
                    hint=f"name the node for `{name}` in previous_node_inputs",
                )  # fmt: skip


def _differences(
    before: Template, after: Template, names: Mapping[str, str], steps: Steps
) -> Iterator[tuple[str, Path, str]]:
    """The inputs that come from other nodes than before: node, place and input."""
    old = Wiring.of(before.nodes, before.edges, steps, before.user_params)
    new = Wiring.of(after.nodes, after.edges, steps, after.user_params)
    for node in before.nodes:
        sources = old.candidates(node.id)
        for name, found in new.candidates(names[node.id]).items():
            wanted: Sequence[str] = [names[source] for source in sources.get(name, ())]
            if sorted(found) != sorted(wanted) and name not in node.user_inputs:
                yield node.id, node.path, name


def _dotted(path: Path) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.lstrip(".")
