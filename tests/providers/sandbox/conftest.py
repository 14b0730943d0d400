"""A sandbox in a temporary file, and a short way to talk to it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import parse_options
from flowplan.providers.sandbox.wire import Request

CONNECTOR = {
    "name": "OpenAI Chat Connector",
    "description": "The connector to an OpenAI service",
    "version": "1",
    "protocol": "http",
    "parameters": {"endpoint": "api.openai.com", "model": "gpt-3.5-turbo"},
    "credential": {"openAI_key": "12345"},
    "actions": [
        {
            "action_type": "predict",
            "method": "POST",
            "url": "https://${parameters.endpoint}/v1/chat/completions",
            "headers": {"Authorization": "Bearer ${credential.openAI_key}"},
            "request_body": '{ "model": "${parameters.model}", "messages": ${parameters.messages} }',
        }
    ],
}
ML = "/_plugins/_ml"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> Any:
        return self.now


class Api:
    """Calls the application without WSGI around it."""

    def __init__(self, app: Any, clock: Any = None) -> None:
        self.app, self.clock = app, clock

    def wait(self, seconds: Any) -> None:
        self.clock.now += seconds

    def send(self, method: Any, path: Any, body: Any = None, opaque_id: Any = None) -> Any:
        path, _, query = path.partition("?")
        params = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
        raw = (
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        reply = self.app.handle(Request(method, path, params, raw, opaque_id))
        return reply.status, reply.body

    def ok(self, method: Any, path: Any, body: Any = None) -> Any:
        status, answer = self.send(method, path, body)
        assert status == 200, answer
        return answer

    def refused(self, method: Any, path: Any, body: Any = None) -> Any:
        """Status and reason of an error."""
        status, answer = self.send(method, path, body)
        assert status >= 400, answer
        return status, answer["error"]["reason"]

    def connector(self, **changes: Any) -> Any:
        body = copy.deepcopy(CONNECTOR) | changes
        return self.ok("POST", f"{ML}/connectors/_create", body)["connector_id"]

    def model(self, connector_id: Any, name: Any = "m", deploy: Any = False, **fields: Any) -> Any:
        body = {"name": name, "function_name": "remote", "connector_id": connector_id} | fields
        query = "?deploy=true" if deploy else ""
        id_ = self.ok("POST", f"{ML}/models/_register{query}", body)["model_id"]
        if deploy:
            self.wait(1)
        return id_

    def get_model(self, id_: Any) -> Any:
        return self.ok("GET", f"{ML}/models/{id_}")

    def predict(self, id_: Any, text: Any = "hi") -> Any:
        body = {"parameters": {"messages": [{"role": "user", "content": text}]}}
        output = self.ok("POST", f"{ML}/models/{id_}/_predict", body)["inference_results"][0][
            "output"
        ]
        return output[0]["dataAsMap"]

    def search(self, kind: Any, query: Any, **more: Any) -> Any:
        return self.ok("POST", f"{ML}/{kind}/_search", {"query": query, **more})["hits"]["hits"]


@pytest.fixture
def connector_body() -> Any:
    return copy.deepcopy(CONNECTOR)


@pytest.fixture
def open_api(tmp_path: Path) -> Any:
    """Opens a sandbox by its URL's options, on one file a test, with a clock that stands still."""
    apps = []

    def opened(query: Any = "", **how: Any) -> Any:
        clock = Clock()
        options = parse_options(f"sandbox:?{query}").at(tmp_path / "sandbox.db")
        app = SandboxApp(options, **({"clock": clock} | how))
        apps.append(app)
        return Api(app, clock)

    yield opened
    for app in apps:
        app.close()


@pytest.fixture
def api(open_api: Any) -> Any:
    return open_api()
