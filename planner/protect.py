"""`prevent_destroy`: what a plan would delete or replace although a setting forbids it.

Looks at a finished plan, so that all of it is told at once. The state remembers the setting:
it also holds when the node is no longer in the template. Pure.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from flowplan.errors import Diagnostic
from flowplan.planner.plan import NodeChange
from flowplan.planner.template import Node
from flowplan.planner.template.paths import path_text
from flowplan.planner.wording import thing
from flowplan.planner.workspace import Steps
from flowplan.state.model import ResourceRecord

__all__ = ["protected"]


def protected(
    changes: Sequence[NodeChange],
    nodes: Mapping[str, Node],
    records: Mapping[str, ResourceRecord],
    steps: Steps,
) -> Iterator[Diagnostic]:
    """FP240 for each delete, FP241 for each replacement that `prevent_destroy` forbids.

    A node of the template goes by the template, any other one by the state.
    """
    for change in changes:
        if change.action not in ("delete", "replace") or change.reason == "deposed":
            continue
        node, record = nodes.get(change.node), records[change.node]
        if steps.step(record.type).schema.creates in ("act", "nothing"):
            continue
        if node is not None and node.lifecycle.prevent_destroy:
            yield _replaced(change, node, steps)
        elif node is None and record.lifecycle.get("prevent_destroy"):
            yield _deleted(change, record)


def _deleted(change: NodeChange, record: ResourceRecord) -> Diagnostic:
    what = f"{thing(record.type, record.resource_type)} {record.resource_id}"
    forget = shlex.join(["flowplan", "state", "rm", change.node])
    if change.reason == "requested":
        why = "The state remembers the setting: destroy does not look into the template."
        hint = "set prevent_destroy: false, apply, then destroy; or leave it out: --exclude "
        hint += shlex.quote(change.node)
    else:
        why = "The template no longer has the node; the state remembers the setting."
        hint = "put the node back with prevent_destroy: false, apply, then remove it"
    return Diagnostic(
        "error", "FP240", f"prevent_destroy forbids to delete {what}", why, node=change.node,
        hint=f"{hint}\nOr forget it, and leave it on the cluster: {forget}",
    )  # fmt: skip


def _replaced(change: NodeChange, node: Node, steps: Steps) -> Diagnostic:
    what = f"{thing(change.type, change.resource_type)} {change.resource_id}"
    forced = [path_text(item.path) for item in change.fields if item.forces_replace]
    why = f"These changes need a new one: {', '.join(forced)}." if forced else ""
    if change.reason in ("triggered", "requested"):
        why = f"Its replacement was {change.reason}."
    hint = "undo the change, or set prevent_destroy: false"
    schema = steps.step(node.type).schema
    if schema.updated_when_idle and not node.lifecycle.keep_id:
        hint += (
            "\nOr set keep_id: true: it is changed in place, and its models stop serving meanwhile"
        )
    return Diagnostic(
        "error", "FP241", f"prevent_destroy forbids to replace {what}", why, node=change.node,
        hint=hint,
    )  # fmt: skip
