"""Who uses what, as recorded when it was last applied.

It must not know templates, or how anything is decided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from flowplan.planner.plan import NodeChange
from flowplan.planner.workspace import Steps
from flowplan.state.model import ResourceRecord

__all__ = ["spared", "users_of"]


def users_of(records: Mapping[str, ResourceRecord], steps: Steps) -> Mapping[str, list[str]]:
    """Each node's users, also through nodes that make nothing: an agent uses its tool's model."""
    users: dict[str, list[str]] = defaultdict(list)
    for name, record in records.items():
        waiting, seen = list(record.dependencies), set(record.dependencies)
        while waiting:
            other = waiting.pop()
            users[other].append(name)
            between = records.get(other)
            if between is not None and _makes_nothing(steps, between.type):
                fresh = [item for item in between.dependencies if item not in seen]
                seen.update(fresh)
                waiting += fresh
    return users


def _makes_nothing(steps: Steps, type_name: str) -> bool:
    schema = steps.schema(type_name)
    return schema is not None and schema.creates == "nothing"


def spared(
    changes: Sequence[NodeChange], records: Mapping[str, ResourceRecord], steps: Steps
) -> Iterator[NodeChange]:
    """The changes of a partial plan, without deletes of what a node outside of it still uses.

    A replaced resource stays deposed then, until a plan has its users, too.
    """
    users = users_of(records, steps)
    planned = {change.node for change in changes}
    for change in changes:
        outside = sorted(set(users.get(change.node, ())) - planned)
        if outside and change.reason == "deposed":
            continue
        if outside and change.order == "create_before_destroy":
            stay = "stays" if len(outside) == 1 else "stay"
            note = f"{', '.join(outside)} {stay} on the old one, which is kept until then"
            yield replace(
                change, steps=change.steps[:-1], notes=(*change.notes, note),
                stays_for=tuple(outside),
            )  # fmt: skip
        else:
            yield change
