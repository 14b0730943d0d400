"""Stands in for Flow Framework: makes on the sandbox what a recorded answer says was made.

The sandbox has no Flow Framework API, and its calls are not compared; but recorded calls of ML
Commons, indices and pipelines look at what it had made. It must not know which recordings there
are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fidelity.recordings import Call

Template = Mapping[str, Mapping[str, Any]]
_WAIT = 6.0  # Flow Framework looks after a deployment every five seconds
_DOCUMENTS = {
    "create_ingest_pipeline": ("/_ingest/pipeline/", "pipeline_id"),
    "create_search_pipeline": ("/_search/pipeline/", "pipeline_id"),
    "create_index": ("/", "index_name"),
}
_APIS = {
    "create_connector": ("connectors/_create", "connector_id"),
    "register_model_group": ("model_groups/_register", "model_group_id"),
    "register_remote_model": ("models/_register", "model_id"),
    "register_agent": ("agents/_register", "agent_id"),
}
_FOLDERS = {
    "create_connector": "connectors",
    "register_model_group": "model_groups",
    "register_remote_model": "models",
    "register_agent": "agents",
}
# What is deleted first when a workflow is deprovisioned.
_ORDER = (
    "register_agent",
    "create_search_pipeline",
    "create_index",
    "create_ingest_pipeline",
    "register_remote_model",
    "register_model_group",
    "create_connector",
)


class FlowFramework:
    """Follows the recorded calls of Flow Framework; `send` takes recorded ids."""

    def __init__(
        self,
        send: Callable[[str, str, str], Any],
        ids: dict[str, str],
        wait: Callable[[float], None],
    ) -> None:
        self.send, self.ids, self.wait = send, ids, wait
        self.templates: dict[str, Template] = {}
        self.made: dict[str, dict[str, tuple[str, str]]] = {}
        self.changed: dict[str, list[str]] = {}
        self.params: dict[str, dict[str, Any]] = {}

    def follow(self, call: Call) -> None:
        """Do what this call did on the recorded node."""
        if not isinstance(call.body, dict):
            return
        found = re.search(r"/workflow/([^/?]+)", call.path)
        workflow = found[1] if found else call.body.get("workflow_id")
        if not isinstance(workflow, str):
            return
        if call.status < 300 and isinstance(call.sent, dict) and "workflows" in call.sent:
            self._template(workflow, call)
        given = dict(parse_qsl(urlsplit(call.path).query))
        if "_provision" in call.path and isinstance(call.sent, dict):
            given |= call.sent
        self.params.setdefault(workflow, {}).update(given)
        for item in call.body.get("resources_created", ()):
            self._make(workflow, item)
        state = call.body.get("state")
        if state in {"COMPLETED", "FAILED"}:
            for node in self.changed.pop(workflow, ()) if state == "COMPLETED" else ():
                self._update(self.templates[workflow][node])
            if state == "FAILED":
                self.changed.pop(workflow, None)
        if "/_deprovision" in call.path and call.status != 404:
            self._undo(workflow, json.dumps(call.body))

    def _template(self, workflow: str, call: Call) -> None:
        nodes = call.sent["workflows"].get("provision", {}).get("nodes", ())
        after = {node["id"]: node for node in nodes}
        before = self.templates.get(workflow, {})
        if "reprovision=true" in call.path:
            self.changed[workflow] = [
                step for step, node in after.items() if step in before and node != before[step]
            ]
        self.templates[workflow] = after

    def _make(self, workflow: str, item: Mapping[str, Any]) -> None:
        step, type_, theirs = (
            item["workflow_step_id"],
            item["workflow_step_name"],
            item["resource_id"],
        )
        made = self.made.setdefault(workflow, {})
        node = self.templates.get(workflow, {}).get(step)
        if step in made or node is None:
            return
        made[step] = (type_, theirs)
        if type_ == "deploy_model":
            self.send("POST", f"/_plugins/_ml/models/{theirs}/_deploy", "")
            self.wait(_WAIT)
        elif type_ in _DOCUMENTS:
            folder, _ = _DOCUMENTS[type_]
            self.send("PUT", f"{folder}{theirs}", json.dumps(self._document(workflow, node)))
        elif type_ in _APIS:
            self._register(workflow, node, theirs)

    def _register(self, workflow: str, node: Mapping[str, Any], theirs: str) -> None:
        path, named = _APIS[node["type"]]
        body = dict(node.get("user_inputs", {}))
        deploys = body.pop("deploy", False) is True
        body = json.loads(self._filled(workflow, json.dumps(body))) | self._given(workflow, node)
        if node["type"] == "register_remote_model":
            body["function_name"] = "remote"
        reply = self.send(
            "POST", f"/_plugins/_ml/{path}{'?deploy=true' * deploys}", json.dumps(body)
        )
        if named in reply.body:
            self.ids[theirs] = reply.body[named]
        if deploys:
            self.wait(_WAIT)

    def _given(self, workflow: str, node: Mapping[str, Any]) -> dict[str, Any]:
        """What the nodes before it give to a node."""
        given: dict[str, Any] = {}
        for before, output in node.get("previous_node_inputs", {}).items():
            if output == "tools":
                tool = self.templates[workflow][before]
                inputs = dict(tool["user_inputs"])
                inputs["parameters"] = inputs.get("parameters", {}) | self._given(workflow, tool)
                given.setdefault("tools", []).append(inputs)
            elif before in self.made[workflow]:
                given[output] = self.made[workflow][before][1]
        return given

    def _document(self, workflow: str, node: Mapping[str, Any]) -> Any:
        content = node["user_inputs"]["configurations"]
        text = content if isinstance(content, str) else json.dumps(content)
        return json.loads(self._filled(workflow, text))

    def _filled(self, workflow: str, text: str) -> str:
        values = {
            rf"{re.escape(step)}\.\w+": theirs
            for step, (_, theirs) in self.made.get(workflow, {}).items()
        }
        values |= {re.escape(name): value for name, value in self.params.get(workflow, {}).items()}
        for name, value in values.items():
            text = re.sub(rf"\$\{{\{{ ?{name} ?\}}\}}", str(value), text)
        return text

    def _update(self, node: Mapping[str, Any]) -> None:
        if node["type"] not in _DOCUMENTS:
            return
        folder, named = _DOCUMENTS[node["type"]]
        document = self._document("", node)
        place = f"{folder}{node['user_inputs'][named]}"
        if node["type"] == "create_index":
            place, document = f"{place}/_settings", document["settings"]
        self.send("PUT", place, json.dumps(document))

    def _undo(self, workflow: str, answer: str) -> None:
        """Delete all but what the answer says is left."""
        made = self.made.get(workflow, {})
        for step, (type_, theirs) in sorted(
            made.items(),
            key=lambda item: _ORDER.index(item[1][0]) if item[1][0] in _ORDER else -1,
        ):
            if re.search(rf"\b{re.escape(theirs)}\b", answer):
                continue
            del made[step]
            if type_ == "deploy_model":
                self.send("POST", f"/_plugins/_ml/models/{theirs}/_undeploy", "")
            elif type_ in _DOCUMENTS:
                self.send("DELETE", f"{_DOCUMENTS[type_][0]}{theirs}", "")
            elif type_ in _FOLDERS:
                if type_ == "register_remote_model":
                    self.send("POST", f"/_plugins/_ml/models/{theirs}/_undeploy", "")
                self.send("DELETE", f"/_plugins/_ml/{_FOLDERS[type_]}/{theirs}", "")
