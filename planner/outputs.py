"""The workflow's outputs before and after, for a plan. Must not know clusters or files."""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.planner.plan import OutputChange
from flowplan.planner.values import Value, has_unknown, masked, sensitive_paths, unknowns
from flowplan.state.model import OutputRecord, State

__all__ = ["output_changes", "output_records"]


def output_changes(
    state: State | None, wanted: Mapping[str, Value], *, partial: bool = False
) -> dict[str, OutputChange]:
    """Each output with what is recorded and what it will be; a dropped one has `after` None.

    In a `partial` plan what is not among `wanted` stays as it is recorded.
    """
    recorded = state.outputs if state else {}
    changes: dict[str, OutputChange] = {}
    for name, value in wanted.items():
        old = recorded.get(name, OutputRecord())
        sensitive = bool(sensitive_paths(value)) or old.sensitive
        before = "(sensitive)" if old.sensitive else old.value
        known = not has_unknown(value)
        if name in recorded and not known and all(not item.node for item in unknowns(value)):
            # Made of secrets that were not given: as unchanged as what they flow into.
            changes[name] = OutputChange(before, before, known=True, sensitive=sensitive)
            continue
        after = None if not known else "(sensitive)" if sensitive else masked(value)
        changes[name] = OutputChange(before, after, known, sensitive)
    for name, old in recorded.items():
        if name not in wanted and not partial:
            before = "(sensitive)" if old.sensitive else old.value
            changes[name] = OutputChange(before, None, known=True, sensitive=old.sensitive)
    return changes


def output_records(values: Mapping[str, Value]) -> dict[str, OutputRecord]:
    """What the state keeps: known values; of a sensitive one only that it is there."""
    return {
        name: OutputRecord(None, sensitive=True) if sensitive_paths(value) else OutputRecord(value)
        for name, value in values.items()
        if not has_unknown(value)
    }
