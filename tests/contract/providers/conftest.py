"""One suite for every cluster: the sandbox and, with `-m live`, a real OpenSearch."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flowplan.http import Connection, open_connection
from flowplan.http_operation import Operation
from flowplan.protocol import Change, Outputs, Owned, StepType
from flowplan.providers.registry import Registry
from flowplan.providers.sandbox.adapter import BASE_URL, open_sandbox

# The address is trusted by the real node's settings; nothing needs to answer there.
SERVICE = "http://127.0.0.1:9999/v1/chat/completions"


@dataclass
class Made:
    """A recorded resource, as the state would keep it."""

    node: str
    type: str
    resource_id: str | None
    inputs: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)
    owned: tuple[Owned, ...] = ()


@dataclass
class Wish:
    """An intent without an answer."""

    node: str
    type: str
    expected: dict[str, Any]
    notes: dict[str, Any] = field(default_factory=dict)
    id: str = "intent"
    at: float = 0.0


class Bench:
    """A cluster, the step types, and what a test made, which is deleted at its end."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.registry = Registry()
        self.notes: list[str] = []
        self.progress: list[str] = []
        self.records: list[dict[str, Any]] = []
        self.made: list[Made] = []
        self.tag = uuid.uuid4().hex[:8]

    def cluster(self, timeout: float = 30.0) -> Operation:
        return self.connection.operation(
            uuid.uuid4().hex, timeout, self.progress.append, self.notes.append
        )

    def step(self, name: str) -> StepType:
        return self.registry.step(name)

    def name(self, stem: str) -> str:
        return f"{stem} {self.tag}"

    def connector_inputs(self, **more: Any) -> dict[str, Any]:
        return {
            "name": self.name("chat"),
            "description": "made by the contract suite",
            "version": "1",
            "protocol": "http",
            "parameters": {"model": "gpt-3.5-turbo"},
            "credential": {"openAI_key": "not-a-real-key"},
            "actions": [
                {
                    "action_type": "predict",
                    "method": "POST",
                    "url": SERVICE,
                    "headers": {"Authorization": "Bearer ${credential.openAI_key}"},
                    "request_body": '{ "model": "${parameters.model}" }',
                }
            ],
            **more,
        }

    def create(
        self, type: str, inputs: dict[str, Any], notes: dict[str, Any] | None = None
    ) -> Made:
        outputs: Outputs = self.step(type).create(
            self.cluster(), inputs, lambda **kw: self.records.append(kw), notes or {}
        )
        made = Made(
            f"n{len(self.made)}", type, outputs.resource_id, inputs, dict(outputs.values),
            (*outputs.owned, *self.came_with(type, outputs.resource_id, inputs, notes or {})),
        )  # fmt: skip
        self.made.append(made)
        return made

    def came_with(
        self, type: str, resource_id: str | None, inputs: dict[str, Any], notes: dict[str, Any]
    ) -> tuple[Owned, ...]:
        """What is found to be ours when the resource is read back."""
        step = self.step(type)
        if resource_id is None or not notes:
            return ()
        document = step.fetch(self.cluster(), [resource_id])[resource_id]
        return step.came_with(document, inputs, notes)

    def connector(self, **more: Any) -> Made:
        return self.create("create_connector", self.connector_inputs(**more))

    def model(self, connector: Made, **more: Any) -> Made:
        inputs = {"name": self.name("model"), "connector_id": connector.resource_id, **more}
        return self.create("register_remote_model", inputs, {"group_existed": False})

    def update(self, made: Made, *names: str, **inputs: Any) -> Outputs:
        wanted = {**made.inputs, **inputs}
        changes = [Change((name,), value) for name, value in inputs.items()]
        changes += [Change((name,), removed=True) for name in names]
        for name in names:
            wanted.pop(name, None)
        outputs = self.step(made.type).update(self.cluster(), made, wanted, changes)
        made.inputs = wanted
        return outputs

    def seen(self, made: Made) -> Any:
        step = self.step(made.type)
        key = str(made.resource_id)
        return step.observe(key, step.fetch(self.cluster(), [key])[key], made.inputs)

    def settled(self, made: Made) -> Any:
        """What a read shows once no job of the node's is rewriting the state: one does at times."""
        for _ in range(50):
            seen = self.seen(made)
            if seen.status != "pending":
                break
            time.sleep(0.1)
        return seen

    def delete(self, made: Made) -> None:
        self.step(made.type).delete(self.cluster(), made)

    def wish(self, made: Made, **notes: Any) -> Wish:
        """The intent of making `made`, as if its answer had been lost."""
        return Wish(made.node, made.type, dict(self.step(made.type).expect(made.inputs)), notes)

    def raw(self, method: str, path: str, **kw: Any) -> Any:
        return self.cluster().request(method, path, **kw).body

    def clean(self) -> None:
        # What uses others goes first: agents, deployments, models; connectors last.
        order = ("agent", "deploy", "model", "model_group")
        last = len(order)

        def rank(made: Made) -> int:
            kind = "deploy" if made.type == "deploy_model" else self.step(made.type).kind
            return order.index(kind) if kind in order else last

        for made in sorted(self.made, key=rank):
            if made.resource_id is not None:
                self.delete(made)


def _sandbox(path: Path) -> Connection:
    adapter = open_sandbox("sandbox:?deploy=20ms", default_path=path)
    return open_connection(BASE_URL, mounts={BASE_URL: lambda: adapter}, environ={})


@pytest.fixture(params=["sandbox", pytest.param("real", marks=pytest.mark.live)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "real":
        connection = open_connection(request.getfixturevalue("node"), environ={})
    else:
        connection = _sandbox(tmp_path / "s.db")
    bench = Bench(connection)
    yield bench
    bench.clean()
    connection.close()


@pytest.fixture
def sandbox_only(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    opened: list[Connection] = []

    def open_with(options: str) -> Bench:
        adapter = open_sandbox(f"sandbox:?{options}", default_path=tmp_path / "o.db")
        opened.append(open_connection(BASE_URL, mounts={BASE_URL: lambda: adapter}, environ={}))
        return Bench(opened[-1])

    yield open_with
    for connection in opened:
        connection.close()
