from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flowplan.errors import ProviderError, Refused
from flowplan.http_batch import MOST
from flowplan.planner.reconcile.tasks import look


def test_a_deployed_model_serves_when_create_returns(bench: Any) -> None:
    model = bench.model(bench.connector())
    made = bench.create("deploy_model", {"model_id": model.resource_id})
    assert made.resource_id == model.resource_id
    assert made.outputs == {"model_id": model.resource_id}
    seen = bench.settled(made)
    assert (seen.status, seen.fields) == (
        "ready",
        {"model_id": model.resource_id, "deployed": True},
    )
    assert seen.fields == bench.step("deploy_model").expect(made.inputs)


def test_the_task_is_recorded_before_it_is_waited_for(bench: Any) -> None:
    model = bench.model(bench.connector())
    bench.create("deploy_model", {"model_id": model.resource_id})
    assert bench.records[-1]["resource_id"] == model.resource_id
    assert bench.records[-1]["task_id"]


def test_one_undeployed_by_hand_is_seen_and_put_right(bench: Any) -> None:
    model = bench.model(bench.connector())
    made = bench.create("deploy_model", {"model_id": model.resource_id})
    bench.raw("POST", f"/_plugins/_ml/models/{model.resource_id}/_undeploy", safe=True)
    assert bench.seen(made).fields["deployed"] is False
    bench.update(made)
    assert bench.seen(made).fields["deployed"] is True


def test_deleting_the_deployment_leaves_the_model(bench: Any) -> None:
    model = bench.model(bench.connector())
    made = bench.create("deploy_model", {"model_id": model.resource_id})
    bench.delete(made)
    bench.delete(made)
    assert bench.seen(model) is not None
    assert bench.seen(made).fields["deployed"] is False


def test_deployments_deleted_at_the_same_time_share_requests(bench: Any) -> None:
    connector = bench.connector()
    models = [bench.model(connector) for _ in range(8)]
    made = [bench.create("deploy_model", {"model_id": model.resource_id}) for model in models]
    bench.delete(models[0])
    before = bench.connection.request_count
    with ThreadPoolExecutor(len(made)) as pool:
        list(pool.map(bench.delete, made))
    assert bench.connection.request_count < before + len(made)
    assert [bench.seen(one) for one in made[:1]] == [None]
    assert {bench.seen(one).fields["deployed"] for one in made[1:]} == {False}


def test_the_node_shows_every_intent_of_a_batch(bench: Any) -> None:
    ids = [uuid.uuid4().hex for _ in range(MOST)]
    cluster = bench.connection.operation(",".join(ids))
    assert look(cluster, ids).running == frozenset(ids)


def test_deleting_the_deployment_of_a_model_that_is_gone_is_success(bench: Any) -> None:
    model = bench.model(bench.connector())
    made = bench.create("deploy_model", {"model_id": model.resource_id})
    bench.delete(model)
    bench.delete(made)
    assert bench.seen(made) is None


def test_deploying_an_unknown_model_is_a_404(bench: Any) -> None:
    with pytest.raises(Refused) as caught:
        bench.create("deploy_model", {"model_id": "nobody-has-this-id"})
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.code == "FP313"
    assert diagnostic.summary == "the cluster refused to deploy the model (404)"


def test_both_types_of_the_kind_read_one_document(bench: Any) -> None:
    model = bench.model(bench.connector())
    made = bench.create("deploy_model", {"model_id": model.resource_id})
    key = model.resource_id
    documents = bench.step("register_remote_model").fetch(bench.cluster(), [key])
    assert bench.step("deploy_model").observe(key, documents[key]).fields["deployed"] is True
    assert documents == bench.step("deploy_model").fetch(bench.cluster(), [key])
    assert made.resource_id == key


def test_a_deployment_that_was_begun_is_found(bench: Any) -> None:
    model = bench.model(bench.connector())
    step = bench.step("deploy_model")
    made = bench.create("deploy_model", {"model_id": model.resource_id})
    wish = bench.wish(made)
    bench.delete(made)
    assert step.find(bench.cluster(), wish) == ()
    bench.update(made)
    (found,) = step.find(bench.cluster(), wish)
    assert found.fields == wish.expected


def test_a_deployment_that_fails_says_why_and_reads_as_tainted(sandbox_only: Any) -> None:
    bench = sandbox_only("deploy=20ms&deploy_fail=*")
    model = bench.model(bench.connector())
    with pytest.raises(ProviderError) as caught:
        bench.create("deploy_model", {"model_id": model.resource_id})
    assert caught.value.diagnostics[0].code in {"FP331", "FP332"}
    document = bench.step("deploy_model").fetch(bench.cluster(), [model.resource_id])
    seen = bench.step("deploy_model").observe(model.resource_id, document[model.resource_id])
    assert (seen.status, seen.fields["deployed"]) == ("tainted", False)


def test_a_deployment_longer_than_its_time_ends_with_the_last_state(sandbox_only: Any) -> None:
    bench = sandbox_only("deploy=60s")
    model = bench.model(bench.connector())
    step = bench.step("deploy_model")
    with pytest.raises(ProviderError) as caught:
        step.create(
            bench.cluster(timeout=0.2), {"model_id": model.resource_id}, lambda **_: None, {}
        )
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.code == "FP330"
    assert "deploying" in diagnostic.detail
