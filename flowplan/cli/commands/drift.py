"""`flowplan drift`: what changed on the cluster since it was last applied, and nothing else."""

from __future__ import annotations

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import SELECT, flag, optional_argument
from flowplan.cli.verbs import verb
from flowplan.dataclass import replace

__all__ = ["command"]

DRIFT_EXIT = 2


@verb(
    "drift",
    optional_argument("argument", "[TEMPLATE]"),
    flag("--detailed-exitcode", help="Exit 2 when there is drift."),
    *(make() for make in SELECT),
    summary=VERBS["drift"],
    template_params=False,
)
def command(call: Call) -> int:
    """Read what is recorded, compare it with what was read back. It needs no template."""
    from flowplan.cli.next_step import next_after_drift, repeating
    from flowplan.cli.selecting import selection_of
    from flowplan.cli.session import open_workspace
    from flowplan.planner.build import build
    from flowplan.render.drift import drift_document, drift_text
    from flowplan.render.patience import patience
    from flowplan.render.validation import warn

    opened = open_workspace(call, mode="refresh-only")
    with patience(call.err, "Looking at the cluster …", quiet=call.flags.quiet):
        plan = build(opened.workspace, mode="refresh-only", selection=selection_of(call.flags))
    told = tuple(repeating(item, call.flags) for item in plan.diagnostics)
    plan = replace(plan, diagnostics=told)
    if not call.flags.json:
        warn(call.err, told)
    step = next_after_drift(call.flags)
    call.result(lambda: drift_text(plan, call.look, next_step=step), lambda: drift_document(plan))
    return DRIFT_EXIT if call.flags.detailed_exitcode and plan.drift else 0
