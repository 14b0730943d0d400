"""`flowplan destroy`: delete what was made, dependants first; works from the state alone."""

from __future__ import annotations

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import RUN, SELECT, optional_argument
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "destroy",
    optional_argument("argument", "[TEMPLATE]"),
    *(make() for make in SELECT),
    *(make() for make in RUN),
    summary=VERBS["destroy"],
)
def command(call: Call) -> int:
    """Lock, finish what an earlier run left open, plan the deletions, ask, execute."""
    from flowplan.cli.changing import change

    return change(call)
