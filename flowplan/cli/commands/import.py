# ruff: noqa: N999
"""`flowplan import`: take over what is on the cluster already, by hand or all of it.

The file is named like the verb, a keyword of Python: it is only ever imported by name. What the
three ways have in common is their name only: `flowplan.cli.generating` and
`flowplan.cli.taking_over` have the other two.
"""

from __future__ import annotations

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.dashed_ids import TakesIds
from flowplan.cli.options import LOCK_TIMEOUT, flag, option, optional_argument
from flowplan.cli.verbs import verb
from flowplan.dataclass import replace
from flowplan.errors import UsageError

__all__ = ["command"]


@verb(
    "import",
    optional_argument("target", "[NODE"),
    optional_argument("resource_id", "ID]"),
    optional_argument("argument", "[TEMPLATE]"),
    flag("--generate", help="Write a template of what is on the cluster, with its imports."),
    option(
        "--only",
        metavar="KIND|NAME",
        multiple=True,
        help="With --generate: only this kind (connector, …), or what has such a name or id; "
        "again for more.",
    ),
    option("--out", metavar="FILE", help="With --generate: the file, instead of stdout."),
    option(
        "--workflow", metavar="ID", help="Take over what Flow Framework provisioned as workflow ID."
    ),
    option(
        "--template-from",
        metavar="FILE",
        help="With --workflow: its template, instead of asking the cluster.",
    ),
    option(
        "--status-from",
        metavar="FILE",
        help="With --workflow: its _status, instead of asking the cluster.",
    ),
    flag("--dry-run", help="Show what would be taken over, and write nothing."),
    LOCK_TIMEOUT(),
    summary=VERBS["import"],
    kind=TakesIds,
)
def command(call: Call) -> int:
    """Take over one resource, write a template of all, or take over a workflow."""
    flags = call.flags
    _check(call)
    if flags.generate:
        from flowplan.cli.generating import generate_template

        return generate_template(call)
    if flags.workflow is not None:
        from flowplan.cli.taking_over import take_over_workflow

        moved = replace(flags, argument=flags.target, target=None)
        return take_over_workflow(replace(call, flags=moved))
    return _one(call)


def _check(call: Call) -> None:
    """Raises `UsageError` FP604 for arguments and options that do not go together."""
    flags = call.flags
    given = [name for name in (flags.target, flags.resource_id, flags.argument) if name]
    generating = flags.generate or bool(flags.only or flags.out)
    taking = flags.workflow is not None or bool(flags.template_from or flags.status_from)
    problem = ""
    if generating and taking:
        problem = "--generate and --workflow are two ways to import"
    elif generating and not flags.generate:
        problem = "--only and --out go with --generate"
    elif taking and flags.workflow is None:
        problem = "--template-from and --status-from go with --workflow ID"
    elif flags.generate and (given or flags.dry_run):
        problem = f"--generate takes no {'NODE, ID or TEMPLATE' if given else '--dry-run'}"
    elif taking and not (flags.workflow or "").strip():
        problem = "--workflow is empty: it takes the id of a workflow"
    elif taking and len(given) > 1:
        problem = "--workflow ID takes no NODE and ID"
    elif not (generating or taking) and len(given) < 2:  # noqa: PLR2004 - NODE and ID
        problem = f"missing argument {'ID' if given else 'NODE'}"
    if problem:
        raise UsageError.of("FP604", problem, hint="flowplan import --help shows how it is called.")


def _one(call: Call) -> int:
    """Lock, clear up after an earlier run, read, record, show what differs."""
    from flowplan.cli.changing import locked
    from flowplan.cli.next_step import next_after_failure
    from flowplan.cli.places import placing
    from flowplan.cli.session import open_workspace
    from flowplan.planner.import_one import import_one
    from flowplan.planner.reconcile import recover
    from flowplan.render.import_text import import_text
    from flowplan.render.patience import patience
    from flowplan.render.plan_json import plan_document
    from flowplan.render.validation import warn

    flags = call.flags
    node, resource_id = flags.target or "", flags.resource_id or ""
    opened = open_workspace(call, mode="apply")
    workspace = opened.workspace
    looking = patience(call.err, "Looking at the cluster …", quiet=flags.quiet)
    if flags.dry_run:
        with placing(workspace.template), looking:
            taken = import_one(workspace, workspace.backend.load(), node, resource_id)
    else:
        with locked(call, opened, "import"), placing(workspace.template), looking:
            settled = any(item.intent.node == node for item in workspace.backend.load().open)
            snapshot = recover(workspace, {node: resource_id})
            taken = import_one(workspace, snapshot, node, resource_id, settled=settled)
            workspace.backend.save(taken.state)
    if not flags.json:
        warn(call.err, (*opened.warnings, *taken.plan.diagnostics))
    serial = None if flags.dry_run else taken.state.serial
    step = next_after_failure(flags, workspace.template)
    call.result(
        lambda: import_text(taken.plan, serial, call.look, next_step=step),
        lambda: plan_document(taken.plan),
    )
    return 0
