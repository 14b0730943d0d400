"""What a plan's deletes would lose, said beside them: how many documents an index has.

One request a kind, and only where data would go. Must not know clusters or rendering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from flowplan.dataclass import replace
from flowplan.planner.plan import NodeChange
from flowplan.planner.workspace import Steps, Workspace
from flowplan.state.model import ResourceRecord

__all__ = ["losing", "with_losses"]


def losing(
    steps: Steps, changes: Sequence[NodeChange], records: Mapping[str, ResourceRecord]
) -> tuple[str, ...]:
    """The nodes whose change deletes data."""
    return tuple(change.node for change in changes if _deleted(steps, change, records))


def with_losses(
    workspace: Workspace,
    changes: Sequence[NodeChange],
    records: Mapping[str, ResourceRecord],
) -> tuple[NodeChange, ...]:
    """The changes, those that delete data with a note of what. Raises what the cluster raises."""
    connection = workspace.connection
    if connection is None:
        return tuple(changes)
    by_type: dict[str, set[str]] = defaultdict(set)
    for change in changes:
        record = _deleted(workspace.steps, change, records)
        if record is not None:
            by_type[record.type].add(str(record.resource_id))
    lost = {
        name: workspace.steps.step(name).losses(connection.operation(), sorted(ids))
        for name, ids in sorted(by_type.items())
    }
    return tuple(_told(workspace, change, records, lost) for change in changes)


def _deleted(
    steps: Steps, change: NodeChange, records: Mapping[str, ResourceRecord]
) -> ResourceRecord | None:
    """The record of what a change deletes, where that holds data."""
    record = records.get(change.node)
    goes = change.action in ("delete", "replace") and change.reason != "deposed"
    if record is None or record.resource_id is None or not goes:
        return None
    return record if steps.step(record.type).schema.holds_data else None


def _told(
    workspace: Workspace,
    change: NodeChange,
    records: Mapping[str, ResourceRecord],
    lost: Mapping[str, Mapping[str, str]],
) -> NodeChange:
    record = _deleted(workspace.steps, change, records)
    text = lost[record.type].get(str(record.resource_id)) if record else None
    return replace(change, notes=(*change.notes, text)) if text else change
