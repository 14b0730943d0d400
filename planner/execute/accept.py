"""Carrying out a refresh-only plan: what is there now is written into the state.

Reads the cluster again and changes nothing on it. The lock is held by the caller. It must not
know how anything is drawn.
"""

from __future__ import annotations

import time

from flowplan.dataclass import replace
from flowplan.errors import Diagnostic, PlanError, StalePlan
from flowplan.planner.accept import survey
from flowplan.planner.events import Event, Listener, Summary
from flowplan.planner.execute.context import elapsed_ms
from flowplan.planner.plan import Plan
from flowplan.planner.select import refreshed_nodes
from flowplan.planner.workspace import Workspace
from flowplan.state.model import ProvisionStatus

__all__ = ["accept"]


def accept(workspace: Workspace, plan: Plan, *, listener: Listener, saved: bool) -> Summary:
    """Write the drift that `plan` shows into the state.

    Without drift nothing is written, unless the plan was `saved`: then the serial moves, so that
    it can't be used twice. Raises `StalePlan` or `PlanError` FP266 when the cluster has moved on
    since the plan was made, and what the cluster and the state raise.
    """
    begun = time.monotonic()
    listener(Event("plan", text=plan.workflow))
    state = workspace.backend.load().state
    if state is None or workspace.connection is None:
        summary = Summary("NOT_STARTED", elapsed_ms=elapsed_ms(begun))
        listener(Event("summary", summary=summary))
        return summary
    nodes = refreshed_nodes(plan.partial, workspace.steps, state.resources)
    cluster = workspace.connection.operation()
    found = survey(workspace.steps, cluster, state.resources, nodes, state.salt)
    if found.drift != plan.drift:
        raise _moved_on(saved=saved)
    after = replace(state, resources=found.records)
    if not found.records:
        after = replace(after, status=ProvisionStatus())
    if found.drift or saved:
        after = replace(after, serial=state.serial + 1)
        workspace.backend.save(after)
    summary = Summary(
        after.status.state, accepted=len(found.drift), elapsed_ms=elapsed_ms(begun),
        serial=after.serial, changed=after != state,
    )  # fmt: skip
    listener(Event("summary", summary=summary))
    return summary


def _moved_on(*, saved: bool) -> PlanError | StalePlan:
    error = StalePlan if saved else PlanError
    return error(
        Diagnostic(
            "error", "FP266", "the cluster has changed since this was planned",
            "What would be accepted now is not what was shown. Nothing was written.",
            hint="look again: flowplan plan --refresh-only",
        )
    )  # fmt: skip
