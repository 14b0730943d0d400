"""Stands in for Flow Framework in front of a sandbox: the two answers that an import reads.

The documents are of the shapes that were recorded on version 3.6 (transcripts 03, 08 and 14): what
the plugin adds to a template, what it leaves out of it, and how it lists a deployed model. It must
not know how they are read.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from flowplan.state.model import State

__all__ = ["WORKFLOW", "FlowFramework", "stored", "told"]

WORKFLOW = "5VY1-6EBnYS6QzcmZlmN"
ROOT = "/_plugins/_flow_framework/workflow/"
App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def stored(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template as `GET workflow/ID` gives it: no credentials, everything else spelt out."""
    made = copy.deepcopy({key: item for key, item in template.items() if key != "flowplan"})
    provision = made["workflows"]["provision"]
    provision["user_params"] = provision.get("user_params", {})
    edges = list(provision.get("edges", []))
    for node in provision["nodes"]:
        node.setdefault("previous_node_inputs", {})
        inputs = node.setdefault("user_inputs", {})
        inputs.pop("credential", None)
        for key in ("configurations",):
            if isinstance(inputs.get(key), dict):
                inputs[key] = json.dumps(inputs[key], separators=(",", ":"))
        for source in node["previous_node_inputs"]:
            edge = {"source": source, "dest": node["id"]}
            edges += [] if edge in edges else [edge]
    provision["edges"] = edges
    return made | {"created_time": 1795215943288, "last_updated_time": 1795215943288}


def told(state: State, word: str = "COMPLETED", **more: Any) -> dict[str, Any]:
    """`_status?all=true` of the workflow that made what a state has."""
    listed = []
    for record in state.resources.values():
        if record.resource_id is None:
            continue
        entry = {
            "workflow_step_id": record.node,
            "workflow_step_name": record.type,
            "resource_id": record.resource_id,
            "resource_type": record.resource_type,
        }
        listed.append(entry)
        if record.inputs.get("deploy") is True:
            listed.append(entry | {"workflow_step_name": "deploy_model"})
    return {
        "workflow_id": WORKFLOW,
        "state": word,
        "provisioning_progress": {"COMPLETED": "DONE", "FAILED": "FAILED"}.get(word, "IN_PROGRESS"),
        "provision_start_time": 1795215943393,
        "provision_end_time": 1795215944953,
        "resources_created": listed,
    } | more


@dataclass
class FlowFramework:
    """The plugin's API in front of another application; `workflows` are template and status."""

    workflows: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def around(self, app: App) -> App:
        def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path = unquote(environ["PATH_INFO"])
            if not path.startswith(ROOT):
                return app(environ, start_response)
            name, _, rest = path.removeprefix(ROOT).partition("/")
            status, body = self._answer(name, rest)
            content = json.dumps(body).encode()
            headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
            start_response(status, headers)
            return [content]

        return call

    def _answer(self, name: str, rest: str) -> tuple[str, Any]:
        template, told = self.workflows.get(name, (None, None))
        if rest == "_status":
            if told is None:
                return "404 Not Found", {"error": f"Fail to find workflow status of {name}"}
            return "200 OK", told
        if template is None:
            error = f"Failed to retrieve template ({name}) from global context."
            return "404 Not Found", {"error": error}
        return "200 OK", template
