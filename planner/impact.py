"""Who on the cluster misses what a plan takes away: agents, pipelines, index settings, models.

What belongs to the plan's own workflow moves along with it, so those are named that do not: what
somebody else made, and what this plan leaves as it is. Composes what step types find
(`StepType.referrers`); it must not know HTTP, or how a plan is drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic
from flowplan.planner.plan import NodeChange, User
from flowplan.planner.values import Json
from flowplan.planner.wording import thing
from flowplan.planner.workspace import Steps, Workspace
from flowplan.protocol import Batch, Cluster, Holder, Response, StepSchema
from flowplan.state.model import ResourceRecord

__all__ = ["Going", "with_impact"]

_MOVING = ("update", "replace", "delete", "import", "forget")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Going:
    """What a change takes away from the cluster."""

    type: str
    resource_id: str
    inputs: Mapping[str, Json]


def with_impact(
    workspace: Workspace,
    changes: Sequence[NodeChange],
    records: Mapping[str, ResourceRecord],
) -> tuple[tuple[NodeChange, ...], tuple[Diagnostic, ...]]:
    """The changes with their `used_by`, and warnings: FP393 for a refusal to come, FP394.

    One look a kind, whatever the number of resources. Raises `Unreachable`.
    """
    gone = [_going(workspace.steps, change, records) for change in changes]
    if workspace.connection is None or not any(gone):
        return tuple(changes), ()
    notes: list[str] = []
    cluster = _Once(workspace.connection.operation(on_note=notes.append))
    found = _referrers(workspace.steps, cluster, [item for item in gone if item is not None])
    moving = _moving(workspace.steps, changes, records)
    told: list[NodeChange] = []
    warnings = [_not_seen(notes)] if notes else []
    for change, item in zip(changes, gone, strict=True):
        holders = _strangers(workspace.steps, item, found, moving) if item else ()
        if item is None or not holders:
            told.append(change)
            continue
        told.append(_told(workspace.steps, change, item, holders))
        refused = [holder for holder in holders if holder.blocks_delete]
        if refused and change.order != "create_before_destroy":
            warnings.append(_refused(workspace.steps, change, item, refused))
    return tuple(told), tuple(warnings)


def _going(steps: Steps, change: NodeChange, records: Mapping[str, ResourceRecord]) -> Going | None:
    """What this change deletes, where it is a resource of its own."""
    record = records.get(change.node)
    if change.action not in ("delete", "replace") or change.stays_for:
        return None
    type_, resource_id, inputs = change.type, change.resource_id, {}
    if change.reason != "deposed" and record is not None:
        # A replacement deletes what is recorded, whatever the node has become.
        type_, resource_id, inputs = record.type, record.resource_id, dict(record.inputs)
    if resource_id is None or steps.step(type_).schema.creates != "resource":
        return None
    return Going(type_, resource_id, inputs)


Found = Mapping[tuple[str, str], Sequence[Holder]]


def _referrers(steps: Steps, cluster: Cluster, gone: Sequence[Going]) -> Found:
    """Who names what goes, by kind and id: types of one kind are asked once."""
    by_kind: dict[str, list[Going]] = defaultdict(list)
    for item in gone:
        by_kind[steps.step(item.type).kind].append(item)
    found: dict[tuple[str, str], Sequence[Holder]] = {}
    for kind in sorted(by_kind):
        made = {item.resource_id: item.inputs for item in by_kind[kind]}
        asked = steps.step(by_kind[kind][0].type).referrers(cluster, made)
        found |= {(kind, key): holders for key, holders in asked.items()}
    return found


def _moving(
    steps: Steps, changes: Sequence[NodeChange], records: Mapping[str, ResourceRecord]
) -> frozenset[tuple[str, str]]:
    """The resources of this state that the plan moves or deletes, too, by kind and id."""
    changed = {change.node for change in changes if change.action in _MOVING}
    found = {
        (steps.step(record.type).kind, str(record.resource_id))
        for name, record in records.items()
        if name in changed and record.resource_id is not None
    }
    left = {
        (steps.step(change.type).kind, str(change.resource_id))
        for change in changes
        if change.reason == "deposed"
    }
    return frozenset(found | left)


def _strangers(
    steps: Steps, item: Going, found: Found, moving: frozenset[tuple[str, str]]
) -> tuple[Holder, ...]:
    holders = found.get((steps.step(item.type).kind, item.resource_id), ())
    return tuple(holder for holder in holders if (holder.kind, holder.resource_id) not in moving)


def _told(steps: Steps, change: NodeChange, item: Going, holders: Sequence[Holder]) -> NodeChange:
    users = tuple(User(holder.kind, holder.resource_id, holder.name) for holder in holders)
    note = _consequence(steps.step(item.type).schema, change, item, holders)
    return replace(change, used_by=users, notes=(*change.notes, note) if note else change.notes)


def _consequence(
    schema: StepSchema, change: NodeChange, item: Going, holders: Sequence[Holder]
) -> str:
    """What becomes of those that use it; "" where a diagnostic says more."""
    they, keep, fail = ("it", "keeps", "fails") if len(holders) == 1 else ("they", "keep", "fail")
    if any(holder.blocks_delete for holder in holders):
        first = change.order == "create_before_destroy"
        return "the old one can't be deleted while it is used: it stays, and apply exits 3" * first
    if change.action == "delete":
        return f"{they} {fail} once it is gone"
    # An index or pipeline is called the same afterwards, unless its name is what changes.
    named = schema.resource_type in schema.inputs
    renamed = any(entry.path[:1] == (schema.resource_type,) for entry in change.fields)
    if named and not renamed and change.type == item.type:
        return f"{they} {'finds' if they == 'it' else 'find'} nothing while it is made anew"
    return f"{they} {keep} the old one's id, and {fail} once that is gone"


def _refused(
    steps: Steps, change: NodeChange, item: Going, holders: Sequence[Holder]
) -> Diagnostic:
    what = thing(item.type, steps.step(item.type).schema.resource_type)
    shown = ", ".join(
        f"{holder.name} ({holder.resource_id})" if holder.name else holder.resource_id
        for holder in holders[:_SHOWN]
    )
    more = f" and {len(holders) - _SHOWN:,} more" if len(holders) > _SHOWN else ""
    kind = holders[0].kind.replace("_", " ")
    several = len(holders) > 1
    return Diagnostic(
        "warning", "FP393",
        f"the cluster will refuse to delete {what} {item.resource_id}: "
        f"{len(holders):,} {kind}{'s' if several else ''} outside this plan "
        f"use{'' if several else 's'} it",
        f"{shown}{more}.",
        node=change.node,
        hint=f"delete {'these' if several else 'this'} {kind}{'s' if several else ''} first, or "
        f"keep {what}",
    )  # fmt: skip


def _not_seen(notes: Sequence[str]) -> Diagnostic:
    lines = "\n".join(f"{note}." for note in dict.fromkeys(notes))
    return Diagnostic(
        "warning", "FP394", "not all that may use what this plan deletes could be looked at",
        f"{lines}\nWho else uses it is not known; the plan itself is complete.",
        hint="see it with an account that may search these, or go on",
    )  # fmt: skip


@dataclass(slots=True)
class _Once:
    """A cluster that is asked the same question once: several kinds look into the same agents."""

    cluster: Cluster
    _answers: dict[str, Response] = field(default_factory=dict)

    @property
    def deadline(self) -> float:
        return self.cluster.deadline

    @property
    def progress(self) -> Callable[[str], None]:
        return self.cluster.progress

    @property
    def note(self) -> Callable[[str], None]:
        return self.cluster.note

    @property
    def wait(self) -> Callable[[float], None]:
        return self.cluster.wait

    @property
    def batched(self) -> Callable[[str, str, Batch], bool]:
        return self.cluster.batched

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Json = None,
        params: Mapping[str, str] | None = None,
        safe: bool | None = None,
        accept: Sequence[int] = (),
    ) -> Response:
        key = repr((method, path, body, params, accept))
        if key not in self._answers:
            self._answers[key] = self.cluster.request(
                method, path, body=body, params=params, safe=safe, accept=accept
            )
        return self._answers[key]
