"""Draw what changed on the cluster since it was last applied, and nothing else. Pure."""

from __future__ import annotations

from typing import Any

from flowplan.planner.plan import Plan
from flowplan.render.look import Look
from flowplan.render.plan_json import plan_document
from flowplan.render.plan_text import drift_lines, partial_text

__all__ = ["drift_document", "drift_text"]

_KEPT = (
    "format_version",
    "flowplan_version",
    "workflow",
    "endpoint",
    "drift",
    "summary",
    "partial",
)


def drift_text(plan: Plan, look: Look, *, next_step: str = "") -> str:
    """One line for each field that differs, then how many resources do; one line without any."""
    if not plan.looked_at:
        return "No drift. Nothing is recorded that could be looked at."
    requests = f"{plan.requests:,} request{'' if plan.requests == 1 else 's'}"
    one = plan.looked_at == 1
    if not plan.drift:
        what = f"{plan.looked_at:,} resource{' is' if one else 's are'} as applied"
        return f"No drift. {what} (checked in {requests})."
    looked = f"{len(plan.drift):,} of {plan.looked_at:,} resource{'' if one else 's'}"
    found = f"{looked} changed outside flowplan"
    return "\n".join(
        (
            *drift_lines(plan, look),
            "",
            *([partial_text(plan.partial)] if plan.partial else []),
            look.paint("bold", f"{found} (checked in {requests})."),
            *([f"Next: {next_step}"] if next_step else []),
        )
    )


def drift_document(plan: Plan) -> dict[str, Any]:
    """The drift as in a plan's document, without its changes."""
    document = plan_document(plan)
    return {name: document[name] for name in _KEPT} | {"diagnostics": document["diagnostics"]}
