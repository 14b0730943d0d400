"""`flowplan state list`: one node a line."""

from __future__ import annotations

from flowplan.cli.app import STATE_VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import optional_argument
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "state list",
    optional_argument("argument", "[TEMPLATE]"),
    summary=STATE_VERBS["list"],
    template_params=False,
)
def command(call: Call) -> int:
    """Names only, so that a shell can loop over them."""
    from flowplan.cli.session import open_existing
    from flowplan.render.state_text import node_list

    _, backend = open_existing(call)
    state = backend.load().state
    names = list(state.resources) if state else []
    call.result(lambda: node_list(state), lambda: {"nodes": names})
    return 0
