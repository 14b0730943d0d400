"""`flowplan state rebind`: the cluster at the endpoint is the state's own from now on."""

from __future__ import annotations

from flowplan.cli.app import STATE_VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import APPROVE, LOCK_TIMEOUT
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "state rebind",
    APPROVE(),
    LOCK_TIMEOUT(),
    summary=STATE_VERBS["rebind"],
    template_params=False,
)
def command(call: Call) -> int:
    """Ask the cluster who it is, show both, ask, write."""
    from flowplan.cli.approval import can_ask, confirm
    from flowplan.cli.editing import at_work, tell, write
    from flowplan.cli.next_step import next_after_edit
    from flowplan.cli.session import open_workspace
    from flowplan.dataclass import replace
    from flowplan.render.state_edits import cluster_text
    from flowplan.state.model import ClusterIdentity
    from flowplan.state.records import to_json

    workspace = open_workspace(call, mode="destroy").workspace
    backend = workspace.backend
    with at_work(call, backend) as state:
        assert workspace.connection is not None  # noqa: S101 open_workspace connects
        server = workspace.steps.describe(workspace.connection.operation())
        cluster = ClusterIdentity(server.cluster_uuid, workspace.endpoint)
        before, after = cluster_text(state.cluster), cluster_text(cluster)
        if cluster != state.cluster and not call.flags.auto_approve:
            if can_ask(call):
                call.err.line(
                    f"The state's cluster was  {before}\nand would be             {after}"
                )
            confirm(call, f"Use the {len(state.resources)} recorded ids on that cluster?")
        edit = write(backend, state, lambda old: replace(old, cluster=cluster))
    lines = [f"Nothing to do: the state's cluster is {after} already."]
    if edit.changed:
        lines = [
            "The state belongs to another cluster now.",
            f"  before  {before}",
            f"  now     {after}",
            "The recorded ids are kept: a plan finds out which of them are there, and makes the",
            "rest again.",
            f"Next: {next_after_edit(call.flags)}",
        ]
    fields = {"before": to_json(state.cluster), "after": to_json(cluster)}
    return tell(call, replace(edit, lines=lines, fields=fields))
