"""What is on the cluster now, for everything recorded: one search a kind and thousand.

Reading only. This module must not know what is wanted or what will be done about a difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from flowplan.dataclass import dataclass, field
from flowplan.planner.diff import value_at
from flowplan.planner.values import Json, Path, seal_at, sensitive_paths
from flowplan.planner.workspace import Steps
from flowplan.protocol import Cluster, Holder, Observed
from flowplan.state.model import ResourceRecord

__all__ = ["Holders", "read_all", "read_documents", "sealed_fields", "seen"]


def read_documents(
    steps: Steps, cluster: Cluster, records: Iterable[ResourceRecord]
) -> Iterator[tuple[ResourceRecord, Json]]:
    """Each record with its resource's document, None where it is gone.

    Nodes that make nothing are left out. `cluster.request` raises what it raises.
    """
    by_kind: dict[str, list[ResourceRecord]] = defaultdict(list)
    for record in records:
        step = steps.step(record.type)
        if step.kind and record.resource_id is not None:
            by_kind[step.kind].append(record)
    for kind in sorted(by_kind):
        group = by_kind[kind]
        ids = sorted({str(record.resource_id) for record in group})
        documents = steps.step(group[0].type).fetch(cluster, ids)
        for record in group:
            yield record, documents.get(str(record.resource_id))


def read_all(
    steps: Steps, cluster: Cluster, records: Iterable[ResourceRecord]
) -> dict[str, Observed | None]:
    """What each node's resource is now, by node; None where it is gone."""
    return {
        record.node: seen(steps, record, document)
        for record, document in read_documents(steps, cluster, records)
    }


def seen(steps: Steps, record: ResourceRecord, document: Json) -> Observed | None:
    """What a fetched document says of a recorded resource."""
    if document is None:
        return None
    step = steps.step(record.type)
    return step.observe(str(record.resource_id), document, record.inputs)


def sealed_fields(
    fields: Mapping[str, Json], inputs: Mapping[str, Json], salt: str
) -> Mapping[str, Json]:
    """Observed fields with the parts sealed that are sensitive in `inputs`."""
    paths = frozenset(_place(path, inputs, fields) for path in sensitive_paths(inputs))
    sealed: Mapping[str, Json] = seal_at(dict(fields), paths, salt)
    return sealed


def _place(path: Path, inputs: Json, fields: Json) -> Path:
    """Where a secret may be seen: anywhere in a list that grew or shrank on its way."""
    for depth in range(len(path)):
        mine, seen = value_at(inputs, path[:depth]), value_at(fields, path[:depth])
        if isinstance(mine, list) and isinstance(seen, list) and len(mine) != len(seen):
            return path[:depth]
    return path


@dataclass(slots=True)
class Holders:
    """Who uses the recorded resources, read once a step type and only when somebody asks."""

    steps: Steps
    cluster: Cluster | None
    records: Mapping[str, ResourceRecord]
    _cache: dict[str, Mapping[str, tuple[Holder, ...]]] = field(default_factory=dict)

    def of(self, record: ResourceRecord) -> tuple[Holder, ...]:
        """What uses this resource; empty where nothing was asked (`--no-refresh`)."""
        if self.cluster is None or record.resource_id is None:
            return ()
        if record.type not in self._cache:
            ids = sorted(
                {
                    str(other.resource_id)
                    for other in self.records.values()
                    if other.type == record.type and other.resource_id is not None
                }
            )
            found = self.steps.step(record.type).holders(self.cluster, ids)
            self._cache[record.type] = {key: tuple(value) for key, value in found.items()}
        return self._cache[record.type].get(record.resource_id, ())
