"""`flowplan validate`: is this template right, without a cluster or a state."""

from __future__ import annotations

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import optional_argument
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb("validate", optional_argument("argument", "[TEMPLATE]"), summary=VERBS["validate"])
def command(call: Call) -> int:
    """All errors of a template with its params at once. Exit 1 when there are any."""
    # On use, as of every verb: its help needs none of it.
    from flowplan.cli.validating import validate

    return validate(call)
