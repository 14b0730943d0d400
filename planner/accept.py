"""Drift without a template, and taking it over into the state: `drift`, `--refresh-only`.

Only reads the cluster. What is there now becomes what was read back and, where the template set
it, what was last applied: so the next plan shows what the template would change back. It must
not know templates or how anything is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from flowplan.dataclass import dataclass, replace
from flowplan.errors import Diagnostic
from flowplan.planner.diff import ABSENT, Difference, compare, field_change
from flowplan.planner.ignoring import below, recorded_paths, ruled
from flowplan.planner.leftovers import left_behind
from flowplan.planner.plan import Drift
from flowplan.planner.refresh import read_all, sealed_fields
from flowplan.planner.values import Json, Path, canonical, is_sealed, sensitive_paths
from flowplan.planner.workspace import Steps
from flowplan.protocol import Cluster, Observed, StepType
from flowplan.state.model import ResourceRecord

__all__ = ["Survey", "survey"]


@dataclass(frozen=True, slots=True)
class Survey:
    """What differs from the records, and the records as they are when that is accepted.

    `looked_at` counts the resources that were read.
    """

    drift: tuple[Drift, ...]
    records: Mapping[str, ResourceRecord]
    warnings: tuple[Diagnostic, ...] = ()
    looked_at: int = 0


def survey(
    steps: Steps,
    cluster: Cluster,
    records: Mapping[str, ResourceRecord],
    nodes: Iterable[str],
    salt: str,
) -> Survey:
    """Read what is recorded of `nodes`, in bulk. Raises what the cluster raises."""
    chosen = set(nodes)
    found = read_all(steps, cluster, [record for name, record in records.items() if name in chosen])
    drift: list[Drift] = []
    accepted = dict(records)
    gone: list[ResourceRecord] = []
    for name, seen in found.items():
        record = records[name]
        if seen is None:
            drift.append(Drift(name, record.type, record.resource_id, gone=True))
            gone.append(record)
            continue
        differs = tuple(_moved(steps.step(record.type), record, seen, salt))
        if differs:
            drift.append(_drift(steps.step(record.type), record, differs))
            accepted[name] = _accepted(steps.step(record.type), record, seen, differs, salt)
    warnings, kept = left_behind(steps, cluster, gone)
    for record in gone:
        if record.node not in kept:
            del accepted[record.node]
    drift.sort(key=lambda item: item.node)
    return Survey(tuple(drift), accepted, warnings, len(found))


def _moved(
    step: StepType, record: ResourceRecord, seen: Observed, salt: str
) -> Iterator[Difference]:
    """What was read after the last apply against what is read now, ignored inputs left out."""
    if record.observed is not None:
        now = sealed_fields(seen.fields, record.inputs, salt)
        ignored = ruled(step, record.inputs, recorded_paths(record.lifecycle))
        for item in compare(record.observed, now, salt):
            if not below(item.path, ignored):
                yield item


def _drift(step: StepType, record: ResourceRecord, differs: Iterable[Difference]) -> Drift:
    wanted = _shown(step, record)
    fields = tuple(
        replace(field_change(item, forces_replace=False), left_alone=not _is_set(wanted, item.path))
        for item in differs
    )
    return Drift(record.node, record.type, record.resource_id, fields)


def _accepted(
    step: StepType,
    record: ResourceRecord,
    seen: Observed,
    differs: Iterable[Difference],
    salt: str,
) -> ResourceRecord:
    """The record as if what is there now had been applied."""
    was: Mapping[str, Json] = record.observed or {}
    now = sealed_fields(seen.fields, record.inputs, salt)
    secret = bool(sensitive_paths(record.inputs))
    written = record.inputs if secret else step.comparable(record.inputs)
    inputs = dict(record.inputs)
    for name in record.inputs:
        old, new = was.get(name, ABSENT), now.get(name, ABSENT)
        value = _merged(written[name], old, new)
        if value is ABSENT:
            del inputs[name]
        elif value is not written[name]:
            inputs[name] = value
    touched = [item.path for item in compare(written, {**written, **inputs}, salt)]
    touched += [(name,) for name in record.inputs if name not in inputs]
    expected = _shown(step, record)
    implied = any(
        _is_set(expected, item.path) and not _overlaps(item.path, touched) for item in differs
    )
    # What no input says, such as that a model is deployed, can't be recorded as an input: without
    # a read-back the next plan compares what the step type expects with what is there.
    later = step.expect(_opaque(inputs))
    # What is read only where an input asks for it, such as `deploy`, is not read any more.
    now = {name: item for name, item in now.items() if name in later or name not in expected}
    return replace(record, inputs=inputs, observed=None if implied else now)


def _shown(step: StepType, record: ResourceRecord) -> Mapping[str, Json]:
    """The recorded inputs as a read shows them, with texts in the place of digests."""
    shown: Mapping[str, Json] = step.expect(_opaque(record.inputs))
    return shown


def _opaque(value: Json) -> Json:
    if is_sealed(value):
        return ""
    if isinstance(value, Mapping):
        return {key: _opaque(item) for key, item in value.items()}
    return [_opaque(item) for item in value] if isinstance(value, list) else value


def _merged(written: Json, was: Json, now: Json) -> Json:
    """`written` with what moved from `was` to `now`; ABSENT when it is no longer there.

    What a read does not show, or shows as it did, is as written; what only the cluster has was
    not set, and is left out.
    """
    if _same(was, now):
        return written
    unfolded = _unfolded(written, was, now)
    if unfolded is not None:
        return _merged(written, *unfolded)
    if isinstance(written, Mapping) and isinstance(now, Mapping) and not _sealed(written, now):
        before = was if isinstance(was, Mapping) else {}
        parts = {
            key: _merged(value, before.get(key, ABSENT), now.get(key, ABSENT))
            for key, value in written.items()
        }
        return {key: value for key, value in parts.items() if value is not ABSENT}
    if _alike(written, was, now):
        return [_merged(*three) for three in zip(written, was, now, strict=True)]
    return now


def _same(was: Json, now: Json) -> bool:
    if was is ABSENT or now is ABSENT:
        return was is now
    return canonical(was) == canonical(now)


def _sealed(*values: Json) -> bool:
    return any(is_sealed(value) for value in values)


def _alike(*values: Json) -> bool:
    return all(isinstance(value, list) for value in values) and len(set(map(len, values))) == 1


def _unfolded(written: Json, was: Json, now: Json) -> tuple[Json, Json] | None:
    """Both as JSON where the server makes a text of what is no text, as of `parameters`."""
    if isinstance(written, str) or not isinstance(was, str) or not isinstance(now, str):
        return None
    try:
        pair = json.loads(was), json.loads(now)
    except (ValueError, RecursionError):
        return None
    return pair if type(pair[1]) is type(written) else None


def _is_set(tree: Json, path: Path) -> bool:
    """Whether what sets `tree` says what stands at `path`; a list also says where it ends."""
    for key in path:
        if isinstance(tree, Mapping) and not is_sealed(tree):
            if key not in tree:
                return False
        elif isinstance(tree, list) and isinstance(key, int):
            if key >= len(tree):
                return True
        else:
            return True
        tree = tree[key]
    return True


def _overlaps(path: Path, others: Iterable[Path]) -> bool:
    return any(path[: len(other)] == other or other[: len(path)] == path for other in others)
