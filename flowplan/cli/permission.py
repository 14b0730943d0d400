"""What may be deleted: what holds data, and how much at all; by flags, or the project file.

A plan says where a permission comes from that nobody gave on this command line. It must not know
how a plan decides what needs one.
"""

from __future__ import annotations

from flowplan.cli.call import Call
from flowplan.dataclass import replace
from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.plan import NodeChange, Plan
from flowplan.planner.workspace import Workspace

__all__ = ["allowed", "most_deletes", "refuse_many", "tell_of_many", "tell_who_allows"]

_NAMED = 10


def allowed(call: Call) -> frozenset[str]:
    """The words of `--allow-delete` and of the project file's `allow_delete`."""
    return frozenset(call.flags.allow_delete) | call.settings.allow_delete


def most_deletes(call: Call) -> int | None:
    """How many deletes and replacements a plan may have: `--max-deletes`, else the project file."""
    given = call.flags.max_deletes
    return call.settings.max_deletes if given is None else given


def refuse_many(plan: Plan, most: int | None) -> None:
    """Refuse a plan that deletes more than was expected. Raises `PlanError` FP644."""
    told = _too_many(plan, most)
    if told is not None:
        raise PlanError(told)


def tell_of_many(plan: Plan, most: int | None) -> Plan:
    """The plan, saying already that it would be refused."""
    told = _too_many(plan, most)
    if told is None:
        return plan
    return replace(plan, diagnostics=(*plan.diagnostics, replace(told, severity="warning")))


def _too_many(plan: Plan, most: int | None) -> Diagnostic | None:
    gone = [change.node for change in plan.changes if change.action in {"delete", "replace"}]
    if most is None or len(gone) <= most:
        return None
    counts = plan.summary
    shown = ", ".join(gone[:_NAMED]) + (f" and {len(gone) - _NAMED:,} more" * (len(gone) > _NAMED))
    return Diagnostic(
        "error", "FP644",
        f"the plan deletes {counts['delete']:,} and replaces {counts['replace']:,}, "
        f"and {most:,} together are allowed",
        f"These would go: {shown}.",
        hint=f"If all of that is meant: --max-deletes {len(gone)}",
    )  # fmt: skip


def tell_who_allows(call: Call, workspace: Workspace, plan: Plan) -> Plan:
    """The plan, with a note at each loss of data that only the project file allows."""
    standing = call.settings.allow_delete
    if not standing or "all" in call.flags.allow_delete:
        return plan
    changes = tuple(_told(call, workspace, change) for change in plan.changes)
    return replace(plan, changes=changes)


def _told(call: Call, workspace: Workspace, change: NodeChange) -> NodeChange:
    names = {change.node, str(change.resource_id)}
    goes = change.action in {"delete", "replace"} and change.reason != "deposed"
    if not goes or not names & call.settings.allow_delete or names & set(call.flags.allow_delete):
        return change
    schema = workspace.steps.schema(change.type)
    if schema is None or not schema.holds_data:
        return change
    return replace(change, notes=(*change.notes, f"allowed by {call.settings.file}"))
