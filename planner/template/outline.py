"""A workflow as if each `for_each` made one node: what can be checked without params.

The nodes keep their ids, `group["eu"].x` is read as `group.x`, and `each` as some text. A
workflow without `for_each` is left as it is. It must not know what the checks are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.dataclass import dataclass, replace
from flowplan.planner.expressions import contains
from flowplan.planner.expressions.rewrite import renamed
from flowplan.planner.template.declarations import Declarations
from flowplan.planner.template.each import EACH
from flowplan.planner.template.model import Check, Edge, Node, Template
from flowplan.planner.template.workflow import Workflow
from flowplan.planner.values import Json

__all__ = ["Outline", "outline", "outlined"]


def outline(workflow: Workflow, declared: Declarations) -> tuple[Workflow, Declarations]:
    """Workflow and declarations with one node for each that is written."""
    drafts = workflow.drafts
    several = frozenset(draft.node.id for draft in drafts if draft.node.presence.several)
    if not several:
        return workflow, declared
    view = Outline(several)
    shown = replace(
        workflow,
        drafts=tuple(replace(draft, node=view.node(draft.node)) for draft in drafts),
        edges=view.edges(workflow.edges),
    )
    return shown, replace(
        declared,
        outputs=view.value(declared.outputs),
        checks=tuple(map(view.check, declared.checks)),
    )


def outlined(template: Template) -> Template:
    """A template's nodes and edges so, for whoever has no params."""
    several = frozenset(node.id for node in template.nodes if node.presence.several)
    if not several:
        return template
    view = Outline(several)
    return replace(
        template, nodes=tuple(map(view.node, template.nodes)), edges=view.edges(template.edges)
    )


@dataclass(frozen=True, slots=True)
class Outline:
    """What is read differently, where the nodes `several` stand for several each."""

    several: frozenset[str]

    def base(self, name: str) -> str:
        """The node as written that `name`, or `name["key"]`, comes from."""
        node, bracket, _ = name.partition('["')
        return node if bracket and node in self.several else name

    def node(self, node: Node) -> Node:
        """The node, its references and its `each` read so."""
        each = node.presence.several
        previous = {
            self.base(source): output for source, output in node.previous_node_inputs.items()
        }
        presence = node.presence
        if presence.when is not True:
            presence = replace(presence, when=self.value(presence.when, each=each))
        return replace(
            node,
            previous_node_inputs=previous,
            user_inputs=self.value(node.user_inputs, each=each),
            presence=presence,
        )

    def edges(self, edges: Sequence[Edge]) -> tuple[Edge, ...]:
        """The edges between nodes as written."""
        return tuple(
            replace(edge, source=self.base(edge.source), dest=self.base(edge.dest))
            for edge in edges
        )

    def check(self, check: Check) -> Check:
        """A check, its expressions read so."""
        return replace(
            check,
            subject=self.value(check.subject) if contains(check.subject) else check.subject,
            pipeline=self.value(check.pipeline) if contains(check.pipeline) else check.pipeline,
            body=self.value(check.body),
            expects=tuple(replace(item, value=self.value(item.value)) for item in check.expects),
        )

    def value(self, value: Json, *, each: bool = False) -> Json:
        """A value, its references read so; with `each`, it stands in a node with `for_each`."""
        if isinstance(value, str):
            return self._text(value, each=each)
        if isinstance(value, Mapping):
            return {key: self.value(item, each=each) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item, each=each) for item in value]
        return value

    def _text(self, text: str, *, each: bool) -> str:
        if not contains(text):
            return self.base(text) if '["' in text else text
        if each and EACH in text:
            text = renamed(text, _some)
        return renamed(text, self._without_key) if "[" in text or "." in text else text

    def _without_key(self, name: tuple[str, ...]) -> tuple[int, str] | None:
        for length in range(1, len(name) - 1):
            node = ".".join(name[:length])
            if node in self.several:
                return length + 1, node
        return None


def _some(name: tuple[str, ...]) -> tuple[int, str] | None:
    """Some text in the place of `each.key`, and of `each.value` with its members."""
    found = name == (EACH, "key") or name[:2] == (EACH, "value")
    return (len(name), '""') if found else None
