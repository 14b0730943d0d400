"""What an apply or destroy tells while it runs: typed events, drawn by `flowplan.render`.

CONTRACT.md "one event a line". This module must not know who listens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from flowplan.dataclass import dataclass, field
from flowplan.errors import Diagnostic
from flowplan.planner.plan import Action

__all__ = ["Event", "Listener", "Summary"]

EventType = Literal[
    "plan",
    "step_started",
    "step_progress",
    "step_completed",
    "step_failed",
    "step_skipped",
    "check_completed",
    "check_failed",
    "check_skipped",
    "summary",
]


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of a run: nodes by what became of them; `serial` is the state's afterwards.

    `accepted` counts the nodes whose drift a refresh-only run wrote into the state.

    `left` names what destroy could not delete, as `connector_id X`; `changed` says that a record
    changed, also one of a step that failed later. `checks` were run after it, and
    `checks_failed` of them do not hold.
    """

    state: Literal["COMPLETED", "FAILED", "PROVISIONING", "NOT_STARTED"]
    created: int = 0
    updated: int = 0
    replaced: int = 0
    deleted: int = 0
    imported: int = 0
    moved: int = 0
    accepted: int = 0
    failed: int = 0
    skipped: int = 0
    elapsed_ms: int = 0
    serial: int = 0
    left: tuple[str, ...] = ()
    interrupted: bool = False
    changed: bool = False
    checks: int = 0
    checks_failed: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `text` is for people; `timeout` in seconds bounds a started step.

    `waits_for` names the nodes that a skipped step needed. `status` is the workflow's `_status`
    body, with a summary of a run that goes on. `check` names a check, which belongs to no node.
    """

    type: EventType
    node: str | None = None
    action: Action | None = None
    text: str = ""
    resource_type: str | None = None
    resource_id: str | None = None
    elapsed_ms: int | None = None
    diagnostic: Diagnostic | None = None
    timeout: float | None = None
    waits_for: tuple[str, ...] = ()
    summary: Summary | None = None
    status: Mapping[str, Any] | None = None
    check: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


Listener: TypeAlias = Callable[[Event], None]
