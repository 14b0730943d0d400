"""`flowplan status`: what Flow Framework's `_status` answers, from the state."""

from __future__ import annotations

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call, verb
from flowplan.cli.options import flag, optional_argument

__all__ = ["command"]


@verb(
    "status",
    optional_argument("argument", "[TEMPLATE]"),
    flag("--all", help="Progress, times, user and outputs, too."),
    summary=VERBS["status"],
    template_params=False,
)
def command(call: Call) -> int:
    """Read the state, without a lock or a cluster."""
    from flowplan.cli.runs import tell_of_runs
    from flowplan.cli.session import open_existing
    from flowplan.render.status import status_text
    from flowplan.state.status import workflow_status

    _, backend = open_existing(call)
    snapshot = backend.load()
    running = snapshot.holder is not None
    document = workflow_status(snapshot.state, provisioning=running, all=call.flags.all)
    if not call.flags.json:
        tell_of_runs(call.err, snapshot, backend.location)
    name = snapshot.state.workflow if snapshot.state else ""
    call.result(lambda: status_text(document, name, call.look), lambda: document)
    return 0
