"""A template of what is on a cluster: nodes, references between them, params for what is hidden.

From items to a plain template document, as `planner.template` reads one. Pure: it must not know
requests, or how a document is drawn.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from flowplan.dataclass import dataclass, field
from flowplan.planner.graph import Graph
from flowplan.planner.inventory import Item
from flowplan.planner.node_names import NodeNames
from flowplan.planner.values import Json, Path, Sensitive, leaves
from flowplan.planner.workspace import Steps
from flowplan.protocol import StepSchema, Unshown

__all__ = ["Draft", "draft"]

OPENING = "${{"
_LITERAL = '${{ "${{" }}'
# As the cluster makes its ids; a shorter text may be anything.
_ID = re.compile(r"[A-Za-z0-9_-]{16,}")
_PROSE = frozenset({"name", "description"})
# Of keys whose value is written out by whoever made the resource, though it is a secret.
_SECRET_KEY = re.compile(
    r"(?i)(^|[_-])(secret|password|passwd|token|api[_-]?key|access[_-]?key|secret[_-]?key)$"
    r"|^(proxy-)?authorization$|^x-api-key$"
)


@dataclass(slots=True)
class Draft:
    """A template in the making. `nodes` says which item each node has.

    `known` are values of the params as far as the cluster shows them: for comparing only, they
    are written nowhere.
    """

    name: str
    nodes: dict[str, Item] = field(default_factory=dict)
    written: list[dict[str, Json]] = field(default_factory=list)
    edges: list[dict[str, str]] = field(default_factory=list)
    params: dict[str, dict[str, Json]] = field(default_factory=dict)
    known: dict[str, Sensitive] = field(default_factory=dict)

    def document(self) -> dict[str, Json]:
        """The template as plain JSON, in the order in which it is to be read."""
        provision: dict[str, Json] = {"nodes": self.written}
        if self.edges:
            provision["edges"] = self.edges
        extra: dict[str, Json] = {"params": self.params} if self.params else {}
        extra["imports"] = [
            {"node": node, "id": _text(item.resource_id)} for node, item in self.nodes.items()
        ]
        return {"name": self.name, "workflows": {"provision": provision}, "flowplan": extra}


def draft(steps: Steps, items: Sequence[Item], name: str) -> Draft:
    """A template called `name` with a node for each item, references put back.

    An item refers to those before it only, so that there is never a cycle; other ids stay as
    they are.
    """
    made = Draft(name)
    _Writer(steps, made).write(_in_order(steps, items))
    return made


def _in_order(steps: Steps, items: Sequence[Item]) -> list[Item]:
    """The items with each after those whose ids it names, as far as they do not name each other."""
    named: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        if _is_named_by_the_cluster(steps.step(item.type).schema) or item.effect:
            named[item.resource_id].append(index)
    before: dict[str, list[str]] = {}
    for index, item in enumerate(items):
        # An effect comes after its resource, and before whoever else names that.
        own = [at for at in named[item.resource_id] if at < index]
        used = {
            at
            for _, leaf in leaves(item.inputs)
            if isinstance(leaf, str)
            for found in _ID.finditer(leaf)
            if found[0] != item.resource_id
            for at in named.get(found[0], ())
        }
        before[str(index)] = [str(at) for at in (*own, *sorted(used))]
    return [items[int(name)] for name in Graph.build(before).order]


def _is_named_by_the_cluster(schema: StepSchema) -> bool:
    """Whether the id is the cluster's: a name that the user gives is an input."""
    return schema.creates == "resource" and schema.resource_type not in schema.inputs


@dataclass(slots=True)
class _Writer:
    """Writes nodes. `makers` has, by kind and id, the node and output that give the id."""

    steps: Steps
    draft: Draft
    names: NodeNames = field(default_factory=NodeNames)
    makers: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    ids: dict[str, tuple[str, str]] = field(default_factory=dict)

    def write(self, items: Sequence[Item]) -> None:
        for item in items:
            schema = self.steps.step(item.type).schema
            maker = self.makers.get((item.kind, item.resource_id))
            if item.effect and maker is not None:
                node = self.names.free(f"{item.type.partition('_')[0]}_{maker[0]}")
            else:
                node = self.names.node(item.name, item.kind)
            self.draft.nodes[node] = item
            self.draft.written.append(_Node(self, node, schema).entry(item))
            given = (node, schema.resource_type or "")
            # From here on the id is that of what was done to it: whoever needs a deployed model
            # waits for the deployment.
            self.makers[item.kind, item.resource_id] = given
            if item.effect or _is_named_by_the_cluster(schema):
                self.ids[item.resource_id] = given


@dataclass(slots=True)
class _Node:
    """One node: its inputs with references, params and escapes in them."""

    writer: _Writer
    name: str
    schema: StepSchema
    before: dict[str, None] = field(default_factory=dict)

    def entry(self, item: Item) -> dict[str, Json]:
        previous: dict[str, str] = {}
        inputs: dict[str, Json] = {}
        order = [key for key in self.schema.inputs if key in item.inputs]
        for key in order:
            value = item.inputs[key]
            source = self._giver(key, value)
            if source is not None and source not in previous:
                previous[source] = key
            else:
                inputs[key] = self._written(value, (key,))
        entry: dict[str, Json] = {"id": self.name, "type": item.type}
        if previous:
            entry["previous_node_inputs"] = previous
        if inputs:
            entry["user_inputs"] = inputs
        self.writer.draft.edges += [
            {"source": source, "dest": self.name}
            for source in self.before
            if source not in previous
        ]
        return entry

    def _giver(self, key: str, value: Json) -> str | None:
        """The node whose output of this name is the value of the whole input."""
        spec = self.schema.inputs.get(key)
        if spec is None or spec.reference is None or not isinstance(value, str):
            return None
        node, output = self.writer.makers.get((spec.reference, value), ("", ""))
        return node if output == key else None

    def _written(self, value: Json, path: Path) -> Json:
        if isinstance(value, Mapping):
            return {key: self._written(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._written(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, Unshown):
            about = f"{_noun(path)} of {self.name}, which the cluster does not show"
            return self._param(path, f"{about}: {value.note}" if value.note else about)
        return self._words(value, path) if isinstance(value, str) else value

    def _words(self, text: str, path: Path) -> str:
        key = str(path[-1])
        # `${…}` is filled in by the cluster from the credential: no secret is written out there.
        if _SECRET_KEY.search(key) and text and "${" not in text:
            written = self._param(path, f"{_noun(path)} of {self.name}, as the cluster has it")
            self.writer.draft.known[written[len(OPENING) : -2].strip()] = Sensitive(text)
            return written
        if key in _PROSE:
            return _text(text)
        if key.endswith("pipeline"):
            self._after_pipeline(text, path)
        parts: list[str] = []
        done = 0
        for found in _ID.finditer(text):
            node, output = self.writer.ids.get(found[0], ("", ""))
            if node:
                self.before[node] = None
                parts += [_text(text[done : found.start()]), f"${{{{ {node}.{output} }}}}"]
                done = found.end()
        return "".join((*parts, _text(text[done:])))

    def _after_pipeline(self, name: str, path: Path) -> None:
        """A setting that names a pipeline: the name stays, and the pipeline comes first."""
        kind = "search_pipeline" if "search" in ".".join(map(str, path)) else "ingest_pipeline"
        maker = self.writer.makers.get((kind, name))
        if maker is not None:
            self.before[maker[0]] = None

    def _param(self, path: Path, description: str) -> str:
        name = self.writer.names.param(self.name, str(path[-1]))
        self.writer.draft.params[name] = {
            "type": "string", "sensitive": True, "description": description,
        }  # fmt: skip
        return f"${{{{ {name} }}}}"


def _noun(path: Path) -> str:
    return ".".join(str(part) for part in path)


def _text(text: str) -> str:
    """A text that means itself, also where it looks like an expression."""
    return text.replace(OPENING, _LITERAL)
