from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import Refused


def gone(bench: Any, made: Any) -> bool:
    return bench.seen(made) is None


def test_a_model_is_undeployed_once_or_again(bench: Any) -> None:
    model = bench.model(bench.connector(), deploy=True)
    made = bench.create("undeploy_model", {"model_id": model.resource_id})
    assert bench.seen(model).fields["deploy"] is False
    assert (made.resource_id, made.outputs) == (None, {"success": True})
    assert bench.update(made).values == {"success": True}


def test_undeploying_what_is_gone_is_success(bench: Any) -> None:
    made = bench.create("undeploy_model", {"model_id": "nobody-has-this-id"})
    assert made.outputs == {"success": True}


def test_each_kind_is_deleted_and_once_more_is_success(bench: Any) -> None:
    connector = bench.connector()
    model = bench.model(connector)
    agent = bench.create("register_agent", {"name": bench.name("agent"), "type": "flow"})
    for name, key, victim in (
        ("delete_agent", "agent_id", agent),
        ("delete_model", "model_id", model),
        ("delete_connector", "connector_id", connector),
    ):
        made = bench.create(name, {key: victim.resource_id})
        assert gone(bench, victim)
        assert (made.resource_id, made.outputs) == (None, {key: victim.resource_id})
        assert bench.update(made).values == {key: victim.resource_id}


def test_a_deployed_model_is_undeployed_and_deleted(bench: Any) -> None:
    model = bench.model(bench.connector(), deploy=True)
    bench.create("delete_model", {"model_id": model.resource_id})
    assert gone(bench, model)


def test_a_connector_that_a_model_uses_is_not_deleted(bench: Any) -> None:
    connector = bench.connector()
    bench.model(connector)
    with pytest.raises(Refused) as caught:
        bench.create("delete_connector", {"connector_id": connector.resource_id})
    assert caught.value.diagnostics[0].code == "FP336"
    assert not gone(bench, connector)


def test_taking_the_node_out_undoes_nothing_and_sends_nothing(bench: Any) -> None:
    made = bench.create("delete_model", {"model_id": "nobody-has-this-id"})
    before = bench.connection.request_count
    bench.delete(made)
    assert bench.connection.request_count == before
