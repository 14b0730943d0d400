"""`flowplan state mv FROM TO`: a node gets another name; nothing is made or deleted."""

from __future__ import annotations

import click

from flowplan.cli.app import STATE_VERBS
from flowplan.cli.call import Call
from flowplan.cli.complete import node_names
from flowplan.cli.options import LOCK_TIMEOUT
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "state mv",
    click.Argument(["target"], metavar="FROM", shell_complete=node_names),
    click.Argument(["dest"], metavar="TO"),
    LOCK_TIMEOUT(),
    summary=STATE_VERBS["mv"],
    template_params=False,
)
def command(call: Call) -> int:
    """Rename it wherever the state names it, and say what the template has to say now."""
    from flowplan.cli.editing import at_work, tell, write
    from flowplan.cli.next_step import next_after_edit
    from flowplan.cli.session import open_existing
    from flowplan.dataclass import replace
    from flowplan.planner.moves import naming
    from flowplan.providers.registry import Registry
    from flowplan.state.edit import move

    _, backend = open_existing(call)
    source, dest = call.flags.target or "", call.flags.dest or ""
    names = naming(Registry())
    with at_work(call, backend) as state:
        edit = write(
            backend, state, lambda before: move(before, source, dest, names, backend.location)
        )
    lines = (
        f"{source} is called {dest} now.",
        "The template has to call it so, too, wherever it is named: a node that it does not",
        "have is deleted by the next apply.",
        f"Next: {next_after_edit(call.flags)}",
    )
    return tell(call, replace(edit, lines=lines, fields={"moved": [{"from": source, "to": dest}]}))
