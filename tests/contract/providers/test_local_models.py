"""Registering needs a download that a real node may not be able to make: the sandbox only."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from flowplan.errors import ProviderError

PRETRAINED = {"version": "1.0.1", "model_format": "TORCH_SCRIPT"}
CUSTOM = {
    **PRETRAINED,
    "function_name": "text_embedding",
    "url": "https://models.example.org/m.zip",
    "model_content_hash_value": "ab12",
    "model_type": "bert",
    "embedding_dimension": 384,
    "framework_type": "sentence_transformers",
}
TYPES: dict[str, dict[str, Any]] = {
    "register_local_custom_model": CUSTOM,
    "register_local_pretrained_model": PRETRAINED,
    "register_local_sparse_encoding_model": {**PRETRAINED, "function_name": "SPARSE_ENCODING"},
}
QUICK = "deploy=20ms&register=20ms"


def register(bench: Any, type: str, notes: Any = None, **more: Any) -> Any:
    return bench.create(type, {"name": bench.name("local"), **TYPES[type], **more}, notes)


def unrecorded(inputs: Any) -> Any:
    return SimpleNamespace(
        node="n", type="register_local_pretrained_model", inputs=inputs, outputs={}, owned=()
    )


@pytest.mark.parametrize("type", TYPES)
def test_what_is_registered_is_read_back_as_expected(sandbox_only: Any, type: str) -> None:
    bench = sandbox_only(QUICK)
    made = register(bench, type, description="a model", is_enabled=False)
    seen = bench.seen(made)
    expected = bench.step(type).expect(made.inputs)
    assert seen.status == "ready"
    assert {key: seen.fields.get(key) for key in expected} == expected
    assert made.outputs == {"model_id": made.resource_id, "register_model_status": "CREATED"}


def test_the_task_is_recorded_before_it_is_waited_for_and_the_id_after(sandbox_only: Any) -> None:
    bench = sandbox_only(QUICK)
    made = register(bench, "register_local_pretrained_model", {"group_existed": False})
    task, model = bench.records
    assert list(task) == ["task_id"]
    assert model == {"resource_id": made.resource_id}
    assert made.owned != ()
    assert any("registering (task RUNNING)" in text for text in bench.progress)
    bench.delete(made)
    assert bench.seen(made) is None


def test_one_that_is_to_be_deployed_serves_when_create_returns(sandbox_only: Any) -> None:
    bench = sandbox_only(QUICK)
    made = register(bench, "register_local_pretrained_model", deploy=True)
    assert bench.seen(made).fields["deploy"] is True


def test_a_registration_that_fails_says_why_and_that_nothing_was_made(sandbox_only: Any) -> None:
    bench = sandbox_only(f"{QUICK}&register_fail=*")
    with pytest.raises(ProviderError) as caught:
        register(bench, "register_local_pretrained_model")
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.code == "FP350"
    assert "injected" in diagnostic.detail
    assert bench.records[-1] == {"task_id": ""}


def test_a_registration_longer_than_its_time_goes_on(sandbox_only: Any) -> None:
    bench = sandbox_only("register=60s")
    inputs = {"name": bench.name("local"), **PRETRAINED}
    step = bench.step("register_local_pretrained_model")
    with pytest.raises(ProviderError) as caught:
        step.create(bench.cluster(timeout=0.2), inputs, lambda **kw: bench.records.append(kw), {})
    assert caught.value.diagnostics[0].code == "FP330"
    (task,) = bench.records
    assert task["task_id"]


def test_what_a_task_made_is_found_by_it(sandbox_only: Any) -> None:
    bench = sandbox_only(QUICK)
    step = bench.step("register_local_pretrained_model")
    made = register(bench, step.name, description="a")
    twin = register(bench, step.name, description="a")
    wish = bench.wish(made, task_id=bench.records[0]["task_id"], group_existed=False)
    (found,) = step.find(bench.cluster(), wish)
    assert (found.resource_id, found.fields) == (made.resource_id, wish.expected)
    assert found.owned
    by_name = step.find(bench.cluster(), bench.wish(made))
    assert {item.resource_id for item in by_name} == {made.resource_id, twin.resource_id}


def test_what_a_task_made_that_is_gone_is_looked_for_by_name(sandbox_only: Any) -> None:
    bench = sandbox_only(QUICK)
    made = register(bench, "register_local_pretrained_model")
    wish = bench.wish(made, task_id="cleaned-up")
    (found,) = bench.step(made.type).find(bench.cluster(), wish)
    assert found.resource_id == made.resource_id


def test_what_was_deleted_since_its_task_is_not_found(sandbox_only: Any) -> None:
    bench = sandbox_only(QUICK)
    made = register(bench, "register_local_pretrained_model")
    bench.delete(made)
    wish = bench.wish(made, task_id=bench.records[0]["task_id"])
    assert bench.step(made.type).find(bench.cluster(), wish) == ()


def test_what_a_failed_task_left_is_nothing(sandbox_only: Any) -> None:
    bench = sandbox_only(f"{QUICK}&register_fail=*")
    inputs = {"name": bench.name("local"), **PRETRAINED}
    answer = bench.raw("POST", "/_plugins/_ml/models/_register", body=inputs)
    made = unrecorded(inputs)
    wish = bench.wish(made, task_id=answer["task_id"])
    assert bench.step(made.type).find(bench.cluster(), wish) == ()


def test_an_update_without_changes_waits_until_it_is_registered_and_deploys(
    sandbox_only: Any,
) -> None:
    bench = sandbox_only("deploy=20ms&register=1500ms")
    inputs = {"name": bench.name("local"), **PRETRAINED, "deploy": True}
    bench.raw("POST", "/_plugins/_ml/models/_register", body=inputs)
    made = unrecorded(inputs)
    query = {"query": {"term": {"name.keyword": inputs["name"]}}}
    hits = bench.raw("POST", "/_plugins/_ml/models/_search", body=query)["hits"]["hits"]
    made.resource_id = hits[0]["_id"]
    assert bench.seen(made).status == "pending"
    assert bench.update(made).values["model_id"] == made.resource_id
    assert bench.seen(made).status == "ready"
    assert bench.seen(made).fields["deploy"] is True
