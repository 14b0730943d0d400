"""`flowplan serve` in front of a real node: its clients' whole cycle, and sixteen branches at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.server.curl import cycle
from tests.server.process import Served
from tests.server.templates import triples
from tests.server.test_serving import ten_methods

pytestmark = pytest.mark.live

WAIT = "wait_for_completion_timeout=120s"


@pytest.fixture
def served(node: str, tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path, endpoint=node) as made:
        yield made
        assert made.end() == 0


def on(template: dict[str, Any], service: str, tag: str) -> dict[str, Any]:
    """The template for a node that reaches `service`, its names with a tag."""
    for node in template["workflows"]["provision"]["nodes"]:
        inputs = node.get("user_inputs", {})
        if "name" in inputs:
            inputs["name"] += f" {tag}"
        if node["type"] == "create_connector":
            inputs["parameters"]["endpoint"] = service
            inputs["actions"][0]["url"] = "http://${parameters.endpoint}/v1/chat/completions"
    return template


def left(node: str, tag: str) -> dict[str, int]:
    found = {}
    for kind in ("connectors", "models", "model_groups"):
        body = {"query": {"match": {"name": tag}}, "size": 1000}
        url = f"{node}/_plugins/_ml/{kind}/_search"
        answer = requests.post(url, json=body, timeout=30).json()
        hits = answer.get("hits", {}).get("hits", [])
        found[kind] = sum(tag in hit["_source"]["name"] for hit in hits)
    return found


def test_the_official_client_runs_the_whole_cycle(served: Served, service: str) -> None:
    opensearchpy = pytest.importorskip("opensearchpy")
    client = opensearchpy.OpenSearch([served.url.removeprefix("http://")], timeout=120)
    tag = uuid.uuid4().hex[:8]
    try:
        ten_methods(client.plugins.flow_framework, lambda template: on(template, service, tag))
    finally:
        client.close()


def test_the_lines_of_the_documentation_work(served: Served, service: str, node: str) -> None:
    tag = uuid.uuid4().hex[:8]
    cycle(served, lambda template: on(template, service, tag))
    assert left(node, tag) == {"connectors": 0, "models": 0, "model_groups": 0}


def test_sixteen_branches_complete_and_go_to_nothing_five_times(
    served: Served, service: str, node: str
) -> None:
    tag = uuid.uuid4().hex[:8]
    template = on(triples(16, tag), service, tag)
    created = served.ask("POST", "", template)[1]["workflow_id"]
    for _ in range(5):
        status, body = served.ask("POST", f"{created}/_provision?{WAIT}")
        assert (status, body["state"]) == (202, "COMPLETED"), body
        assert len(body["resources_created"]) == 48
        assert left(node, tag) == {"connectors": 16, "models": 16, "model_groups": 16}
        assert served.ask("POST", f"{created}/_deprovision") == (200, {"workflow_id": created})
        assert left(node, tag) == {"connectors": 0, "models": 0, "model_groups": 0}
