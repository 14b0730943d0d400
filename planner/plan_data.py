"""Plans and events as plain JSON and back: for plan files, and between two processes.

Every field is there, unlike in the documents that scripts read. What went through the planner's
exits is all that a plan or an event holds, so there is no secret in it. Must not know files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from flowplan.errors import Diagnostic
from flowplan.planner.events import Event, Summary
from flowplan.planner.plan import (
    Binding,
    Drift,
    FieldChange,
    NodeChange,
    OutputChange,
    Partial,
    Plan,
    User,
)
from flowplan.planner.values import Json

__all__ = ["event_from_json", "plan_from_json", "to_json"]


def to_json(value: Any) -> Json:
    """A plan, an event, or a part of one. Times are RFC 3339."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_json(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def event_from_json(data: dict[str, Any]) -> Event:
    """The event that `to_json` described. Raises `ValueError`, `KeyError` or `TypeError`."""
    diagnostic, summary = data["diagnostic"], data["summary"]
    return Event(
        **{
            **data,
            "waits_for": tuple(data["waits_for"]),
            "diagnostic": Diagnostic(**diagnostic) if diagnostic else None,
            "summary": Summary(**{**summary, "left": tuple(summary["left"])}) if summary else None,
            "at": datetime.fromisoformat(data["at"]),
        }
    )


def plan_from_json(data: dict[str, Any]) -> Plan:
    """The plan that `to_json` described. Raises as `event_from_json` does."""
    return Plan(
        **{
            **data,
            "changes": tuple(_change(item) for item in data["changes"]),
            "drift": tuple(
                Drift(**{**item, "fields": _fields(item["fields"])}) for item in data["drift"]
            ),
            "outputs": {name: OutputChange(**item) for name, item in data["outputs"].items()},
            "diagnostics": tuple(Diagnostic(**item) for item in data["diagnostics"]),
            "binding": Binding(**data["binding"]),
            "partial": _partial(data.get("partial")),
            "not_given": tuple(data.get("not_given", ())),
        }
    )


def _partial(data: dict[str, Any] | None) -> Partial | None:
    if data is None:
        return None
    return Partial(**{**data, "target": tuple(data["target"]), "exclude": tuple(data["exclude"])})


def _change(data: dict[str, Any]) -> NodeChange:
    lists = {name: tuple(data[name]) for name in ("depends_on", "steps", "notes")}
    lists["stays_for"] = tuple(data.get("stays_for", ()))
    users = tuple(User(**item) for item in data.get("used_by", ()))
    return NodeChange(**{**data, **lists, "fields": _fields(data["fields"]), "used_by": users})


def _fields(items: list[dict[str, Any]]) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(**{**item, "path": tuple(item["path"])}) for item in items)
