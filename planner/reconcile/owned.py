"""What came into being beside a resource, and is ours: known once the resource is read back.

Whether it is ours was found out before the create (`StepType.prepare`), and the record keeps
that as `notes` until then. Must not know plans.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.dataclass import replace
from flowplan.planner.refresh import read_documents
from flowplan.planner.values import Json
from flowplan.planner.workspace import Steps
from flowplan.protocol import Cluster, Owned
from flowplan.state.model import ResourceRecord

__all__ = ["merged_owned", "owning", "with_all_owned", "with_owned"]


def with_all_owned(
    steps: Steps, cluster: Cluster, records: Mapping[str, ResourceRecord]
) -> dict[str, ResourceRecord]:
    """All records, those that have notes with what their resources own; one search a kind.

    Raises what reading raises.
    """
    noted = [record for record in records.values() if record.notes]
    found = dict(records)
    for record, document in read_documents(steps, cluster, noted):
        if document is not None:
            found[record.node] = owning(steps, record, document)
    return found


def owning(steps: Steps, record: ResourceRecord, document: Json) -> ResourceRecord:
    """The record with what its document says that it owns; it is complete then."""
    if not record.notes:
        return record
    step = steps.step(record.type)
    owned = step.came_with(document, record.inputs, record.notes)
    return replace(record, owned=merged_owned(record.owned, owned), notes={})


def with_owned(steps: Steps, cluster: Cluster, record: ResourceRecord) -> ResourceRecord:
    """One record with what its resource owns. Raises what reading raises."""
    return with_all_owned(steps, cluster, {record.node: record})[record.node]


def merged_owned(*parts: tuple[Owned, ...]) -> tuple[Owned, ...]:
    """All of them once, in order."""
    return tuple(dict.fromkeys(item for part in parts for item in part))
