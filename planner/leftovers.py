"""What a resource that is gone leaves behind, and who can still say so.

A record may own more than its resource: a model group that came with it, an older resource that
it replaced. Forgetting the record must not forget those without a word. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowplan.errors import Diagnostic
from flowplan.planner.imports import import_command
from flowplan.planner.wording import thing
from flowplan.planner.workspace import Steps
from flowplan.protocol import Cluster, Owned, StepType
from flowplan.state.model import ResourceRecord

__all__ = ["left_behind", "still_there"]


def left_behind(
    steps: Steps, cluster: Cluster, gone: Sequence[ResourceRecord]
) -> tuple[tuple[Diagnostic, ...], frozenset[str]]:
    """Warnings of what stays on the cluster, and the nodes whose record has to be kept for it.

    What waits to be deleted keeps its record. Raises what the cluster raises.
    """
    kept = [record for record in gone if record.deposed]
    let_go = [record for record in gone if not record.deposed and record.owned]
    warnings = (*map(_waiting, kept), *_orphans(steps, cluster, let_go))
    return warnings, frozenset(record.node for record in kept)


def _waiting(record: ResourceRecord) -> Diagnostic:
    old = ", ".join(
        f"{thing(old.type, old.resource_type)} {old.resource_id}" for old in record.deposed
    )
    return Diagnostic(
        "warning", "FP267", f"{record.node} is gone, and what it replaced is not",
        f"It stays in the state, since only there it says that {old} waits to be deleted.",
        node=record.node, hint="flowplan apply makes it again, and deletes the old one",
    )  # fmt: skip


def _orphans(
    steps: Steps, cluster: Cluster, records: Sequence[ResourceRecord]
) -> Iterator[Diagnostic]:
    owners = {item: record for record in records for item in record.owned}
    ordered = sorted(owners, key=lambda item: (item.kind, item.resource_id))
    for item in still_there(steps, cluster, ordered):
        yield _orphan(owners[item], item.kind, item.resource_id)


def still_there(steps: Steps, cluster: Cluster, owned: Sequence[Owned]) -> tuple[Owned, ...]:
    """Those that the cluster still has, or that can't be asked about. Raises what it raises."""
    gone: set[Owned] = set()
    for kind in {item.kind for item in owned}:
        step = _reader(steps, kind)
        ids = [item.resource_id for item in owned if item.kind == kind]
        there = step.fetch(cluster, ids) if step else dict.fromkeys(ids, True)
        gone |= {Owned(kind, item) for item in ids if there.get(item) is None}
    return tuple(item for item in owned if item not in gone)


def _reader(steps: Steps, kind: str) -> StepType | None:
    """A step type that reads this kind."""
    types = (steps.step(name) for name in steps.names())
    return next((step for step in types if step.kind == kind), None)


def _orphan(record: ResourceRecord, kind: str, resource_id: str) -> Diagnostic:
    what = kind.replace("_", " ")
    return Diagnostic(
        "warning", "FP268", f"the {what} {resource_id} stays on the cluster",
        f"It was made beside {record.resource_id}, which is gone; once that is forgotten nothing "
        "deletes it.",
        node=record.node,
        hint="delete it by hand, or take it over as a node: "
        + import_command("NODE", resource_id),
    )  # fmt: skip
