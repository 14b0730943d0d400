"""`flowplan state rm NODE…`: nodes are let go; what they made stays on the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from flowplan.cli.app import STATE_VERBS
from flowplan.cli.call import Call
from flowplan.cli.complete import node_names
from flowplan.cli.options import LOCK_TIMEOUT, flag
from flowplan.cli.verbs import verb
from flowplan.errors import Diagnostic
from flowplan.state.model import ResourceRecord, State

if TYPE_CHECKING:
    from flowplan.cli.editing import Edit

__all__ = ["command"]


@verb(
    "state rm",
    click.Argument(
        ["nodes"], metavar="NODE...", nargs=-1, required=True, shell_complete=node_names
    ),
    flag("--dry-run", help="Only show what would be let go."),
    LOCK_TIMEOUT(),
    summary=STATE_VERBS["rm"],
    template_params=False,
)
def command(call: Call) -> int:
    """Forget them, and say what stays behind."""
    from flowplan.cli.editing import Edit, at_work, present, tell, write
    from flowplan.cli.runs import tell_of_runs
    from flowplan.cli.session import open_existing
    from flowplan.state.edit import remove, selected

    _, backend = open_existing(call)
    if call.flags.dry_run:
        snapshot = backend.load()
        tell_of_runs(call.err, snapshot, backend.location)
        state = present(snapshot, backend.location)
        nodes = selected(state, call.flags.nodes, backend.location)
        edit = Edit(state, backend.location, changed=False)
        return tell(call, _told(call, edit, state, nodes))
    with at_work(call, backend) as state:
        nodes = selected(state, call.flags.nodes, backend.location)
        edit = write(backend, state, lambda before: remove(before, nodes))
    return tell(call, _told(call, edit, state, nodes))


def _told(call: Call, edit: Edit, before: State, nodes: Sequence[str]) -> Edit:
    from flowplan.cli.next_step import next_after_edit
    from flowplan.dataclass import replace
    from flowplan.render.state_edits import kept_document, kept_lines
    from flowplan.state.edit import users_of

    records = [before.resources[node] for node in nodes]
    many = f"{len(nodes)} nodes" if len(nodes) > 1 else nodes[0]
    left = kept_lines(records, call.look)
    done = not call.flags.dry_run
    lines = [f"{many} {'let go' if done else 'would be let go, and nothing was written'}."]
    if left:
        lines += [f"What {'stays' if done else 'would stay'} on the cluster:", *left]
    lines += [
        "The next apply makes it again while the template has it; to leave it to others, take",
        "it out of the template, too.",
    ]
    if done:
        lines.append(f"Next: {next_after_edit(call.flags)}")
    warnings = tuple(_still_used(record, nodes) for record in users_of(before, nodes))
    fields = {"removed": kept_document(records), "dry_run": not done}
    return replace(edit, lines=lines, fields=fields, warnings=warnings)


def _still_used(record: ResourceRecord, nodes: Sequence[str]) -> Diagnostic:
    used = ", ".join(name for name in record.dependencies if name in nodes)
    return Diagnostic(
        "warning",
        "FP469",
        f"it uses {used}, which is let go",
        "It goes on with what is on the cluster. Once the next apply has made that again, this"
        " node is moved to the new one.",
        node=record.node,
        hint="Let it go, too, if the template no longer has it.",
    )
