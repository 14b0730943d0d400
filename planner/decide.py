"""What has to happen to one node: the three-way comparison of wanted, recorded and found.

*Change* is wanted against recorded inputs, with no server in it. *Drift* is what was read
after the last apply against what is read now, server against server, so neither can make a
phantom difference (NORMALISATION.md §0). This module must not know other nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from flowplan.dataclass import dataclass, replace
from flowplan.planner.diff import ABSENT, Difference, compare, field_change, verdict
from flowplan.planner.ignoring import below, keeping, ruled
from flowplan.planner.plan import Action, Drift, FieldChange, Order
from flowplan.planner.refresh import sealed_fields
from flowplan.planner.spelling import told_apart
from flowplan.planner.template import Node
from flowplan.planner.values import (
    Json,
    Path,
    Unknown,
    Value,
    has_unknown,
    leaves,
    reveal,
    seal_at,
    sensitive_paths,
    unknowns,
)
from flowplan.protocol import Observed, StepType
from flowplan.state.model import ResourceRecord

__all__ = ["NOT_READ", "Decision", "Found", "decide"]


class _NotRead:
    """Stands for "nobody looked", which is not the same as gone."""


NOT_READ = _NotRead()
Found = Observed | None | _NotRead


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one node, and the outputs its dependants can count on.

    `inputs` are the ones that a resource which stays is to have, None for what the template says;
    `paused` are the models that are undeployed while it is changed in place.
    """

    action: Action
    reason: str
    fields: tuple[FieldChange, ...] = ()
    order: Order | None = None
    notes: tuple[str, ...] = ()
    drift: Drift | None = None
    outputs: Mapping[str, Value] | None = None
    unchanged: int = 0
    inputs: Mapping[str, Value] | None = None
    paused: tuple[str, ...] = ()


def decide(
    node: Node,
    step: StepType,
    desired: Mapping[str, Value],
    record: ResourceRecord | None,
    found: Found,
    salt: str,
) -> Decision:
    """What `node` needs. `found` is what the refresh saw, `NOT_READ` without one."""
    schema = step.schema
    unknown = {name: Unknown(node.id, name) for name in schema.outputs}
    if record is None:
        return Decision("create", "new", created_fields(desired), outputs=unknown)
    if record.empty:
        # Its replacement got as far as deleting the old one.
        return Decision("create", "unfinished", created_fields(desired), outputs=unknown)
    if record.type != node.type:
        return Decision(
            "replace", "changed", created_fields(desired), _order(step), outputs=unknown,
            notes=(f"its type was {record.type}: the old one is deleted as that",),
        )  # fmt: skip
    if found is None:
        drift = Drift(node.id, node.type, record.resource_id, gone=True, restored=True)
        return Decision("create", "drift", created_fields(desired), outputs=unknown, drift=drift)
    case = _Case(node, step, desired, record, found, salt)
    ignored = node.lifecycle.ignore_changes
    if not ignored:
        return _existing(case)
    kept = keeping(desired, record.inputs, ignored, salt)
    decision = _existing(replace(case, desired=kept, ignored=ruled(step, kept, ignored)))
    # What is made anew is made as the template says.
    return _existing(case) if decision.action == "replace" else replace(decision, inputs=kept)


@dataclass(frozen=True, slots=True)
class _Case:
    node: Node
    step: StepType
    desired: Mapping[str, Value]
    record: ResourceRecord
    found: Observed | _NotRead
    salt: str
    ignored: tuple[Path, ...] = ()


def _existing(case: _Case) -> Decision:
    changes = list(_changes(case))
    changes += _unfinished(case, changes)
    drifted, restored = _drift(case, changes)
    fields, notes, forced = _fields(case, changes, drifted)
    fields += restored
    forced = forced or any(item.forces_replace for item in restored)
    reason = _reason(case, changes, restored)
    action: Action = "no-op"
    if forced:
        action = "replace"
    elif fields or reason in ("tainted", "unfinished"):
        action = "update"
    drift = _drift_of(case, drifted, [*changes, *restored])
    known = dict(case.record.outputs)
    outputs = {name: known.get(name, Unknown(case.node.id, name)) for name in _names(case)}
    if action == "replace":
        outputs = {name: Unknown(case.node.id, name) for name in case.step.schema.outputs}
    return Decision(
        action, reason if action != "no-op" else "", tuple(fields),
        _order(case.step) if action == "replace" else None,
        tuple(notes), drift, outputs, _unchanged(case.desired, fields),
    )  # fmt: skip


def _changes(case: _Case) -> Sequence[Difference]:
    """Recorded against wanted, in one spelling.

    A digest is taken over its place too, so that inputs with secrets are compared as written.
    """
    before, after = case.record.inputs, case.desired
    if not sensitive_paths(before) and not sensitive_paths(after):
        before, after = case.step.comparable(before), case.step.comparable(after)
    return told_apart(case.step, before, after, compare(before, after, case.salt))


def _names(case: _Case) -> tuple[str, ...]:
    extra = tuple(name for name in case.record.outputs if name not in case.step.schema.outputs)
    return (*case.step.schema.outputs, *extra)


def _unfinished(case: _Case, changes: list[Difference]) -> list[Difference]:
    """Inputs whose change was begun: planned again whatever the comparison says."""
    planned = {change.path[0] for change in changes}
    return [
        Difference((name,), case.record.inputs.get(name, ABSENT), case.desired.get(name, ABSENT))
        for name in case.record.pending
        if name not in planned
        and (name in case.desired or name in case.record.inputs)
        # Whichever value it has by now is left alone.
        and not below((name,), case.ignored)
    ]


def _fields(
    case: _Case, changes: list[Difference], drifted: Mapping[Path, Difference]
) -> tuple[list[FieldChange], list[str], bool]:
    fields: list[FieldChange] = []
    notes: list[str] = []
    for change in changes:
        forced = verdict(case.step, change, case.record.inputs)
        name = ".".join(map(str, change.path))
        if forced is None:
            notes.append(f"{name} can't be cleared on the cluster: it keeps its text")
            continue
        there = drifted.get(change.path)
        item = replace(change, before=there.after) if there else change
        fields.append(field_change(item, forces_replace=forced))
    return fields, notes, any(item.forces_replace for item in fields)


def _drift(
    case: _Case, changes: list[Difference]
) -> tuple[Mapping[Path, Difference], list[FieldChange]]:
    """What moved on the cluster, and what of it this plan puts right."""
    if isinstance(case.found, _NotRead):
        return {}, []
    now = sealed_fields(case.found.fields, case.record.inputs, case.salt)
    expected = _expected(case)
    if case.record.observed is None:
        # No read-back was kept (a crash, an adoption): what is set has to be as wanted.
        there = {name: now.get(name, ABSENT) for name in expected}
        recorded = {name: value for name, value in there.items() if value is not ABSENT}
        return {}, [
            _restoring(case, Difference(item.path, ABSENT, item.before), item.after)
            for item in compare(recorded, expected, case.salt)
            # What only the cluster has, it added by itself.
            if item.after is not ABSENT
            and not _covered(item.path, changes)
            and not below(item.path, case.ignored)
        ]
    drifted = {
        item.path: item
        for item in compare(case.record.observed, now, case.salt)
        if not below(item.path, case.ignored)
    }
    restored = []
    for path, item in drifted.items():
        wanted = _at(expected, path)
        if (wanted is not ABSENT or _too_many(expected, path)) and not _covered(path, changes):
            restored.append(_restoring(case, item, wanted))
    return drifted, restored


def _expected(case: _Case) -> Mapping[str, Json]:
    """What the template sets, in the form that a read shows it, secrets sealed."""
    known = {name: value for name, value in case.desired.items() if not has_unknown(value)}
    shown = dict(case.step.expect(reveal(known)))
    sealed: Mapping[str, Json] = seal_at(shown, sensitive_paths(known), case.salt)
    return sealed


def _restoring(case: _Case, item: Difference, wanted: Json) -> FieldChange:
    change = Difference(item.path, item.after, wanted)
    forced = False
    if item.path[0] in case.step.schema.inputs:
        forced = bool(verdict(case.step, change, case.record.inputs))
    return field_change(change, forces_replace=forced)


def _covered(path: Path, changes: Sequence[Difference | FieldChange]) -> bool:
    return any(
        path[: len(change.path)] == change.path or change.path[: len(path)] == path
        for change in changes
    )


def _at(tree: Json, path: Path) -> Json:
    """The value at `path`, or at the longest part of it that is a leaf; ABSENT if not set."""
    for key in path:
        if isinstance(tree, Mapping):
            if key not in tree:
                return ABSENT
            tree = tree[key]
        elif isinstance(tree, list):
            if not isinstance(key, int) or key >= len(tree):
                return ABSENT
            tree = tree[key]
        else:
            return tree
    return tree


def _too_many(tree: Json, path: Path) -> bool:
    """Whether `path` leads to an item beyond the end of a list: what sets a list sets its end."""
    for key in path:
        if isinstance(tree, list):
            if not isinstance(key, int) or key >= len(tree):
                return isinstance(key, int)
        elif not isinstance(tree, Mapping) or key not in tree:
            return False
        tree = tree[key]
    return False


def _drift_of(
    case: _Case, drifted: Mapping[Path, Difference], put_right: Sequence[Difference | FieldChange]
) -> Drift | None:
    if not drifted:
        return None
    fields = tuple(
        replace(
            field_change(item, forces_replace=False),
            left_alone=not _covered(item.path, put_right),
        )
        for item in drifted.values()
    )
    restored = any(not item.left_alone for item in fields)
    return Drift(case.node.id, case.node.type, case.record.resource_id, fields, restored=restored)


def _reason(case: _Case, changes: list[Difference], restored: list[FieldChange]) -> str:
    if isinstance(case.found, Observed) and case.found.status == "tainted":
        return "tainted"
    if case.record.status == "tainted":
        return "tainted"
    if case.record.status == "pending" or (changes and case.record.pending):
        return "unfinished"
    if case.record.paused:
        return "unfinished"
    handed_over = set(case.node.previous_node_inputs.values())
    if changes:
        by_others = all(
            any(item.node for item in unknowns(change.after)) or change.path[0] in handed_over
            if change.after is not ABSENT
            else False
            for change in changes
        )
        return "dependency" if by_others else "changed"
    return "drift" if restored else ""


def _order(step: StepType) -> Order:
    first = step.schema.create_before_destroy
    return "create_before_destroy" if first else "destroy_before_create"


def _unchanged(desired: Mapping[str, Value], fields: list[FieldChange]) -> int:
    touched = {item.path[0] for item in fields}
    return sum(1 for name in desired if name not in touched)


def created_fields(desired: Mapping[str, Value]) -> tuple[FieldChange, ...]:
    """The leaves of a create, each with its own path."""
    return tuple(_leaves(desired, "create"))


def deleted_fields(inputs: Mapping[str, Json]) -> tuple[FieldChange, ...]:
    """The leaves of a delete, each with its own path."""
    return tuple(_leaves(inputs, "delete"))


def _leaves(tree: Mapping[str, Value], side: Literal["create", "delete"]) -> Iterator[FieldChange]:
    for path, leaf in leaves(tree):
        pair = (ABSENT, leaf) if side == "create" else (leaf, ABSENT)
        yield field_change(Difference(path, *pair), forces_replace=False)
