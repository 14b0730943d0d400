"""`flowplan status`: what Flow Framework's `_status` answers, from the state."""

from __future__ import annotations

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import duration, flag, option, optional_argument, optional_duration
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "status",
    optional_argument("argument", "[TEMPLATE]"),
    flag("--all", help="Progress, times, user and outputs, too."),
    flag("--watch", help="Follow the run that goes on, until it is over."),
    option(
        "--interval",
        callback=duration,
        default="1s",
        show_default=True,
        metavar="DURATION",
        help="With --watch: how often to look.",
    ),
    option(
        "--timeout",
        callback=optional_duration,
        metavar="DURATION",
        help="With --watch: how long at most.",
    ),
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
    if call.flags.watch:
        from flowplan.cli.watching import watch

        return watch(call, backend)
    snapshot = backend.load()
    running = snapshot.holder is not None
    document = workflow_status(snapshot.state, provisioning=running, all=call.flags.all)
    if not call.flags.json:
        tell_of_runs(call.err, snapshot, backend.location)
    name = snapshot.state.workflow if snapshot.state else ""
    call.result(lambda: status_text(document, name, call.look), lambda: document)
    return 0
