"""`flowplan state show NODE`: all that is recorded of a node, secrets aside."""

from __future__ import annotations

import click

from flowplan.cli.app import STATE_VERBS
from flowplan.cli.call import Call
from flowplan.cli.complete import node_names
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "state show",
    click.Argument(["target"], metavar="NODE", shell_complete=node_names),
    summary=STATE_VERBS["show"],
    template_params=False,
)
def command(call: Call) -> int:
    """Draw one record."""
    from flowplan.cli.session import open_existing
    from flowplan.render.state_text import record_document, record_text
    from flowplan.state.edit import not_recorded

    _, backend = open_existing(call)
    state = backend.load().state
    name = call.flags.target or ""
    if state is None or name not in state.resources:
        raise not_recorded(name, state, backend.location)
    record = state.resources[name]
    call.result(lambda: record_text(record, call.look), lambda: record_document(record))
    return 0
