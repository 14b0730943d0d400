"""What came into being beside a resource whose create was cut off before that was noted.

Whether it is ours was found out before the create (`StepType.prepare`), and the record keeps
that as `notes` until the create is finished. Must not know plans.
"""

from __future__ import annotations

from dataclasses import replace

from flowplan.planner.workspace import Steps
from flowplan.protocol import Cluster, Owned
from flowplan.state.model import IntentRecord, ResourceRecord

__all__ = ["merged_owned", "with_owned"]


def with_owned(steps: Steps, cluster: Cluster, record: ResourceRecord) -> ResourceRecord:
    """The record with what its resource owns; it is complete then. Raises what finding raises."""
    if not record.notes or record.resource_id is None:
        return record
    wish = IntentRecord(
        "", record.node, record.type, "create", 0.0, record, record.inputs, record.notes
    )
    found = steps.step(record.type).find(cluster, wish)
    owned = {
        item: None
        for candidate in found
        if candidate.resource_id == record.resource_id
        for item in candidate.owned
    }
    return replace(record, owned=merged_owned(record.owned, tuple(owned)), notes={})


def merged_owned(*parts: tuple[Owned, ...]) -> tuple[Owned, ...]:
    """All of them once, in order."""
    return tuple(dict.fromkeys(item for part in parts for item in part))
