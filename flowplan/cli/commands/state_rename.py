"""`flowplan state rename NAME`: the workflow is called as its template is called now."""

from __future__ import annotations

import click

from flowplan.cli.app import STATE_VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import LOCK_TIMEOUT
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "state rename",
    click.Argument(["target"], metavar="NAME"),
    LOCK_TIMEOUT(),
    summary=STATE_VERBS["rename"],
    template_params=False,
)
def command(call: Call) -> int:
    """Change the name; lineage and nodes stay."""
    from flowplan.cli.editing import at_work, tell, write
    from flowplan.cli.next_step import next_after_edit
    from flowplan.cli.session import find
    from flowplan.dataclass import replace
    from flowplan.errors import StateError
    from flowplan.state.backends import open_backend

    # Not `open_existing`: a template with another name is why this is called.
    backend = open_backend(find(call).state)
    name = call.flags.target or ""
    if not name.strip() or not name.isprintable():
        raise StateError.of(
            "FP468",
            "the new name of the workflow is empty or has characters that can't be shown",
            "It is the `name` of the template.",
            hint="flowplan state rename NAME",
        )
    with at_work(call, backend) as state:
        edit = write(backend, state, lambda before: replace(before, workflow=name))
    fields = {"before": state.workflow, "after": name}
    lines = [f'The workflow "{state.workflow}" is called "{name}" now.']
    if not edit.changed:
        lines = [f'Nothing to do: the workflow is called "{name}" already.']
    else:
        lines.append(f"Next: {next_after_edit(call.flags)}")
    return tell(call, replace(edit, lines=lines, fields=fields))
