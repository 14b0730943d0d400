"""A plan as tasks: which operation waits for which.

Every node of the template is a task, also the unchanged ones, so that order goes through them.
A replaced resource is deleted after everything that used it was moved, a removed node after
all that used its output. Must not know how operations work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Literal, TypeAlias

from flowplan.planner.execute.scheduler import Key, Task
from flowplan.planner.plan import NodeChange, Plan
from flowplan.planner.users import Users, users_of
from flowplan.planner.workspace import Steps
from flowplan.state.model import ResourceRecord

__all__ = ["Part", "part_of", "tasks_of"]

Part = Literal["apply", "cleanup", "delete"]
Act: TypeAlias = Callable[[Part, NodeChange], None]


def tasks_of(
    plan: Plan, records: Mapping[str, ResourceRecord], steps: Steps, act: Act
) -> list[Task]:
    """The tasks of `plan`; `act` carries one out.

    Parts: "apply" makes, updates or replaces a node; "cleanup" deletes what was replaced;
    "delete" deletes a node that the template no longer has; "gone" waits until all deletes of
    one kind are over.
    """
    users = users_of(records, steps)
    parts = _parts(plan)
    deleted = {node for part, node in parts if part == "delete"}
    tasks = []
    kinds: dict[str, list[Key]] = defaultdict(list)
    for (part, node), change in parts.items():
        needs: list[Key]
        after: list[Key] = []
        if part == "apply":
            needs = [("apply", other) for other in change.depends_on]
        else:
            step = steps.step(change.type)
            kinds[step.kind].append((part, node))
            needs = _after_users(node, users, deleted, part)
            after = [("gone", kind) for kind in sorted(step.schema.deleted_after)]
        run = _bound(act, part, change)
        tasks.append(Task((part, node), run, needs, after, _weight(steps, part, change)))
    # One task a kind instead of an edge for each pair of deletes.
    tasks += [Task(("gone", kind), _done, (), keys, 0.0) for kind, keys in sorted(kinds.items())]
    return tasks


def _done() -> None:
    """What "gone" does: it only waits."""


def _parts(plan: Plan) -> dict[tuple[Part, str], NodeChange]:
    parts: dict[tuple[Part, str], NodeChange] = {}
    for change in plan.changes:
        # Several deposed resources of one node are one task, which deletes them all.
        parts.setdefault((part_of(change), change.node), change)
        if change.action == "replace" and not change.stays_for:
            parts["cleanup", change.node] = change
    return parts


def part_of(change: NodeChange) -> Part:
    """The task that a change counts by: a replacement is done when the new resource serves."""
    if change.action not in ("delete", "forget"):
        return "apply"
    return "cleanup" if change.reason == "deposed" else "delete"


def _after_users(node: str, users: Users, deleted: Collection[str], part: Part) -> list[Key]:
    parts: tuple[Part, ...] = ("apply", "cleanup", "delete")
    # One that is deleted waits for its own users.
    found = users.of(node, ends=deleted)
    needs: list[Key] = [(kind, user) for user in found for kind in parts]
    if part == "cleanup":
        needs.append(("apply", node))
    else:
        needs.append(("cleanup", node))
    return needs


def _bound(act: Act, part: Part, change: NodeChange) -> Callable[[], None]:
    return lambda: act(part, change)


def _weight(steps: Steps, part: Part, change: NodeChange) -> float:
    if change.action == "no-op":
        return 0.0
    schema = steps.schema(change.type)
    # What waits for a task on the cluster is the long one; its limit says so.
    return 1.0 if schema is None or part != "apply" else max(1.0, schema.timeout / 10)
