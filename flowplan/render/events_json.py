"""Events as JSON, one a line, flushed at once: what a pipeline follows while apply runs.

CONTRACT "apply --format json". Also the file of `--json-into`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flowplan.planner.events import Event, Summary
from flowplan.planner.plan import Plan
from flowplan.render.plan_json import plan_document

__all__ = ["EventLines", "event_document", "plan_event_document", "timestamp"]


class EventLines:
    """A listener that gives each event's document to `write`, one at a time."""

    def __init__(self, write: Callable[[dict[str, Any]], None]) -> None:
        self.write = write
        self.lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Write one event; steps run in threads, lines must not mix."""
        document = event_document(event)
        with self.lock:
            self.write(document)


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_document(event: Event) -> dict[str, Any]:
    """One event: the fields that its type has."""
    if event.type == "summary" and event.summary is not None:
        return {**_summary(event.summary, event.at), **(event.status or {})}
    document: dict[str, Any] = {
        "type": event.type,
        "@timestamp": timestamp(event.at),
        "node": event.node,
        "action": event.action,
    }
    if event.text:
        document["text"] = event.text
    if event.type == "step_completed":
        document["resource_type"] = event.resource_type
        document["resource_id"] = event.resource_id
        document["elapsed_ms"] = event.elapsed_ms
    if event.type == "step_failed":
        document["elapsed_ms"] = event.elapsed_ms
        document["diagnostic"] = event.diagnostic.as_json() if event.diagnostic else None
    if event.check:
        document["check"] = event.check
        document["elapsed_ms"] = event.elapsed_ms
    if event.type == "check_failed":
        document["diagnostic"] = event.diagnostic.as_json() if event.diagnostic else None
    if event.type == "step_skipped":
        document["waits_for"] = list(event.waits_for)
    return document


def plan_event_document(plan: Plan, at: datetime) -> dict[str, Any]:
    """The first line: the plan that is carried out."""
    return {
        "type": "plan",
        "@timestamp": timestamp(at),
        "node": None,
        "action": None,
        "plan": plan_document(plan),
    }


def _summary(summary: Summary, at: datetime) -> dict[str, Any]:
    return {
        "type": "summary",
        "@timestamp": timestamp(at),
        "node": None,
        "action": None,
        "state": summary.state,
        "created": summary.created,
        "updated": summary.updated,
        "replaced": summary.replaced,
        "deleted": summary.deleted,
        "imported": summary.imported,
        "moved": summary.moved,
        "accepted": summary.accepted,
        "failed": summary.failed,
        "skipped": summary.skipped,
        "elapsed_ms": summary.elapsed_ms,
        "serial": summary.serial,
        "left": list(summary.left),
        "interrupted": summary.interrupted,
        "checks": summary.checks,
        "checks_failed": summary.checks_failed,
    }
