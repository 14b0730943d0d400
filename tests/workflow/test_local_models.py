"""Local models through all layers but the command line; the sandbox downloads nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowplan.planner.execute import Stop
from flowplan.planner.reconcile import recover
from flowplan.protocol import Owned
from tests.cutting import Cut
from tests.lab import Lab, actions, change_of

TEMPLATE: dict[str, Any] = {
    "name": "local",
    "workflows": {
        "provision": {
            "nodes": [
                {
                    "id": "model",
                    "type": "register_local_pretrained_model",
                    "user_inputs": {
                        "name": "huggingface/sentence-transformers/all-MiniLM-L6-v2",
                        "version": "1.0.1",
                        "model_format": "TORCH_SCRIPT",
                    },
                },
                {
                    "id": "deployment",
                    "type": "deploy_model",
                    "previous_node_inputs": {"model": "model_id"},
                },
            ]
        }
    },
}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path, TEMPLATE)
    lab.params = {}
    lab.options = "deploy=20ms&register=20ms"
    return lab


def registrations(lab: Lab) -> int:
    query = {"query": {"term": {"task_type": "REGISTER_MODEL"}}, "size": 100}
    answer = lab.request("POST", "/_plugins/_ml/tasks/_search", query)
    return len(answer["hits"]["hits"])


def test_it_is_made_deployed_and_destroyed_to_nothing(lab: Lab) -> None:
    summary = lab.apply()
    assert (summary.failed, summary.created) == (0, 2)
    (model,) = lab.on_cluster()["models"]
    assert (model["model_state"], model["id"]) == ("DEPLOYED", lab.ids()["model"])
    plan = lab.plan()
    assert (plan.empty, plan.drift) == (True, ())
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


@pytest.mark.parametrize(
    ("name", "value", "action"),
    [
        ("description", "a model", "update"),
        ("is_enabled", False, "update"),
        ("deploy", True, "update"),
        ("version", "1.0.2", "replace"),
        ("name", "another", "replace"),
        ("model_format", "ONNX", "replace"),
        ("model_config", {"model_type": "bert"}, "replace"),
    ],
)
def test_what_it_is_made_of_can_only_be_replaced(
    lab: Lab, name: str, value: Any, action: str
) -> None:
    lab.apply()
    before = lab.ids()["model"]
    lab.inputs("model")[name] = value
    assert change_of(lab.plan(), "model").action == action
    assert lab.apply().failed == 0
    assert (lab.ids()["model"] == before) is (action == "update")
    assert lab.ids()["deployment"] == lab.ids()["model"]
    assert lab.counts()[1] == 1
    assert lab.plan().empty


def test_a_custom_model_with_its_configuration_in_parts_plans_empty(lab: Lab) -> None:
    lab.node("model")["type"] = "register_local_custom_model"
    lab.inputs("model").update(
        function_name="text_embedding", url="https://m.example.org/m.zip",
        model_content_hash_value="ab12", model_type="bert", embedding_dimension=384,
        framework_type="sentence_transformers", all_config={"a": 1},
    )  # fmt: skip
    assert lab.apply().failed == 0
    (model,) = lab.on_cluster()["models"]
    config = model["model_config"]
    assert (config["model_type"], config["embedding_dimension"]) == ("bert", 384)
    assert config["all_config"] == '{"a": 1}'
    assert (model["algorithm"], model["name"]) == ("TEXT_EMBEDDING", lab.inputs("model")["name"])
    assert lab.plan().empty


def test_a_sparse_model_passes_on_what_it_was_given(lab: Lab) -> None:
    lab.node("model")["type"] = "register_local_sparse_encoding_model"
    lab.inputs("model")["function_name"] = "SPARSE_ENCODING"
    lab.template["flowplan"] = {"outputs": {"function": "${{ model.function_name }}"}}
    assert lab.plan().outputs["function"].after == "SPARSE_ENCODING"
    lab.apply()
    assert lab.state.outputs["function"].value == "SPARSE_ENCODING"
    assert lab.plan().empty


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("part", ["models/_register", "/tasks/"])
def test_a_registration_that_was_cut_off_is_neither_lost_nor_repeated(
    lab: Lab, cut: Callable[..., None], part: str, after: bool
) -> None:
    cut("GET" if part == "/tasks/" else "POST", part, after=after)
    with pytest.raises(Cut):
        lab.apply()
    assert lab.apply().failed == 0
    assert registrations(lab) == 1
    assert lab.counts() == (0, 1, 1)
    assert lab.plan().empty
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


@pytest.mark.usefixtures("soon")
def test_a_registration_that_took_too_long_goes_on_and_is_taken_up(lab: Lab) -> None:
    lab.options = "deploy=20ms&register=700ms"
    lab.inputs("model")["node_timeout"] = "200ms"
    summary = lab.apply()
    assert (summary.failed, summary.skipped) == (1, 1)
    (failed,) = [event for event in lab.events if event.type == "step_failed"]
    assert failed.diagnostic is not None
    assert failed.diagnostic.code == "FP330"
    recover(lab.workspace())
    record = lab.state.resources["model"]
    assert (record.status, record.resource_id) == ("pending", lab.on_cluster()["models"][0]["id"])
    assert actions(lab.plan()) == {"model": "update", "deployment": "create"}
    assert lab.apply().failed == 0
    assert registrations(lab) == 1
    (group,) = lab.on_cluster()["model_groups"]
    assert lab.state.resources["model"].owned == (Owned("model_group", group["id"]),)
    assert lab.plan().empty


@pytest.mark.usefixtures("soon")
def test_a_registration_that_failed_is_made_again_once_it_can_be(lab: Lab) -> None:
    quick = lab.options
    lab.options = f"{quick}&register_fail=*"
    assert lab.apply().failed == 1
    assert lab.counts()[1] == 0
    assert "model" not in lab.state.resources
    lab.options = quick
    assert actions(lab.plan())["model"] == "create"
    assert lab.apply().failed == 0
    assert lab.plan().empty


@pytest.mark.usefixtures("soon")
def test_a_registration_that_fails_after_its_run_was_cut_off_leaves_nothing(
    lab: Lab, cut: Callable[..., None]
) -> None:
    quick = lab.options
    lab.options = f"{quick}&register_fail=*"
    cut("GET", "/tasks/", after=False)
    with pytest.raises(Cut):
        lab.apply()
    recover(lab.workspace())
    assert "model" not in lab.state.resources
    lab.options = quick
    assert lab.apply().failed == 0
    assert lab.counts() == (0, 1, 1)


def test_a_stop_waits_for_the_registration(lab: Lab) -> None:
    stop = Stop()

    def listen(event: Any) -> None:
        if event.type == "step_progress" and event.node == "model" and not stop.requested:
            stop.request()

    lab.options = "deploy=20ms&register=200ms"
    lab.apply(stop=stop, listen=listen)
    assert lab.state.resources["model"].status == "ready"
    assert "deployment" not in lab.state.resources
