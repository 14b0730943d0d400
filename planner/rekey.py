"""A new salt for a state: every digest of a sensitive value is made anew from the clear value.

The clear values are those of template and params, so each has to be the one that was digested:
that is checked with the old salt first. Nothing connects: what is on the cluster is recorded.
This module must not know where a state is kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import StateError
from flowplan.planner.params import Params
from flowplan.planner.resolve import Resolver
from flowplan.planner.template import Template
from flowplan.planner.values import (
    SEAL,
    Json,
    Path,
    Sensitive,
    Unknown,
    Value,
    has_unknown,
    is_sealed,
    reveal,
    seal_at,
)
from flowplan.planner.workspace import Steps
from flowplan.state.model import Deposed, ResourceRecord, State

__all__ = ["Rekeyed", "rekey"]

_NONE = object()


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """The state with its new salt, and what became of its digests.

    `digests` counts those that were made anew. `differing` are the places whose given value is
    not the one that was digested, or can't be told to be. `without` are the places that template
    and params give no value for. Places are `node: input.key`.
    """

    state: State
    digests: int = 0
    differing: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def rekey(
    template: Template, params: Params, steps: Steps, state: State, salt: str, *, force: bool
) -> Rekeyed:
    """Digest the sensitive values in `state` anew, with `salt`.

    With `force`, values that don't match their old digests are taken for those on the cluster.
    A digest without a value is replaced by one that nothing matches, so the next plan shows a
    change there. Raises `StateError` FP459 for values that don't match, without `force`, and
    `TemplateError`.
    """
    clear = _clear_values(template, params, steps, state)
    work = _Work(state.salt, salt)
    records = {
        name: _record(work, record, clear.get(name, _Clear()))
        for name, record in state.resources.items()
    }
    if work.differing and not force:
        raise _differing(work)
    return Rekeyed(
        replace(state, salt=salt, resources=records),
        work.made,
        tuple(work.differing),
        tuple(work.without),
    )


@dataclass(frozen=True, slots=True)
class _Clear:
    """What template and params give a node, in the shapes in which it is recorded."""

    inputs: Mapping[str, Value] = field(default_factory=dict)
    outputs: Mapping[str, Value] = field(default_factory=dict)
    observed: Mapping[str, Value] = field(default_factory=dict)


def _clear_values(
    template: Template, params: Params, steps: Steps, state: State
) -> dict[str, _Clear]:
    resolver = Resolver.of(template, params, steps)
    nodes = {node.id: node for node in template.nodes}
    found: dict[str, _Clear] = {}
    for name in resolver.graph.order:
        node, record = nodes[name], state.resources.get(name)
        step = steps.step(node.type)
        inputs = resolver.inputs(node, step.schema)
        preview = step.preview(inputs)
        unknown = {output: Unknown(name, output) for output in step.schema.outputs}
        recorded = record.outputs if record is not None and record.type == node.type else {}
        outputs = {**unknown, **recorded, **preview}
        resolver.outputs[name] = outputs
        known = {key: value for key, value in inputs.items() if not has_unknown(value)}
        if record is not None and record.type == node.type:
            found[name] = _Clear(inputs, outputs, step.expect(reveal(known)))
    return found


@dataclass(slots=True)
class _Work:
    """Goes through records, from the old salt to the new one."""

    old: str
    new: str
    made: int = 0
    differing: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)

    def tree(self, recorded: Json, clear: Value, place: str, path: Path = ()) -> Json:
        """`recorded` with its digests made anew from what stands at their places in `clear`."""
        if is_sealed(recorded):
            return self._digest(recorded, clear, place, path)
        if isinstance(recorded, Mapping):
            return {
                key: self.tree(item, _below(clear, key), place, (*path, key))
                for key, item in recorded.items()
            }
        if isinstance(recorded, list):
            return [
                self.tree(item, _below(clear, index), place, (*path, index))
                for index, item in enumerate(recorded)
            ]
        return recorded

    def _digest(self, recorded: Json, clear: Value, place: str, path: Path) -> Json:
        where = f"{place}: {'.'.join(map(str, path))}"
        if clear is _NONE or has_unknown(clear) or is_sealed(clear):
            self.without.append(where)
            return _unmatched()
        if _sealed(clear, self.old, path) != recorded:
            self.differing.append(where)
        self.made += 1
        return _sealed(clear, self.new, path)


def _record(work: _Work, record: ResourceRecord, clear: _Clear) -> ResourceRecord:
    return replace(
        record,
        inputs=work.tree(record.inputs, clear.inputs, record.node),
        outputs=work.tree(record.outputs, clear.outputs, f"{record.node}, outputs"),
        observed=_observed(work, record, clear),
        notes=_scrubbed(record.notes),
        deposed=tuple(_deposed(old) for old in record.deposed),
    )


def _observed(work: _Work, record: ResourceRecord, clear: _Clear) -> Mapping[str, Json] | None:
    """What was read back, from the template's own form of it.

    Where the cluster's form is another, the whole read-back is let go: the next plan compares
    what is set with what is there, which needs no digest of the past.
    """
    if record.observed is None or not any(_digests(record.observed)):
        return record.observed
    trial = _Work(work.old, work.new)
    made: Mapping[str, Json] = trial.tree(record.observed, clear.observed, record.node)
    if trial.differing or trial.without:
        return None
    work.made += trial.made
    return made


def _deposed(old: Deposed) -> Deposed:
    """A replaced resource is only deleted: nobody compares its values again."""
    return replace(
        old,
        inputs=_scrubbed(old.inputs),
        outputs=_scrubbed(old.outputs),
        notes=_scrubbed(old.notes),
    )


def _scrubbed(tree: Json) -> Json:
    if is_sealed(tree):
        return _unmatched()
    if isinstance(tree, Mapping):
        return {key: _scrubbed(item) for key, item in tree.items()}
    return [_scrubbed(item) for item in tree] if isinstance(tree, list) else tree


def _digests(tree: Json) -> Iterator[Json]:
    if is_sealed(tree):
        yield tree
    elif isinstance(tree, Mapping):
        for item in tree.values():
            yield from _digests(item)
    elif isinstance(tree, list):
        for item in tree:
            yield from _digests(item)


def _unmatched() -> Json:
    """In a digest's place, what no value digests to."""
    return {SEAL: secrets.token_hex(32)}


def _sealed(clear: Value, salt: str, path: Path) -> Json:
    return seal_at(reveal(clear), frozenset({()}), salt, path)


def _below(tree: Value, key: str | int) -> Value:
    if isinstance(tree, Sensitive):
        tree = tree.value
    if isinstance(tree, Mapping):
        return tree.get(key, _NONE)
    if isinstance(tree, (list, tuple)) and isinstance(key, int) and key < len(tree):
        return tree[key]
    return _NONE


def _differing(work: _Work) -> StateError:
    places = "\n".join(f"  {item}" for item in work.differing)
    some = f"{len(work.differing)} of {work.made}" if len(work.differing) < work.made else "All"
    return StateError.of(
        "FP459",
        "the sensitive values given are not those in the state",
        f"{some} don't match the recorded digests, so what the cluster has is something else,"
        f" or the salt in the state is not the one that they were made with:\n{places}",
        hint="Give the values of the last apply, or apply the new ones first: flowplan apply\n"
        "If you know that the cluster has the values given: flowplan state rekey --force",
    )
