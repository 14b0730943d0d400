"""The state in the words of Flow Framework's `_status` answer.

CONTRACT: the body of `GET /_plugins/_flow_framework/workflow/<id>/_status`. This module must
not know how it is printed or whether a command is running; its caller says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowplan.state.model import OutputRecord, Provision, ResourceRecord, State

__all__ = ["resources_created", "workflow_status"]

_PROGRESS: Mapping[Provision, str] = {
    "NOT_STARTED": "NOT_STARTED",
    "PROVISIONING": "IN_PROGRESS",
    "COMPLETED": "DONE",
    "FAILED": "FAILED",
}


def workflow_status(
    state: State | None, *, provisioning: bool = False, all: bool = False
) -> dict[str, Any]:
    """The `_status` body of a workflow; `state` is None when it was never applied.

    `provisioning` says that an apply is at work right now. `all` adds progress, times, user
    and outputs, as the query parameter of that name does. Times are milliseconds since the
    epoch.
    """
    word: Provision = "NOT_STARTED" if state is None else state.status.state
    if provisioning:
        word = "PROVISIONING"
    body: dict[str, Any] = {"workflow_id": None if state is None else state.lineage}
    if state is not None and state.status.error and not provisioning:
        body["error"] = state.status.error
    body["state"] = word
    created = [] if state is None else list(resources_created(state))
    if created or word != "NOT_STARTED":
        body["resources_created"] = created
    if all:
        body.update(_more(state, word))
    return body


def _more(state: State | None, word: Provision) -> dict[str, Any]:
    more: dict[str, Any] = {"provisioning_progress": _PROGRESS[word]}
    if state is not None:
        known = {
            "provision_start_time": state.status.start_time,
            "provision_end_time": state.status.end_time,
            "user": state.status.user,
        }
        more.update((name, value) for name, value in known.items() if value is not None)
    outputs: Mapping[str, OutputRecord] = {} if state is None else state.outputs
    more["user_outputs"] = {
        name: "(sensitive)" if output.sensitive else output.value
        for name, output in outputs.items()
    }
    return more


def resources_created(state: State) -> Iterator[dict[str, Any]]:
    """What the workflow has made, each after what it needs.

    A step that leaves no resource is not listed; a register step that also deployed its
    model is listed a second time as `deploy_model` under the same step id.
    """
    for record in _in_order(state.resources):
        if record.resource_type is None or record.resource_id is None:
            continue
        yield _entry(record, record.type)
        if _deployed_by_itself(record):
            yield _entry(record, "deploy_model")


def _entry(record: ResourceRecord, step: str) -> dict[str, Any]:
    return {
        "workflow_step_name": step,
        "workflow_step_id": record.node,
        "resource_type": record.resource_type,
        "resource_id": record.resource_id,
    }


def _deployed_by_itself(record: ResourceRecord) -> bool:
    deploy = record.inputs.get("deploy")
    return (
        record.type.startswith("register_")
        and record.resource_type == "model_id"
        and (deploy is True or deploy == "true")
        and record.status == "ready"
        and "deploy" not in record.pending
    )


def _in_order(resources: Mapping[str, ResourceRecord]) -> Iterator[ResourceRecord]:
    """In the order in which they were made, but never before a dependency.

    The two differ after an update made a node depend on a younger one.
    """
    given: set[str] = set()
    for first in resources:
        trail = [first]
        while trail:
            node = trail[-1]
            needs = [name for name in resources[node].dependencies if name in resources]
            missing = next((n for n in needs if n not in given and n not in trail), None)
            if missing is not None:
                trail.append(missing)
                continue
            trail.pop()
            if node not in given:
                given.add(node)
                yield resources[node]
