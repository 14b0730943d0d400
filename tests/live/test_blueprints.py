"""Connector bodies of the shapes that ML Commons publishes, as a real node takes them."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from flowplan.http import Connection
from tests.lab import Lab
from tests.live.workflows import hits

pytestmark = pytest.mark.live

BLUEPRINTS = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parents[1] / "cases/blueprints").glob("*.json"))
}
# A role to take on is for AWS's own service: a node that anybody starts wants keys.
REFUSED = [
    name
    for name, body in BLUEPRINTS.items()
    if body["protocol"] == "aws_sigv4" and "access_key" not in body["credential"]
]
TAKEN = [name for name in BLUEPRINTS if name not in REFUSED]


@pytest.fixture
def bare(request: pytest.FixtureRequest, lab: Lab) -> Lab:
    """A workflow of one connector, its name made the test's own."""
    inputs = copy.deepcopy(BLUEPRINTS[request.param])
    inputs["name"] += f" {lab.tag}"
    node = {"id": "c", "type": "create_connector", "user_inputs": inputs}
    lab.template = {"name": "blueprint", "workflows": {"provision": {"nodes": [node]}}}
    lab.params = {}
    return lab


@pytest.mark.parametrize("bare", TAKEN, indirect=True)
def test_a_published_body_is_taken_planned_empty_and_destroyed(bare: Lab) -> None:
    assert bare.apply().state == "COMPLETED"
    assert len(hits(bare, "connectors")) == 1
    plan = bare.plan()
    assert (plan.empty, plan.drift) == (True, ())
    assert bare.destroy().state == "NOT_STARTED"
    assert hits(bare, "connectors") == []


@pytest.mark.parametrize("bare", TAKEN, indirect=True)
def test_what_is_read_back_is_what_is_expected(bare: Lab) -> None:
    bare.apply()
    connection, step = bare.workspace().connection, bare.registry.step("create_connector")
    assert isinstance(connection, Connection)
    (key,) = (str(ident) for ident in bare.ids().values())
    seen = step.read(connection.operation(), [key])[key]
    assert seen is not None
    wanted = dict(step.expect(bare.inputs("c")))
    assert {name: seen.fields.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("bare", REFUSED, indirect=True)
def test_a_body_with_only_a_role_is_refused_with_the_nodes_own_reason(bare: Lab) -> None:
    assert bare.apply().state == "FAILED"
    (failed,) = [event for event in bare.events if event.type == "step_failed"]
    assert failed.diagnostic is not None
    assert "Missing credential" in f"{failed.diagnostic.summary} {failed.diagnostic.detail}"
    assert hits(bare, "connectors") == []
