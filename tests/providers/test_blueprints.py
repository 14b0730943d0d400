"""Connector bodies of the shapes that ML Commons publishes: sent as they are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from flowplan.providers.sandbox.adapter import SandboxAdapter
from tests.lab import Lab

BLUEPRINTS = sorted((Path(__file__).parents[1] / "cases/blueprints").glob("*.json"))


@pytest.fixture(params=BLUEPRINTS, ids=lambda path: path.stem)
def blueprint(request: pytest.FixtureRequest) -> str:
    text: str = request.param.read_text("utf-8")
    return text


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bodies that leave for `_create`, byte for byte."""
    bodies: list[str] = []
    send = SandboxAdapter.send

    def recording(self: SandboxAdapter, request: requests.PreparedRequest, **kw: Any) -> Any:
        if str(request.url).endswith("/connectors/_create"):
            body = request.body or b""
            bodies.append(body if isinstance(body, str) else body.decode())
        return send(self, request, **kw)

    monkeypatch.setattr(SandboxAdapter, "send", recording)
    return bodies


def lab_of(directory: Path, blueprint: str) -> Lab:
    node = {"id": "c", "type": "create_connector", "user_inputs": json.loads(blueprint)}
    lab = Lab(directory, {"name": "b", "workflows": {"provision": {"nodes": [node]}}})
    lab.params = {}
    return lab


def typed(text: str) -> str:
    """JSON in one spelling, in which 1, 1.0, "1" and true stay apart."""
    return json.dumps(json.loads(text), sort_keys=True)


def test_the_body_that_reaches_the_cluster_is_the_one_that_was_written(
    blueprint: str, sent: list[str], tmp_path: Path
) -> None:
    assert lab_of(tmp_path, blueprint).apply().state == "COMPLETED"
    assert [typed(body) for body in sent] == [typed(blueprint)]


def test_the_plan_after_it_is_empty_and_destroy_leaves_nothing(
    blueprint: str, tmp_path: Path
) -> None:
    lab = lab_of(tmp_path, blueprint)
    lab.apply()
    plan = lab.plan()
    assert (plan.empty, plan.drift) == (True, ())
    lab.destroy()
    assert lab.counts() == (0, 0, 0)
