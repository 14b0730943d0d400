"""The main job on a real node: what was made, what a change costs, and what is left at the end."""

from __future__ import annotations

import time

import pytest

from tests.lab import KEY, Lab, actions, change_of
from tests.live.model_service import predicting
from tests.live.triples import multiply

pytestmark = pytest.mark.live


def model_of(lab: Lab) -> dict[str, object]:
    (model,) = lab.on_cluster()["models"]
    return model


def test_an_apply_makes_what_answers_predictions_and_the_next_plan_is_empty(lab: Lab) -> None:
    assert actions(lab.plan()) == dict.fromkeys(("connector", "model", "deployment"), "create")
    begun = time.monotonic()
    summary = lab.apply()
    print(f"\napply of one triple: {time.monotonic() - begun:.2f} s")
    assert (summary.state, summary.created) == ("COMPLETED", 3)
    assert lab.counts() == (1, 1, 1)
    assert model_of(lab)["model_state"] == "DEPLOYED"
    answer = lab.predict("hello")
    assert answer["inference_results"][0]["output"][0]["dataAsMap"]["model"] == "gpt-3.5-turbo"
    plan = lab.plan()
    assert plan.empty
    assert not plan.drift


def test_the_key_is_nowhere_in_the_files(lab: Lab) -> None:
    lab.apply()
    for path in lab.directory.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_a_connector_is_replaced_under_four_clients_and_no_prediction_fails(lab: Lab) -> None:
    lab.apply()
    before = lab.ids()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    plan = lab.plan()
    assert (change_of(plan, "connector").action, change_of(plan, "model").action) == (
        "replace", "update",
    )  # fmt: skip
    with predicting(str(lab.endpoint), str(before["model"])) as traffic:
        traffic.wait_for("gpt-3.5-turbo")
        summary = lab.apply()
        done = time.monotonic()
        traffic.wait_for("gpt-4o")
        time.sleep(1.0)
    late = [name for began, name in traffic.answered if began > done]
    print(f"\nreplaced during {len(traffic.answered)} predictions, {len(traffic.failed)} failed")
    assert not traffic.failed
    assert set(late) == {"gpt-4o"}
    assert (summary.replaced, summary.updated, summary.created, summary.deleted) == (1, 1, 0, 0)
    after = lab.ids()
    assert after["model"] == before["model"]
    assert after["connector"] != before["connector"]
    assert lab.counts() == (1, 1, 1)
    assert model_of(lab)["model_state"] == "DEPLOYED"
    assert lab.plan().empty


def test_a_connector_whose_models_are_only_registered_is_updated_in_place(lab: Lab) -> None:
    lab.without("deployment")
    lab.template["flowplan"]["outputs"] = {}
    lab.apply()
    before = lab.ids()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    assert actions(lab.plan()) == {"connector": "update", "model": "no-op"}
    assert lab.apply().updated == 1
    assert lab.ids() == before
    assert lab.on_cluster()["connectors"][0]["parameters"]["model"] == "gpt-4o"
    assert lab.plan().empty


def test_a_removed_parameter_replaces_the_connector_and_is_gone(lab: Lab) -> None:
    lab.inputs("connector")["parameters"]["forgotten"] = "value"
    lab.apply()
    before = lab.ids()
    del lab.inputs("connector")["parameters"]["forgotten"]
    assert actions(lab.plan())["connector"] == "replace"
    lab.apply()
    (connector,) = lab.on_cluster()["connectors"]
    assert "forgotten" not in connector["parameters"]
    assert lab.ids()["model"] == before["model"]
    assert lab.plan().empty


def test_a_new_key_of_the_service_replaces_the_connector(lab: Lab) -> None:
    lab.apply()
    before = lab.ids()
    lab.params["openai_key"] = "sk-another"
    assert actions(lab.plan())["connector"] == "replace"
    lab.apply()
    assert lab.ids()["model"] == before["model"]
    assert lab.plan().empty


def test_a_renamed_model_is_one_update_and_goes_on_serving(lab: Lab) -> None:
    lab.apply()
    before = lab.ids()
    lab.inputs("model")["name"] = f"another name {lab.tag}"
    assert actions(lab.plan()) == {"connector": "no-op", "model": "update", "deployment": "no-op"}
    assert lab.apply().updated == 1
    assert lab.ids() == before
    assert model_of(lab)["name"] == f"another name {lab.tag}"
    assert model_of(lab)["model_state"] == "DEPLOYED"
    assert lab.plan().empty


def test_destroy_leaves_nothing_not_even_the_group_that_came_by_itself(lab: Lab) -> None:
    lab.apply()
    lab.predict("the node now holds the service's client")
    summary = lab.destroy()
    assert (summary.state, summary.deleted) == ("NOT_STARTED", 3)
    assert lab.counts() == (0, 0, 0)
    assert lab.plan().empty is False


def test_destroy_works_while_clients_predict(lab: Lab) -> None:
    lab.apply()
    with predicting(str(lab.endpoint), str(lab.ids()["model"])) as traffic:
        traffic.wait_for("gpt-3.5-turbo")
        assert lab.destroy().state == "NOT_STARTED"
    assert lab.counts() == (0, 0, 0)


def test_an_undeployed_model_is_deployed_again(lab: Lab) -> None:
    lab.apply()
    model = lab.ids()["model"]
    lab.request("POST", f"/_plugins/_ml/models/{model}/_undeploy", safe=True)
    change = change_of(lab.plan(), "deployment")
    assert (change.action, change.reason) == ("update", "drift")
    assert lab.apply().updated == 1
    assert model_of(lab)["model_state"] == "DEPLOYED"
    assert lab.plan().empty


def test_a_model_renamed_by_hand_gets_its_name_back(lab: Lab) -> None:
    lab.apply()
    model = lab.ids()["model"]
    body = {"name": f"by hand {lab.tag}"}
    lab.request("PUT", f"/_plugins/_ml/models/{model}", body)
    change = change_of(lab.plan(), "model")
    assert (change.action, change.reason) == ("update", "drift")
    lab.apply()
    assert model_of(lab)["name"] == lab.inputs("model")["name"]
    assert lab.plan().empty


def test_a_model_deleted_by_hand_is_made_again(lab: Lab) -> None:
    lab.apply()
    model = lab.ids()["model"]
    lab.request("POST", f"/_plugins/_ml/models/{model}/_undeploy", safe=True)
    lab.request("DELETE", f"/_plugins/_ml/models/{model}")
    assert actions(lab.plan())["model"] == "create"
    assert lab.apply().state == "COMPLETED"
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


def test_every_shape_of_parameter_is_unchanged_at_the_next_plan(lab: Lab) -> None:
    lab.inputs("connector")["parameters"] |= {
        "n": 256, "half": 0.5, "huge": 1e21, "flag": True, "empty": "", "none": None,
        "list": [1, "a", {"b": 1, "a": 1e-7}], "object": {"b": {"z": 1, "y": 2}, "a": []},
    }  # fmt: skip
    lab.apply()
    plan = lab.plan()
    assert plan.empty
    assert not plan.drift


def test_eight_triples_at_once_are_all_made_and_all_deleted(lab: Lab) -> None:
    count = 8
    multiply(lab, count)
    begun = time.monotonic()
    summary = lab.apply()
    made = time.monotonic()
    assert (summary.state, summary.created) == ("COMPLETED", 3 * count)
    assert {record.status for record in lab.state.resources.values()} == {"ready"}
    assert lab.counts() == (count, count, count)
    assert {model["model_state"] for model in lab.on_cluster()["models"]} == {"DEPLOYED"}
    assert lab.plan().empty
    planned = time.monotonic()
    assert lab.destroy().deleted == 3 * count
    ended = time.monotonic()
    print(
        f"\n{count} triples: apply {made - begun:.1f} s, plan {planned - made:.1f} s, "
        f"destroy {ended - planned:.1f} s"
    )
    assert lab.counts() == (0, 0, 0)
