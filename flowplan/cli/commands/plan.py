"""`flowplan plan`: what an apply or destroy would change; saved with --out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import (
    ALLOW_DELETE,
    MAX_DELETES,
    REFRESH_ONLY,
    REPLACE,
    SELECT,
    flag,
    option,
    optional_argument,
)
from flowplan.cli.verbs import verb
from flowplan.dataclass import replace

if TYPE_CHECKING:
    from flowplan.planner.plan import Plan
    from flowplan.planner.workspace import Workspace

__all__ = ["command"]

CHANGES_EXIT = 2


@verb(
    "plan",
    optional_argument("argument", "[TEMPLATE]"),
    option("--out", metavar="FILE", help="Save the plan for apply --plan."),
    flag("--destroy", help="Plan to delete everything that was made."),
    flag("--detailed-exitcode", help="Exit 2 when there are changes."),
    option("--refresh/--no-refresh", default=True, help="Whether to look at the cluster first."),
    REFRESH_ONLY(),
    *(make() for make in SELECT),
    REPLACE(),
    ALLOW_DELETE(),
    MAX_DELETES(),
    flag(
        "--allow-missing-secrets",
        help="Plan without the secrets that are not given: what is recorded counts as unchanged.",
    ),
    summary=VERBS["plan"],
)
def command(call: Call) -> int:
    """Build a plan and show it. It takes no lock and writes nothing but the plan file."""
    from flowplan.cli.next_step import next_after_plan, repeating
    from flowplan.cli.permission import allowed, most_deletes, tell_of_many, tell_who_allows
    from flowplan.cli.places import placing
    from flowplan.cli.selecting import mode_of, selection_of
    from flowplan.cli.session import open_workspace
    from flowplan.planner.build import build
    from flowplan.render.patience import patience
    from flowplan.render.plan_json import plan_document
    from flowplan.render.plan_text import plan_text
    from flowplan.render.validation import not_in_place, warn

    flags = call.flags
    mode = mode_of(flags)
    opened = open_workspace(call, mode=mode)
    with (
        placing(opened.workspace.template),
        patience(call.err, "Looking at the cluster …", quiet=flags.quiet),
    ):
        plan = build(
            opened.workspace,
            mode=mode,
            refresh=flags.refresh,
            allow_delete=allowed(call),
            selection=selection_of(flags),
        )
        plan = tell_who_allows(call, opened.workspace, plan)
    if flags.out:
        _save(call, opened.workspace, plan, Path(flags.out))
    # Not in the file: how much may go is asked of the apply.
    plan = tell_of_many(plan, most_deletes(call))
    plan = replace(plan, diagnostics=tuple(repeating(item, flags) for item in plan.diagnostics))
    if not flags.json:
        warn(call.err, (*opened.warnings, *not_in_place(plan)))
    noted = (*(item.without_place() for item in opened.warnings), *plan.diagnostics)
    shown = replace(plan, diagnostics=noted)
    step = next_after_plan(flags, plan, opened.workspace.template)
    call.result(lambda: plan_text(shown, call.look, next_step=step), lambda: plan_document(shown))
    changes = not plan.empty or plan.outputs_changed
    return CHANGES_EXIT if flags.detailed_exitcode and changes else 0


def _save(call: Call, workspace: Workspace, plan: Plan, path: Path) -> None:
    from flowplan.planner.planfile import save

    project = call.settings
    save(plan, workspace, path, project=project.file, environment=project.environment)
