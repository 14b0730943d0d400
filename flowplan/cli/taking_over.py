"""`flowplan import --workflow`: what Flow Framework provisioned becomes flowplan's.

Its template is written if there is none, its resources are recorded, its id becomes the state's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from flowplan.cli.call import Call
from flowplan.cli.changing import locked
from flowplan.cli.endpoint import choose_endpoint, connect
from flowplan.cli.generating import write_new
from flowplan.cli.next_step import next_after_failure
from flowplan.cli.places import placing
from flowplan.cli.session import Opened, find, load_document
from flowplan.dataclass import dataclass
from flowplan.errors import PlanError, UsageError
from flowplan.planner.flow_template import adapted, check_same
from flowplan.planner.reconcile import recover
from flowplan.planner.source import Document, parse_text, read
from flowplan.planner.values import Json
from flowplan.planner.workflow_import import TakenOver, import_workflow
from flowplan.planner.workspace import Workspace
from flowplan.project import Place, locate
from flowplan.protocol import Cluster
from flowplan.providers.flow_framework import read_workflow_status, read_workflow_template
from flowplan.providers.registry import Registry
from flowplan.render.patience import patience
from flowplan.render.plan_json import plan_document
from flowplan.render.template_yaml import template_yaml
from flowplan.render.validation import warn
from flowplan.render.workflow_text import workflow_text
from flowplan.state.backends import open_backend
from flowplan.state.model import ProvisionStatus
from flowplan.state.workflow_status import WorkflowStatus, read_status

__all__ = ["take_over_workflow"]


@dataclass(frozen=True, slots=True)
class _Workflow:
    """The two documents of a workflow."""

    template: Mapping[str, Json]
    status: WorkflowStatus
    provision: ProvisionStatus


def take_over_workflow(call: Call) -> int:
    """Read the workflow, write its template where there is none, lock, record, show."""
    flags = call.flags
    place = _place(call)
    path = place.template or Path("template.yaml")
    registry = Registry()
    target = choose_endpoint(flags.endpoint, call.environ, project=call.settings.endpoint)
    connection, endpoint = connect(call, target, place.sandbox)
    with patience(call.err, "Looking at the cluster …", quiet=flags.quiet):
        found = _workflow(call, connection.operation())
    document = _template(call, path, found, registry)
    loaded = load_document(call, document, registry)
    check_same(loaded.template, found.template, found.status.workflow_id)
    workspace = Workspace(
        open_backend(place.state), registry, endpoint,
        loaded.template, loaded.params, connection,
    )  # fmt: skip
    taken = _take(call, Opened(workspace, place, loaded.warnings), found)
    if not flags.json:
        warn(call.err, (*loaded.warnings, *taken.plan.diagnostics))
    serial = None if flags.dry_run or not (taken.plan.changes or taken.done) else taken.state.serial
    step = next_after_failure(flags, loaded.template)
    call.result(
        lambda: workflow_text(
            taken.plan, found.status.workflow_id, len(taken.done), serial, call.look,
            next_step=step,
        ),
        lambda: plan_document(taken.plan),
    )  # fmt: skip
    return 0


def _take(call: Call, opened: Opened, found: _Workflow) -> TakenOver:
    workspace = opened.workspace
    looking = patience(call.err, "Looking at the cluster …", quiet=call.flags.quiet)
    if call.flags.dry_run:
        with placing(workspace.template), looking:
            snapshot = workspace.backend.load()
            return import_workflow(workspace, snapshot, found.status, found.provision)
    with locked(call, opened, "import"), placing(workspace.template), looking:
        snapshot = recover(workspace)
        taken = import_workflow(workspace, snapshot, found.status, found.provision)
        if taken.state != snapshot.state:
            workspace.backend.save(taken.state)
        return taken


def _place(call: Call) -> Place:
    """Template, state and sandbox; the template may not be there yet."""
    flags, settings = call.flags, call.settings
    try:
        return find(call, wanted=True)
    except UsageError as error:
        if error.diagnostics[0].code != "FP605":
            raise
        return locate(template="template.yaml", state=flags.state, settings=settings)


def _workflow(call: Call, cluster: Cluster) -> _Workflow:
    """The documents, from files where these are named. Raises FP290, FP291, FP299, FP432."""
    flags, wanted = call.flags, call.flags.workflow or ""
    if flags.status_from:
        source, body = flags.status_from, read(Path(flags.status_from)).value
    else:
        source, body = f"The status of {wanted}", read_workflow_status(cluster, wanted)
    status = read_status(body, source)
    if status.workflow_id != wanted:
        raise _mixed_up(source, f"It is that of {status.workflow_id}, not of {wanted}.")
    if flags.template_from:
        source, template = flags.template_from, read(Path(flags.template_from)).value
    else:
        source, template = f"the template of {wanted}", read_workflow_template(cluster, wanted)
    if not isinstance(template, Mapping):
        raise _mixed_up(source, "It holds no template: that is an object with workflows.")
    user = body.get("user")
    provision = ProvisionStatus(
        start_time=_number(body.get("provision_start_time")),
        end_time=_number(body.get("provision_end_time")),
        user=user if isinstance(user, str) else None,
    )
    return _Workflow(template, status, provision)


def _number(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _mixed_up(source: str, why: str) -> PlanError:
    return PlanError.of(
        "FP299", f"{source} is not of this workflow", why,
        hint="Give the bodies of GET /_plugins/_flow_framework/workflow/ID and ID/_status.",
    )  # fmt: skip


def _template(call: Call, path: Path, found: _Workflow, registry: Registry) -> Document:
    """The template that is there, else the workflow's own, which is written. Raises FP287."""
    if path.exists():
        return read(path)
    workflow_id = found.status.workflow_id
    made = adapted(found.template, registry, f"workflow {workflow_id}")
    if path.suffix.lower() == ".json":
        text = json.dumps(made, indent=2, ensure_ascii=False)
    else:
        about = [f"Flow Framework's workflow {workflow_id}, written by flowplan import --workflow."]
        text = template_yaml(made, {"": about})
    if call.flags.dry_run:
        return parse_text(text, str(path), "json" if path.suffix.lower() == ".json" else "yaml")
    write_new(path, text)
    if not call.flags.quiet:
        call.err.line(f"Wrote {path}, the template of {workflow_id}.")
    return read(path)
