from __future__ import annotations

from typing import Any

import pytest

from flowplan.providers.local_models import STEPS, RegisterLocalModel

CUSTOM, PRETRAINED, SPARSE = STEPS


def sent(fake: Any, step: RegisterLocalModel, **inputs: Any) -> Any:
    """The body of the registration."""

    def answer(method: str, path: str, body: Any) -> Any:
        if path.endswith("_register"):
            return {"task_id": "t", "status": "CREATED"}
        return {"state": "COMPLETED", "model_id": "m"}

    cluster = fake(answer)
    step.create(cluster, inputs, lambda **_: None, {"group_existed": True})
    return cluster.sent[0]


def test_the_parts_of_a_configuration_are_sent_as_one_object(fake: Any) -> None:
    method, path, body = sent(
        fake, CUSTOM, name="m", model_type="bert", embedding_dimension=3, framework_type="x",
        description=None, my_new_field=1,
    )  # fmt: skip
    assert (method, path) == ("POST", "/_plugins/_ml/models/_register")
    assert body == {
        "name": "m",
        "my_new_field": 1,
        "model_config": {"model_type": "bert", "embedding_dimension": 3, "framework_type": "x"},
    }


def test_a_configuration_goes_before_its_parts(fake: Any) -> None:
    _, _, body = sent(
        fake, CUSTOM, model_config={"model_type": "own", "all_config": "{}"}, model_type="part"
    )
    assert body["model_config"] == {"model_type": "own", "all_config": "{}"}


@pytest.mark.parametrize(
    ("written", "body"),
    [
        ('{"model_type": "bert"}', {"model_type": "bert"}),
        ("no json", "no json"),
        ({"all_config": {"é": [1]}}, {"all_config": '{"é": [1]}'}),
    ],
)
def test_a_configuration_may_be_a_json_text(fake: Any, written: Any, body: Any) -> None:
    assert sent(fake, PRETRAINED, model_config=written)[2] == {"model_config": body}


def test_a_pretrained_model_is_sent_as_written(fake: Any) -> None:
    inputs = {"name": "m", "version": "1", "model_format": "ONNX"}
    assert sent(fake, PRETRAINED, **inputs)[2] == inputs


def test_a_format_is_read_back_in_capitals() -> None:
    assert SPARSE.expect({"model_format": "torch_script", "function_name": "sparse_encoding"}) == {
        "model_format": "TORCH_SCRIPT", "function_name": "SPARSE_ENCODING",
    }  # fmt: skip
    assert SPARSE.expect({"url": "x", "version": "1", "model_config": {}}) == {}


def test_only_a_sparse_model_passes_on_what_it_was_given() -> None:
    inputs = {"url": "u", "function_name": "f", "name": "n"}
    assert SPARSE.preview(inputs) == {"url": "u", "function_name": "f"}
    assert CUSTOM.preview(inputs) == {}


@pytest.mark.parametrize(
    ("state", "status"), [("REGISTERING", "pending"), ("REGISTER_FAILED", "tainted")]
)
def test_a_registration_that_goes_on_or_failed_shows(state: str, status: str) -> None:
    seen = PRETRAINED.observe("m", {"name": "n", "model_state": state}, {})
    assert seen is not None
    assert seen.status == status
