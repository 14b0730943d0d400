"""The bodies of answers, in the shapes that were recorded: template, status, deletion.

It must not know requests, nor how they are encoded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from flowplan.server.documents import Workflow
from flowplan.server.errors import in_their_words
from flowplan.server.validation import edges_of
from flowplan.state.model import Provision, State
from flowplan.state.status import resources_created, workflow_status

__all__ = [
    "PROGRESS", "STATES", "TEMPLATES", "deleted", "held_back", "named", "resources",
    "state_source", "status", "template",
]  # fmt: skip

Json: TypeAlias = Any
TEMPLATES, STATES = ".plugins-flow-framework-templates", ".plugins-flow-framework-state"
PROGRESS: Mapping[Provision, str] = {
    "NOT_STARTED": "NOT_STARTED",
    "PROVISIONING": "IN_PROGRESS",
    "COMPLETED": "DONE",
    "FAILED": "FAILED",
}
# Flow Framework keeps these as text, whatever they were sent as.
_AS_TEXT = frozenset({"configurations"})


def template(workflow: Workflow) -> dict[str, Json]:
    """The template as GET shows it: completed, and without its credentials."""
    kept = dict(workflow.template or {})
    shown: dict[str, Json] = {"name": kept.pop("name", "")}
    shown["description"] = kept.pop("description", "")
    shown["use_case"] = kept.pop("use_case", "")
    workflows = kept.pop("workflows", {})
    for key in ("user", "created_time", "last_updated_time", "last_provisioned_time"):
        kept.pop(key, None)
    shown.update(kept)
    shown["workflows"] = {name: _workflow(item) for name, item in workflows.items()}
    times = {
        "created_time": workflow.created,
        "last_updated_time": workflow.updated,
        "last_provisioned_time": workflow.provisioned,
    }
    return shown | {name: value for name, value in times.items() if value is not None}


def _workflow(workflow: Mapping[str, Json]) -> dict[str, Json]:
    rest = {key: item for key, item in workflow.items() if key not in {"nodes", "edges"}}
    return {
        "user_params": {},
        **rest,
        "nodes": [_node(node) for node in workflow["nodes"]],
        "edges": [{"source": source, "dest": dest} for source, dest in edges_of(workflow)],
    }


def _node(node: Mapping[str, Json]) -> dict[str, Json]:
    inputs = {
        name: _text(value) if name in _AS_TEXT and not isinstance(value, str) else value
        for name, value in (node.get("user_inputs") or {}).items()
    }
    return {
        "id": node["id"],
        "type": node["type"],
        "previous_node_inputs": node.get("previous_node_inputs") or {},
        "user_inputs": inputs,
        **({"flowplan": node["flowplan"]} if "flowplan" in node else {}),
    }


def _text(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def resources(state: State | None) -> list[dict[str, Json]]:
    """What a workflow has made so far."""
    return list(resources_created(state)) if state is not None else []


def status(workflow: Workflow, state: State | None, *, all: bool = False) -> dict[str, Json]:
    """The `_status` body; `state` is the planner's, as far as a run has come."""
    word: Provision = workflow.state or "NOT_STARTED"
    body: dict[str, Json] = {"workflow_id": workflow.id}
    if workflow.error:
        body["error"] = in_their_words(workflow.error)
    body["state"] = word
    if all:
        body["provisioning_progress"] = PROGRESS[word]
        known = {
            "provision_start_time": workflow.start_time,
            "provision_end_time": workflow.end_time,
            "user": workflow.user,
        }
        body.update((name, value) for name, value in known.items() if value is not None)
        outputs = workflow_status(state, all=True)["user_outputs"]
        if outputs:
            body["user_outputs"] = outputs
    created = resources(state)
    if created:
        body["resources_created"] = created
    return body


def state_source(workflow: Workflow, state: State | None) -> dict[str, Json]:
    """A status as the search for states shows it."""
    return status(workflow, state, all=True)


def deleted(workflow_id: str, version: int, *, found: bool) -> dict[str, Json]:
    """OpenSearch's answer to the deletion of a document."""
    return {
        "_index": TEMPLATES,
        "_id": workflow_id,
        "_version": version + 1 if found else 1,
        "result": "deleted" if found else "not_found",
        "forced_refresh": True,
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "_seq_no": version,
        "_primary_term": 1,
    }


def named(items: Sequence[Mapping[str, Json]]) -> str:
    """Resources as their texts list them: `[model_id X, connector_id Y]`, each once."""
    found = {f"{item['resource_type']} {item['resource_id']}": None for item in items}
    return f"[{', '.join(found)}]"


def held_back(items: Sequence[Mapping[str, Json]]) -> str:
    """The text for what holds data and was not allowed to go."""
    return f"These resources require the allow_delete parameter to deprovision: {named(items)}."
