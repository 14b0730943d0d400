"""What is recorded, for people and scripts. Digests of secrets are shown as `(sensitive)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowplan.planner.values import Json, leaves, masked
from flowplan.render.look import Look
from flowplan.render.outputs import outputs_document, outputs_text
from flowplan.render.plan_json import FORMAT_VERSION
from flowplan.render.sanitise import clean
from flowplan.render.values import path_text, value_text
from flowplan.state.model import ResourceRecord, State

__all__ = ["node_list", "record_document", "record_text", "state_document", "state_text"]

_WIDEST_PATH = 28


def node_list(state: State | None) -> str:
    """One node a line, as `state list` prints them."""
    return "\n".join(clean(node) for node in state.resources) if state else ""


def state_document(state: State | None) -> dict[str, Any]:
    """The state as JSON, without its salt: with it, a digest could be guessed at."""
    if state is None:
        return {"format_version": FORMAT_VERSION, "workflow_id": None, "resources": []}
    return {
        "format_version": FORMAT_VERSION,
        "workflow_id": state.lineage,
        "workflow": state.workflow,
        "serial": state.serial,
        "cluster": {"uuid": state.cluster.uuid, "endpoint": state.cluster.endpoint},
        "state": state.status.state,
        "error": state.status.error,
        "resources": [record_document(record) for record in state.resources.values()],
        "outputs": outputs_document(state.outputs),
    }


def record_document(record: ResourceRecord) -> dict[str, Any]:
    """One node as JSON."""
    return {
        "node": record.node,
        "type": record.type,
        "resource_type": record.resource_type,
        "resource_id": record.resource_id,
        "status": record.status,
        "dependencies": list(record.dependencies),
        "inputs": _shown(record.inputs),
        "outputs": _shown(record.outputs),
        "owned": [{"kind": it.kind, "resource_id": it.resource_id} for it in record.owned],
        "deposed": [
            {"type": it.type, "resource_type": it.resource_type, "resource_id": it.resource_id}
            for it in record.deposed
        ],
        "pending": list(record.pending),
        "lifecycle": dict(record.lifecycle),
    }


def state_text(state: State | None, location: str, look: Look) -> str:
    """All nodes with what is recorded of them."""
    if state is None:
        return f"{clean(location)}: nothing was applied yet."
    head = f"{clean(state.workflow)}   serial {state.serial}   {state.status.state}"
    parts = [f"{look.paint('bold', head)}\nworkflow_id  {clean(state.lineage)}"]
    parts += [record_text(record, look) for record in state.resources.values()]
    if state.outputs:
        parts.append(outputs_text(state.outputs))
    return "\n\n".join(parts)


def record_text(record: ResourceRecord, look: Look) -> str:
    """One node: what it is, then its inputs, a leaf a line."""
    head = look.paint("bold", clean(record.node))
    status = "" if record.status == "ready" else f"   {record.status}"
    lines = [f"{head}   {clean(record.type)}{status}"]
    if record.resource_id is not None:
        lines.append(f"  {clean(record.resource_type or 'id')} = {value_text(record.resource_id)}")
    for title, values in (("inputs", record.inputs), ("outputs", record.outputs)):
        lines += _leaves(title, values)
    lines += [f"  owned     {clean(it.kind)} {clean(it.resource_id)}" for it in record.owned]
    lines += [
        f"  deposed   {clean(it.type)} {clean(it.resource_id or '')}" for it in record.deposed
    ]
    if record.pending:
        lines.append(f"  pending   {', '.join(clean(name) for name in record.pending)}")
    if record.paused:
        lines.append(f"  paused    {', '.join(clean(name) for name in record.paused)}")
    lines += _leaves("lifecycle", record.lifecycle)
    if record.dependencies:
        lines.append(f"  needs     {', '.join(clean(name) for name in record.dependencies)}")
    return "\n".join(lines)


def _leaves(title: str, values: Mapping[str, Json]) -> list[str]:
    if not values:
        return []
    rows = [(path_text(path), value) for path, value in leaves(values)]
    column = min(max(len(path) for path, _ in rows), _WIDEST_PATH)
    return [f"  {title}", *(f"    {path.ljust(column)}  {value_text(v)}" for path, v in rows)]


def _shown(values: Mapping[str, Json]) -> Json:
    return masked(values)
