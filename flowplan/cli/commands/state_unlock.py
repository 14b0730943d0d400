"""`flowplan state unlock --lock-id ID`: release the lock of a run that is dead."""

from __future__ import annotations

from flowplan.cli.app import STATE_VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import option
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "state unlock",
    option("--lock-id", metavar="ID", required=True, help="The id that the error FP501 names."),
    summary=STATE_VERBS["unlock"],
    template_params=False,
)
def command(call: Call) -> int:
    """Release it if it has this id, and say whose it was."""
    from flowplan.cli.session import find
    from flowplan.render.state_edits import unlock_document, unlock_text
    from flowplan.state.backends import open_backend

    # The lock is a place's own: whose state it is, and whether it can be read, does not matter.
    backend = open_backend(find(call).state)
    holder = backend.unlock(call.flags.lock_id or "")
    call.result(
        lambda: unlock_text(holder, backend.location),
        lambda: unlock_document(call.flags.verb, holder, backend.location),
    )
    return 0
