"""`flowplan check`: ask what the template's checks ask, and compare the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import option, optional_argument
from flowplan.cli.verbs import verb

if TYPE_CHECKING:
    from flowplan.planner.workspace import Workspace
    from flowplan.state.model import State

__all__ = ["command"]


@verb(
    "check",
    optional_argument("argument", "[TEMPLATE]"),
    option("--only", metavar="NAME", multiple=True, help="Only this check: a name or a glob."),
    summary=VERBS["check"],
)
def command(call: Call) -> int:
    """Run the checks on what is there. It takes no lock and writes nothing. Exit 1 if one fails."""
    from flowplan.cli.checking import chosen
    from flowplan.cli.session import open_workspace
    from flowplan.planner.checks import journal_warnings
    from flowplan.planner.verify import verify
    from flowplan.render.check_text import check_document, check_text
    from flowplan.render.patience import patience
    from flowplan.render.validation import warn

    opened = open_workspace(call, mode="apply")
    workspace, template = opened.workspace, opened.workspace.template
    if template is None:
        raise ValueError("a check needs a template")
    checks = chosen(template, call.flags.only)
    snapshot = workspace.backend.load()
    if not call.flags.json:
        told = journal_warnings(snapshot, workspace.backend.location)
        warn(call.err, (*opened.warnings, *told))
    with patience(call.err, "Asking the cluster …", quiet=call.flags.quiet):
        _see_that_it_fits(workspace, snapshot.state, template.name)
        records = snapshot.state.resources if snapshot.state is not None else {}
        verdicts = verify(workspace, template, records, checks=checks)
    if not call.flags.json:
        warn(call.err, [item.diagnostic for item in verdicts if item.diagnostic is not None])
    call.result(
        lambda: check_text(verdicts, call.look),
        lambda: check_document(verdicts, template.name, workspace.endpoint),
    )
    return 1 if any(item.result == "failed" for item in verdicts) else 0


def _see_that_it_fits(workspace: Workspace, state: State | None, name: str) -> None:
    """The state has to be this template's, and its ids this cluster's. Raises `StateError`."""
    from flowplan.state.identity import check_cluster, check_workflow
    from flowplan.state.model import ClusterIdentity

    if state is None or workspace.connection is None:
        return
    check_workflow(state, name, workspace.backend.location)
    server = workspace.steps.describe(workspace.connection.operation())
    identity = ClusterIdentity(server.cluster_uuid, workspace.endpoint)
    check_cluster(state, identity, workspace.backend.location)
