"""Who uses what, as recorded when it was last applied.

It must not know templates, or how anything is decided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from flowplan.dataclass import dataclass, replace
from flowplan.planner.plan import NodeChange
from flowplan.planner.workspace import Steps
from flowplan.state.model import ResourceRecord

__all__ = ["Users", "spared", "users_of"]


def users_of(records: Mapping[str, ResourceRecord], steps: Steps) -> Users:
    """Each node's users."""
    direct: dict[str, list[str]] = defaultdict(list)
    for name, record in records.items():
        for other in record.dependencies:
            direct[other].append(name)
    transparent = {
        kind for kind in {r.type for r in records.values()} if _makes_nothing(steps, kind)
    }
    return Users(
        direct, frozenset(name for name, record in records.items() if record.type in transparent)
    )


@dataclass(frozen=True, slots=True)
class Users:
    """Who was made with whose output; `transparent` are the nodes that make nothing."""

    direct: Mapping[str, Sequence[str]]
    transparent: frozenset[str]

    def of(self, node: str, *, ends: Collection[str] = ()) -> list[str]:
        """A node's users, also through nodes that make nothing: an agent uses its tool's model.

        Nothing is looked for behind the nodes of `ends`: what uses those is known otherwise,
        and looked for each time it would be quadratic in a chain.
        """
        found: dict[str, None] = {}
        waiting = list(self.direct.get(node, ()))
        while waiting:
            user = waiting.pop()
            if user in found:
                continue
            found[user] = None
            if user in self.transparent and user not in ends:
                waiting += self.direct.get(user, ())
        return list(found)


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
        if change.reason != "deposed" and change.order != "create_before_destroy":
            yield change
            continue
        outside = sorted(set(users.of(change.node)) - planned)
        if outside and change.reason == "deposed":
            continue
        if outside:
            stay = "stays" if len(outside) == 1 else "stay"
            note = f"{', '.join(outside)} {stay} on the old one, which is kept until then"
            yield replace(
                change, steps=change.steps[:-1], notes=(*change.notes, note),
                stays_for=tuple(outside),
            )  # fmt: skip
        else:
            yield change
