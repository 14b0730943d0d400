"""A plan as the JSON document of CONTRACT "plan --format json": fixed key order, no times."""

from __future__ import annotations

from typing import Any

from flowplan import __version__
from flowplan.planner.plan import Drift, FieldChange, NodeChange, OutputChange, Partial, Plan
from flowplan.planner.values import Json
from flowplan.render.values import SENSITIVE

__all__ = ["FORMAT_VERSION", "plan_document"]

FORMAT_VERSION = "1.0"


def plan_document(plan: Plan) -> dict[str, Any]:
    """The document; equal plans give equal documents, byte for byte."""
    return {
        "format_version": FORMAT_VERSION,
        "flowplan_version": __version__,
        "workflow": plan.workflow,
        "endpoint": plan.endpoint,
        "mode": plan.mode,
        "changes": [_change(change) for change in plan.changes],
        "drift": [_drift(drift) for drift in plan.drift],
        "outputs": {name: _output(output) for name, output in plan.outputs.items()},
        "summary": _summary(plan),
        "partial": _partial(plan.partial),
        **({"not_given": list(plan.not_given)} if plan.not_given else {}),
        "diagnostics": [item.without_place().as_json() for item in plan.diagnostics],
    }


def _summary(plan: Plan) -> dict[str, int]:
    counts = dict(plan.summary)
    return {"drift": counts["drift"]} if plan.mode == "refresh-only" else counts


def _partial(partial: Partial | None) -> dict[str, Any] | None:
    if partial is None:
        return None
    return {
        "target": list(partial.target),
        "exclude": list(partial.exclude),
        "nodes": partial.nodes,
        "of": partial.of,
    }


def _change(change: NodeChange) -> dict[str, Any]:
    return {
        "node": change.node,
        "type": change.type,
        "action": change.action,
        "reason": change.reason,
        "resource_id": change.resource_id,
        "depends_on": list(change.depends_on),
        "fields": [_field(field) for field in change.fields],
        "order": change.order,
        "steps": list(change.steps),
        "notes": list(change.notes),
        "blocked": change.blocked,
        "moved_from": change.moved_from,
        "used_by": [
            {"kind": user.kind, "id": user.id, "name": user.name} for user in change.used_by
        ],
    }


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "path": list(field.path),
        "before": _shown(field.before, sensitive=field.sensitive),
        "after": _shown(field.after, sensitive=field.sensitive) if field.known else None,
        "sensitive": field.sensitive,
        "known": field.known,
        "forces_replace": field.forces_replace,
        "origin": field.origin,
    }


def _shown(value: Json, *, sensitive: bool) -> Json:
    """A last guard: whatever a sensitive field holds, this is all that is printed of it."""
    return SENSITIVE if sensitive and value is not None else value


def _drift(drift: Drift) -> dict[str, Any]:
    return {
        "node": drift.node,
        "type": drift.type,
        "resource_id": drift.resource_id,
        "fields": [_field(field) for field in drift.fields],
        "gone": drift.gone,
        "restored": drift.restored,
    }


def _output(output: OutputChange) -> dict[str, Any]:
    return {
        "before": _shown(output.before, sensitive=output.sensitive),
        "after": _shown(output.after, sensitive=output.sensitive) if output.known else None,
        "known": output.known,
        "sensitive": output.sensitive,
    }
