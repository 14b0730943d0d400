"""What the `state` commands say that they did, for people and scripts.

It must not know how any of it is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowplan.errors import Diagnostic
from flowplan.planner.wording import thing
from flowplan.render.look import Look
from flowplan.render.plan_json import FORMAT_VERSION
from flowplan.render.sanitise import clean
from flowplan.render.tables import table
from flowplan.state.edit import Difference
from flowplan.state.lock import LockHolder
from flowplan.state.model import ClusterIdentity, Deposed, ResourceRecord, State

__all__ = [
    "cluster_text",
    "difference_text",
    "edit_document",
    "edit_text",
    "kept_document",
    "kept_lines",
    "unlock_document",
    "unlock_text",
]


def edit_text(
    lines: Sequence[str], location: str, serial: int | None, backup: str | None, look: Look
) -> str:
    """What was done, then where it stands now and where the state before it is.

    `serial` is None when nothing was written.
    """
    lines = [clean(line) for line in lines]
    if serial is None:
        return "\n".join(lines)
    stands = f"{clean(location)} has serial {serial} now."
    kept = f" The state before is in {clean(backup)}." if backup else ""
    first, *rest = lines
    return "\n".join([look.paint("bold", first), f"{stands}{kept}", *rest])


def edit_document(
    operation: str,
    location: str,
    state: State,
    *,
    changed: bool,
    backup: str | None,
    fields: Mapping[str, Any],
    warnings: Iterable[Diagnostic],
) -> dict[str, Any]:
    """docs/schema/state-edit.json: the same for each command, and its own fields."""
    return {
        "format_version": FORMAT_VERSION,
        "operation": operation,
        "state": location,
        "workflow_id": state.lineage,
        "workflow": state.workflow,
        "serial": state.serial,
        "changed": changed,
        "backup": backup,
        **fields,
        "diagnostics": [item.as_json() for item in warnings],
    }


def kept_lines(records: Iterable[ResourceRecord], look: Look) -> list[str]:
    """What stays on the cluster of nodes that are let go: one id a line."""
    rows = [
        [clean(record.node), what, look.id(resource_id)]
        for record in records
        for what, resource_id in _left(record)
    ]
    return table(rows, indent=2)


def kept_document(records: Iterable[ResourceRecord]) -> list[dict[str, Any]]:
    """The same for scripts."""
    return [
        {
            "node": record.node,
            "type": record.type,
            "resource_type": record.resource_type,
            "resource_id": record.resource_id,
            "left": [
                {"kind": what.replace(" ", "_"), "resource_id": resource_id}
                for what, resource_id in _left(record)
            ],
        }
        for record in records
    ]


def _left(record: ResourceRecord) -> list[tuple[str, str]]:
    """All that a node made: its resource, what came along with it, what it replaced."""
    all_made: tuple[ResourceRecord | Deposed, ...] = (record, *record.deposed)
    return [
        found
        for made in all_made
        for found in (
            *(
                [(thing(made.type, made.resource_type), made.resource_id)]
                if made.resource_id
                else ()
            ),
            *((item.kind.replace("_", " "), item.resource_id) for item in made.owned),
        )
    ]


def cluster_text(identity: ClusterIdentity) -> str:
    """An endpoint and the uuid behind it."""
    where = clean(identity.endpoint) or "an unnamed endpoint"
    return f"{where} (cluster {clean(identity.uuid)})" if identity.uuid else where


def difference_text(found: Difference) -> str:
    """`1 node added, 2 changed`."""
    counts = [
        (len(found.added), "added"),
        (len(found.removed), "removed"),
        (len(found.changed), "changed"),
    ]
    told = [f"{count:,} {word}" for count, word in counts if count]
    return f"Nodes: {', '.join(told)}." if told else "No node differs."


def unlock_text(holder: LockHolder, location: str) -> str:
    """Whose lock was released."""
    whose = f"{clean(holder.who)}, process {holder.pid}, {clean(holder.operation)}"
    return f"Released the lock {clean(holder.id)} on {clean(location)}. It was that of {whose}."


def unlock_document(operation: str, holder: LockHolder, location: str) -> dict[str, Any]:
    """docs/schema/state-unlock.json."""
    return {
        "format_version": FORMAT_VERSION,
        "operation": operation,
        "state": location,
        "released": holder.as_json(),
    }
