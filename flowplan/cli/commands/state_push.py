"""`flowplan state push FILE|-`: a state document takes the place of the one that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowplan.cli.app import STATE_VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import LOCK_TIMEOUT, flag
from flowplan.cli.verbs import verb
from flowplan.dataclass import replace

if TYPE_CHECKING:
    from flowplan.cli.editing import Edit
    from flowplan.state.backends import Backend
    from flowplan.state.model import State

__all__ = ["command"]


@verb(
    "state push",
    click.Argument(["target"], metavar="FILE|-"),
    flag("--force", help="Whatever lineage, workflow and serial are there."),
    LOCK_TIMEOUT(),
    summary=STATE_VERBS["push"],
    template_params=False,
)
def command(call: Call) -> int:
    """Check that it is a later version of what is there, then store it."""
    from flowplan.cli.documents import read_document
    from flowplan.cli.editing import tell
    from flowplan.cli.session import find
    from flowplan.state.backends import open_backend
    from flowplan.state.codec import decode

    backend = open_backend(find(call).state)
    name, data = read_document(call.flags.target or "")
    return tell(call, _push(call, backend, decode(data, name), name))


def _push(call: Call, backend: Backend, given: State, name: str) -> Edit:
    from flowplan.cli.changing import holding
    from flowplan.cli.editing import Edit, backup_of
    from flowplan.state.transfer import at_rest, check_push, digest, pushed

    with holding(call, backend, call.flags.verb):
        snapshot = backend.load()
        at_rest(snapshot, backend.location)
        there = snapshot.state
        if there is not None and digest(there) == digest(given):
            return _told(call, Edit(there, backend.location, changed=False), there, name)
        if there is not None and not call.flags.force:
            check_push(there, given, backend.location)
        state = pushed(there, given, force=call.flags.force)
        backend.save(state)
    backup = backup_of(backend) if there is not None else None
    return _told(call, Edit(state, backend.location, backup=backup), there, name)


def _told(call: Call, edit: Edit, before: State | None, name: str) -> Edit:
    from flowplan.cli.next_step import next_after_edit
    from flowplan.render.state_edits import difference_text
    from flowplan.state.edit import difference

    found = difference(before, edit.state)
    lines = [f"Nothing to do: {edit.location} is just this state."]
    if edit.changed:
        lines = [
            f"Pushed the state of {edit.state.workflow} from {name}.",
            difference_text(found),
            f"Next: {next_after_edit(call.flags)}",
        ]
    fields = {
        "added": list(found.added),
        "removed": list(found.removed),
        "changed_nodes": list(found.changed),
    }
    return replace(edit, lines=lines, fields=fields)
