"""`flowplan show [PLANFILE]`: a saved plan, or what the state records."""

from __future__ import annotations

from pathlib import Path

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import optional_argument
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "show", optional_argument("target", "[PLANFILE]"), summary=VERBS["show"], template_params=False
)
def command(call: Call) -> int:
    """Draw it; nothing is compared and nothing connects."""
    if call.flags.target:
        return _plan(call, Path(call.flags.target))
    from flowplan.cli.runs import tell_of_runs
    from flowplan.cli.session import open_existing
    from flowplan.render.state_text import state_document, state_text

    _, backend = open_existing(call)
    snapshot = backend.load()
    state = snapshot.state
    if not call.flags.json:
        tell_of_runs(call.err, snapshot, backend.location)
    call.result(
        lambda: state_text(state, backend.location, call.look), lambda: state_document(state)
    )
    return 0


def _plan(call: Call, path: Path) -> int:
    from flowplan.planner.planfile import load
    from flowplan.render.plan_json import plan_document
    from flowplan.render.plan_text import plan_text
    from flowplan.render.validation import not_in_place, warn

    plan = load(path).plan
    if not call.flags.json:
        warn(call.err, not_in_place(plan))
    step = "" if plan.empty else f"flowplan apply --plan {path}"
    call.result(lambda: plan_text(plan, call.look, next_step=step), lambda: plan_document(plan))
    return 0
