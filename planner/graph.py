"""Dependency graphs: order, neighbours, cycles, and the edges that a template implies.

Nothing here recurses, so a chain of ten thousand nodes is as good as any other graph. This
module must not know what nodes are or what is done with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Literal, Protocol, TypeAlias

from flowplan.dataclass import dataclass
from flowplan.planner.expressions import ExpressionError, references, target
from flowplan.planner.template.triggers import triggers
from flowplan.planner.values import Json

__all__ = ["EdgeSource", "Graph", "edges_of"]

EdgeSource: TypeAlias = Literal["edge", "previous_node_inputs", "reference", "trigger"]


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in a stable topological order, with their neighbours.

    `order` has every node once, predecessors first; among nodes that could come next, the one
    that was given first comes first. The nodes of a cycle, and what depends on them, come last
    in the order in which they were given: ask `cycle` where that matters.
    """

    order: tuple[str, ...]
    before: Mapping[str, tuple[str, ...]]
    after: Mapping[str, tuple[str, ...]]

    @classmethod
    def build(cls, nodes: Mapping[str, Iterable[str]]) -> Graph:
        """A graph from each node's predecessors; those that are no nodes are left out."""
        before = {
            name: tuple(dict.fromkeys(other for other in given if other in nodes))
            for name, given in nodes.items()
        }
        after: dict[str, list[str]] = {name: [] for name in before}
        for name, others in before.items():
            for other in others:
                after[other].append(name)
        frozen = {name: tuple(others) for name, others in after.items()}
        return cls(_order(before, frozen), before, frozen)

    def predecessors(self, name: str) -> tuple[str, ...]:
        """What `name` directly depends on, in the order given. Raises `KeyError`."""
        return self.before[name]

    def successors(self, name: str) -> tuple[str, ...]:
        """What directly depends on `name`, in the order given. Raises `KeyError`."""
        return self.after[name]

    def cycle(self) -> tuple[str, ...] | None:
        """A cycle such as `("a", "b", "a")`, each before the next; None when there is none."""
        left = _without_free(self.before, self.after)
        if not left:
            return None
        seen: dict[str, int] = {}
        path: list[str] = []
        # Every node left has a predecessor that is left, so walking back must meet itself.
        at = next(name for name in self.before if name in left)
        while at not in seen:
            seen[at] = len(path)
            path.append(at)
            at = next(other for other in self.before[at] if other in left)
        ring = path[seen[at] :][::-1]
        index = {name: place for place, name in enumerate(self.before)}
        first = min(range(len(ring)), key=lambda place: index[ring[place]])
        return (*ring[first:], *ring[:first], ring[first])


def _order(
    before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    index = {name: place for place, name in enumerate(before)}
    names = list(before)
    waiting = {name: len(others) for name, others in before.items()}
    ready = [index[name] for name, count in waiting.items() if not count]
    heapify(ready)
    order: list[str] = []
    while ready:
        name = names[heappop(ready)]
        order.append(name)
        for other in after[name]:
            waiting[other] -= 1
            if not waiting[other]:
                heappush(ready, index[other])
    if len(order) < len(names):
        order += [name for name in names if waiting[name]]
    return tuple(order)


def _without_free(
    before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]
) -> frozenset[str]:
    """The nodes that are on a cycle or depend on one."""
    waiting = {name: len(others) for name, others in before.items()}
    free = [name for name, count in waiting.items() if not count]
    while free:
        for other in after[free.pop()]:
            waiting[other] -= 1
            if not waiting[other]:
                free.append(other)
    return frozenset(name for name, count in waiting.items() if count)


class _Lifecycle(Protocol):
    @property
    def replace_triggered_by(self) -> Sequence[str]: ...


class _Node(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def previous_node_inputs(self) -> Mapping[str, str]: ...
    @property
    def user_inputs(self) -> Mapping[str, Json]: ...
    @property
    def lifecycle(self) -> _Lifecycle: ...


class _Edge(Protocol):
    @property
    def source(self) -> str: ...
    @property
    def dest(self) -> str: ...


class _Template(Protocol):
    """What is asked of a template; `planner.template.Template` satisfies it."""

    @property
    def nodes(self) -> Sequence[_Node]: ...
    @property
    def edges(self) -> Sequence[_Edge]: ...
    @property
    def params(self) -> Mapping[str, object]: ...
    @property
    def implicit(self) -> Mapping[str, object]: ...


def edges_of(
    template: _Template, outputs: Mapping[str, Collection[str]] | None = None
) -> Mapping[str, Mapping[str, frozenset[EdgeSource]]]:
    """Each node's predecessors, each with what makes it one; every node is a key.

    `a.b` names a node's output or a param. With `outputs` (the outputs that each node's type
    declares) that is decided exactly; without, `a.b` draws an edge when `a` is a node and no
    param is called `a.b`. Ends that are no nodes and strings that can't be read are left to
    the validation of the template.
    """
    found: dict[str, dict[str, set[EdgeSource]]] = {node.id: {} for node in template.nodes}
    for edge in template.edges:
        if edge.source in found and edge.dest in found:
            found[edge.dest].setdefault(edge.source, set()).add("edge")
    for node in template.nodes:
        for source in node.previous_node_inputs:
            if source in found:
                found[node.id].setdefault(source, set()).add("previous_node_inputs")
        for name in _names_in(node.user_inputs):
            owner = _owner(name, found, template, outputs)
            if owner is not None:
                found[node.id].setdefault(owner, set()).add("reference")
        for text in node.lifecycle.replace_triggered_by:
            for trigger, _ in triggers(text, found, node.id):
                found[node.id].setdefault(trigger, set()).add("trigger")
    return {
        name: {other: frozenset(kinds) for other, kinds in others.items()}
        for name, others in found.items()
    }


def _names_in(inputs: Json) -> Iterator[tuple[str, ...]]:
    try:
        for reference in references(inputs):
            yield reference.name
    except ExpressionError:
        return


def _owner(
    name: tuple[str, ...],
    nodes: Collection[str],
    template: _Template,
    outputs: Mapping[str, Collection[str]] | None,
) -> str | None:
    named = target(name, nodes)
    if named is None:
        return None
    owner, rest = named
    if outputs is not None and owner in outputs:
        return owner if rest[0] in outputs[owner] else None
    dotted = ".".join(name)
    return None if dotted in template.params or dotted in template.implicit else owner
