"""A workflow on a sandbox of its own, for tests that go through all layers but the command line."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flowplan.errors import TemplateError
from flowplan.http import Connection, open_connection
from flowplan.planner.build import build
from flowplan.planner.events import Event, Summary
from flowplan.planner.execute import Stop, execute
from flowplan.planner.expand import expand
from flowplan.planner.params import resolve
from flowplan.planner.plan import NodeChange, Plan
from flowplan.planner.reconcile import recover
from flowplan.planner.select import Selection
from flowplan.planner.sensitivity import mark_secrets, secret_params
from flowplan.planner.source import parse_text
from flowplan.planner.template import check_params, parse
from flowplan.planner.workspace import Workspace
from flowplan.providers.registry import Registry
from flowplan.providers.sandbox.adapter import BASE_URL, SandboxAdapter, open_sandbox
from flowplan.state.backends import open_backend
from flowplan.state.model import State

KEY = "sk-canary-7f3a9"

CHAT: dict[str, Any] = {
    "name": "chat",
    "workflows": {
        "provision": {
            "nodes": [
                {
                    "id": "connector",
                    "type": "create_connector",
                    "user_inputs": {
                        "name": "OpenAI Chat Connector",
                        "description": "The connector to a chat service",
                        "version": "1",
                        "protocol": "http",
                        "parameters": {"endpoint": "api.openai.com", "model": "gpt-3.5-turbo"},
                        "credential": {"openAI_key": "${{ openai_key }}"},
                        "actions": [
                            {
                                "action_type": "predict",
                                "method": "POST",
                                "url": "https://${parameters.endpoint}/v1/chat/completions",
                                "headers": {"Authorization": "Bearer ${credential.openAI_key}"},
                                "request_body": '{ "model": "${parameters.model}", '
                                '"messages": ${parameters.messages} }',
                            }
                        ],
                    },
                },
                {
                    "id": "model",
                    "type": "register_remote_model",
                    "previous_node_inputs": {"connector": "connector_id"},
                    "user_inputs": {"name": "chat model", "function_name": "remote"},
                },
                {
                    "id": "deployment",
                    "type": "deploy_model",
                    "previous_node_inputs": {"model": "model_id"},
                },
            ]
        }
    },
    "flowplan": {"outputs": {"model_id": "${{ deployment.model_id }}"}},
}
"""Connector → model → deployment, with one secret."""


class Lab:
    """One template, one state, one sandbox; every call opens them anew, as a command would.

    `endpoint` names a cluster instead of the sandbox; of what is on it, only that counts whose
    name holds `tag`.
    """

    def __init__(
        self,
        directory: Path,
        template: Mapping[str, Any] | None = None,
        *,
        endpoint: str | None = None,
        tag: str = "",
    ) -> None:
        self.directory = directory
        self.endpoint = endpoint
        self.tag = tag
        self.template = copy.deepcopy(dict(template or CHAT))
        self.params: dict[str, str] = {"openai_key": KEY}
        self.options = "deploy=20ms"
        self.location = str(directory / "t.state.json")
        self.events: list[Event] = []
        self.connection: Connection | None = None
        self.adapter: SandboxAdapter | None = None
        self.registry = Registry()

    # ---- the template -------------------------------------------------------------------

    @property
    def nodes(self) -> list[dict[str, Any]]:
        """The nodes, to be changed at will."""
        found: list[dict[str, Any]] = self.template["workflows"]["provision"]["nodes"]
        return found

    def node(self, name: str) -> dict[str, Any]:
        return next(node for node in self.nodes if node["id"] == name)

    def inputs(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.node(name)["user_inputs"]
        return found

    def without(self, *names: str) -> None:
        self.nodes[:] = [node for node in self.nodes if node["id"] not in names]

    # ---- commands -----------------------------------------------------------------------

    def workspace(self, *, template: bool = True) -> Workspace:
        self.connection, self.adapter = self._connect()
        loaded, params = None, None
        if template:
            document = parse_text(json.dumps(self.template), "template.json", "json")
            loaded, found = parse(document, self.registry)
            if loaded is None:
                raise TemplateError(*found)
            params = resolve(
                loaded.params,
                flags=[f"{key}={value}" for key, value in self.params.items()],
                implicit=frozenset(loaded.implicit),
            )
            wrong = [d for d in check_params(loaded, params.values) if d.severity == "error"]
            if wrong:
                raise TemplateError(*wrong)
            secrets = secret_params(loaded, self.registry)
            loaded, found = expand(loaded, params.values, self.registry, secrets=secrets)
            if any(item.severity == "error" for item in found):
                raise TemplateError(*found)
            params = mark_secrets(params, secrets)
        return Workspace(
            backend=open_backend(self.location),
            steps=self.registry,
            endpoint=self.endpoint or "sandbox:",
            template=loaded,
            params=params,
            connection=self.connection,
        )

    def plan(self, **options: Any) -> Plan:
        return build(self.workspace(template=options.get("mode", "apply") == "apply"), **options)

    def apply(
        self, *, stop: Stop | None = None, listen: Callable[[Event], None] | None = None, **kw: Any
    ) -> Summary:
        workspace = self.workspace()
        return self._run(workspace, "apply", stop, listen, **kw)

    def destroy(self, **kw: Any) -> Summary:
        return self._run(self.workspace(template=False), "destroy", None, None, **kw)

    def accept(self, **kw: Any) -> Summary:
        """An apply that only takes what changed on the cluster into the state."""
        return self._run(self.workspace(template=False), "refresh-only", None, None, **kw)

    def _run(
        self,
        workspace: Workspace,
        mode: str,
        stop: Stop | None,
        listen: Callable[[Event], None] | None,
        selection: Selection | None = None,
        **kw: Any,
    ) -> Summary:
        self.events = []

        def listener(event: Event) -> None:
            self.events.append(event)
            if listen:
                listen(event)

        with workspace.backend.lock(mode):
            recover(workspace)
            plan = build(workspace, mode=mode, selection=selection)  # type: ignore[arg-type]
            return execute(workspace, plan, listener=listener, stop=stop, **kw)

    # ---- what is there ------------------------------------------------------------------

    @property
    def state(self) -> State:
        found = open_backend(self.location).load().state
        assert found is not None
        return found

    def ids(self) -> dict[str, str | None]:
        return {name: record.resource_id for name, record in self.state.resources.items()}

    def on_cluster(self) -> dict[str, list[dict[str, Any]]]:
        """Every connector, model and group, whoever made it."""
        return {
            kind: [hit["_source"] | {"id": hit["_id"]} for hit in self._all(kind)]
            for kind in ("connectors", "models", "model_groups")
        }

    def counts(self) -> tuple[int, int, int]:
        found = self.on_cluster()
        return len(found["connectors"]), len(found["models"]), len(found["model_groups"])

    def request(self, method: str, path: str, body: Any = None, **kw: Any) -> Any:
        """A request of somebody else."""
        return self._connect()[0].operation().request(method, path, body=body, **kw).body

    def predict(self, text: str) -> Any:
        model = self.ids()["model"]
        body = {"parameters": {"messages": [{"role": "user", "content": text}]}}
        return self.request("POST", f"/_plugins/_ml/models/{model}/_predict", body)

    def _all(self, kind: str) -> list[dict[str, Any]]:
        query = {"query": {"match_all": {}}, "size": 1000}
        answer = self.request("POST", f"/_plugins/_ml/{kind}/_search", query)
        hits: list[dict[str, Any]] = answer["hits"]["hits"]
        return [hit for hit in hits if self.tag in hit["_source"].get("name", "")]

    def _connect(self) -> tuple[Connection, SandboxAdapter | None]:
        if self.endpoint is not None:
            return open_connection(self.endpoint, environ={}), None
        url = f"sandbox:?{self.options}" if self.options else "sandbox:"
        adapter = open_sandbox(url, default_path=self.directory / "sandbox.db")
        connection = open_connection(
            BASE_URL, mounts={BASE_URL: lambda: adapter}, environ={}, sleep=lambda _: None
        )
        return connection, adapter


def change_of(plan: Plan, node: str) -> NodeChange:
    return next(change for change in plan.changes if change.node == node)


def actions(plan: Plan) -> dict[str, str]:
    return {change.node: change.action for change in plan.changes}
