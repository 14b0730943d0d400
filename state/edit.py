"""What the `state` commands make of a state: a node renamed or let go, another name or cluster.

Each function gives a new `State` and counts nothing: its caller raises the serial and writes.
This module must not know step types, files or clusters.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass, replace
from flowplan.errors import StateError, nearest
from flowplan.state.model import Deposed, ResourceRecord, State

__all__ = [
    "Difference",
    "Naming",
    "difference",
    "move",
    "not_recorded",
    "remove",
    "renamed",
    "selected",
    "users_of",
]

Naming: TypeAlias = Callable[[str], Collection[str]]
"""Step type → its inputs that are lists of node ids, as `tools_order` of an agent."""
Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Difference:
    """The nodes that one state has and another has not, or has otherwise."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def move(state: State, source: str, dest: str, naming: Naming, location: str) -> State:
    """The same with node `source` called `dest`, wherever it is named; its place stays.

    Raises `StateError`: FP491 when nothing is recorded of `source`, FP457 when something is
    of `dest`, FP458 when `dest` is no name.
    """
    if source not in state.resources:
        raise not_recorded(source, state, location)
    if not dest.strip() or not dest.isprintable():
        raise StateError.of(
            "FP458",
            "the new name of the node is empty or has characters that can't be shown",
            "It is the id that the node has in the template.",
            hint="flowplan state mv FROM TO",
        )
    if dest in state.resources:
        raise StateError.of(
            "FP457",
            f'there is a node "{dest}" in {location} already',
            f'"{source}" can\'t take its place: its resource would be forgotten.',
            hint="Give another name. If that one is to be forgotten, and stay on the cluster:\n"
            + shlex.join(["flowplan", "state", "rm", dest]),
        )
    return renamed(state, {source: dest}, naming)


def renamed(state: State, names: Mapping[str, str], naming: Naming) -> State:
    """The same with nodes renamed wherever they are named, `names` from old to new."""
    work = _Renaming(names, naming)
    records = (work.record(record) for record in state.resources.values())
    return replace(state, resources={record.node: record for record in records})


@dataclass(frozen=True, slots=True)
class _Renaming:
    names: Mapping[str, str]
    naming: Naming

    def record(self, record: ResourceRecord) -> ResourceRecord:
        return replace(
            record,
            node=self._name(record.node),
            dependencies=tuple(map(self._name, record.dependencies)),
            inputs=self._inputs(record.type, record.inputs),
            deposed=tuple(map(self._deposed, record.deposed)),
        )

    def _deposed(self, old: Deposed) -> Deposed:
        return replace(old, node=self._name(old.node), inputs=self._inputs(old.type, old.inputs))

    def _inputs(self, type_name: str, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        named = [name for name in self.naming(type_name) if isinstance(inputs.get(name), list)]
        return {**inputs, **{name: [self._name(item) for item in inputs[name]] for name in named}}

    def _name(self, name: Json) -> Json:
        return self.names.get(name, name) if isinstance(name, str) else name


def remove(state: State, nodes: Collection[str]) -> State:
    """The same without `nodes`; what is left still names those that it used."""
    kept = {name: record for name, record in state.resources.items() if name not in nodes}
    return replace(state, resources=kept)


def selected(state: State, wanted: Sequence[str], location: str) -> tuple[str, ...]:
    """The nodes that ids and globs mean, in the order of the state.

    A recorded id means itself; else `*` and `?` stand for anything. Brackets don't: ids have
    them, as in `group["eu"]`. Raises `StateError` FP491 with each that matches nothing.
    """
    found: set[str] = set()
    missing: list[StateError] = []
    for word in wanted:
        pattern = word.replace("[", "[[]")
        matches = {word} & state.resources.keys() or {
            name for name in state.resources if fnmatchcase(name, pattern)
        }
        found |= matches
        if not matches:
            missing.append(not_recorded(word, state, location))
    if missing:
        raise StateError(*(item for error in missing for item in error.diagnostics))
    return tuple(name for name in state.resources if name in found)


def users_of(state: State, nodes: Collection[str]) -> tuple[ResourceRecord, ...]:
    """The recorded nodes, none of `nodes`, that used an output of one of them."""
    return tuple(
        record
        for record in state.resources.values()
        if record.node not in nodes and set(record.dependencies) & set(nodes)
    )


def not_recorded(node: str, state: State | None, location: str) -> StateError:
    """That nothing is recorded of `node`, with the nearest name."""
    near = nearest(node, list(state.resources) if state else [])
    return StateError.of(
        "FP491",
        f'no node "{node}" in {location}',
        f'did you mean "{near}"?' if near else "",
        hint="flowplan state list shows what is recorded.",
    )


def difference(before: State | None, after: State) -> Difference:
    """What nodes `after` has that `before` has not, and the other way round."""
    old: Mapping[str, ResourceRecord] = before.resources if before else {}
    return Difference(
        added=_without(after.resources, old),
        removed=_without(old, after.resources),
        changed=tuple(
            name for name, record in after.resources.items() if old.get(name, record) != record
        ),
    )


def _without(names: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in known)
