"""What an update sends of inputs that `ignore_changes` names: nothing, or what is there now.

An input is sent as a whole, so an ignored part of one that changes has to be sent as the cluster
has it, which may be another value than was last applied. Must not know plans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.planner.diff import ABSENT, value_at
from flowplan.planner.ignoring import placed, ruled, without
from flowplan.planner.plan import FieldChange
from flowplan.planner.values import Json, Path, is_sealed, leaves
from flowplan.protocol import Cluster, StepType
from flowplan.state.model import ResourceRecord

__all__ = ["left_alone"]

KEY_DEPTH = 2
"""An input and a key of it: what the cluster merges."""


def left_alone(
    step: StepType,
    cluster: Cluster,
    record: ResourceRecord,
    plain: Mapping[str, Json],
    fields: Sequence[FieldChange],
    ignored: Sequence[Path],
) -> Mapping[str, Json]:
    """The inputs as they are to be sent. Reads the resource once, where that is needed."""
    if not ignored:
        return plain
    changed = {str(item.path[0]) for item in fields}
    merged = {name for name in changed if _merges(step, name)}
    sent: Json = plain
    for path in (*ignored, *_sealed_keys(plain, merged)):
        if len(path) == KEY_DEPTH and path[0] in merged:
            sent = without(sent, path)
    rest = [
        path for path in ignored
        if len(path) > 1 and path[0] in changed
        and not (len(path) == KEY_DEPTH and path[0] in merged)
    ]  # fmt: skip
    found = step.read(cluster, [str(record.resource_id)]) if rest and record.resource_id else {}
    seen = found.get(str(record.resource_id))
    if seen is None:
        return _as_inputs(sent)
    sent = step.comparable(sent)
    for place in ruled(step, sent, rest):
        now = value_at(seen.fields, place)
        if now is not ABSENT and value_at(sent, place) is not ABSENT:
            sent = placed(sent, place, now)
    return _as_inputs(sent)


def _merges(step: StepType, name: str) -> bool:
    spec = step.schema.inputs.get(name)
    return spec is not None and spec.merge


def _sealed_keys(plain: Mapping[str, Json], merged: set[str]) -> list[Path]:
    """The keys whose secret is known as a digest only: the cluster keeps what it has."""
    return [
        path[:KEY_DEPTH]
        for name in merged
        for path, leaf in leaves(plain.get(name), (name,))
        if is_sealed(leaf)
    ]


def _as_inputs(value: Json) -> Mapping[str, Json]:
    found: Mapping[str, Json] = value
    return found
