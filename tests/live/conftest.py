"""A workflow on a real node, with names of its own, cleared away at the end of each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import Refused
from tests.lab import CHAT, Lab
from tests.live.model_service import ChatHandler, served


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """A chat service, as `host:port`."""
    with served(ChatHandler) as place:
        yield place


@pytest.fixture
def lab(node: str, service: str, tmp_path: Path) -> Iterator[Lab]:
    """The chat workflow on the node."""
    tag = uuid.uuid4().hex[:8]
    lab = Lab(tmp_path, CHAT, endpoint=node, tag=tag)
    for item in lab.nodes:
        if "user_inputs" in item:
            item["user_inputs"]["name"] += f" {tag}"
    connector = lab.inputs("connector")
    connector["parameters"]["endpoint"] = service
    connector["actions"][0]["url"] = "http://${parameters.endpoint}/v1/chat/completions"
    yield lab
    lab.endpoint = node
    clear(lab)


@pytest.fixture(params=["sandbox", pytest.param("real", marks=pytest.mark.live)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Lab:
    """A lab on each kind of cluster, for what has to be the same on both."""
    if request.param == "real":
        real: Lab = request.getfixturevalue("lab")
        return real
    return Lab(tmp_path, CHAT, tag=uuid.uuid4().hex[:8])


def clear(lab: Lab) -> None:
    """Delete what a failed test left, so that the next one finds a clean node."""
    left: dict[str, list[dict[str, Any]]] = lab.on_cluster()
    for kind in ("models", "connectors", "model_groups"):
        for item in left[kind]:
            path = f"/_plugins/_ml/{kind}/{item['id']}"
            try:
                if kind == "models":
                    lab.request("POST", f"{path}/_undeploy", safe=True)
                lab.request("DELETE", path)
            except Refused as error:
                print(f"left on the node: {kind} {item['id']}: {error}")
