"""`keep_id`: a connector changed in place under deployed models, which stop serving meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from flowplan.errors import PlanError
from flowplan.planner.select import Selection
from flowplan.render.look import Look
from flowplan.render.plan_text import plan_text
from tests.cutting import Cut
from tests.lab import Lab, actions, change_of
from tests.workflow.requests_sent import watched

USED = {"error": {"reason": "1 models are still using this connector"}, "status": 400}


@pytest.fixture
def kept(lab: Lab) -> Lab:
    """A deployed model whose connector has another value in the template."""
    lab.node("connector")["flowplan"] = {"keep_id": True}
    lab.apply()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    return lab


def model_states(lab: Lab) -> list[str]:
    return [item["model_state"] for item in lab.on_cluster()["models"]]


def foreign_model(lab: Lab) -> str:
    body = {
        "name": "foreign", "function_name": "remote", "connector_id": lab.ids()["connector"],
    }  # fmt: skip
    model = str(lab.request("POST", "/_plugins/_ml/models/_register", body)["model_id"])
    lab.request("POST", f"/_plugins/_ml/models/{model}/_deploy")
    while lab.request("GET", f"/_plugins/_ml/models/{model}")["model_state"] != "DEPLOYED":
        time.sleep(0.01)
    return model


def test_the_plan_says_that_predictions_stop(kept: Lab) -> None:
    plan = kept.plan()
    assert actions(plan) == {"connector": "update", "model": "no-op", "deployment": "no-op"}
    change = change_of(plan, "connector")
    assert change.steps == (
        "undeploy chat model",
        "update parameters of the connector in place",
        "deploy chat model again: until then predictions fail",
    )
    assert "predictions stop meanwhile" in plan_text(plan, Look(width=300))


def test_the_connector_and_the_model_keep_their_ids(kept: Lab) -> None:
    before = kept.ids()
    with watched() as sent:
        summary = kept.apply()
    assert (summary.updated, summary.replaced) == (1, 0)
    assert kept.ids() == before
    connector, model = before["connector"], before["model"]
    assert sent == [
        f"POST /_plugins/_ml/models/{model}/_undeploy",
        f"PUT /_plugins/_ml/connectors/{connector}",
        f"POST /_plugins/_ml/models/{model}/_deploy",
    ]
    assert model_states(kept) == ["DEPLOYED"]
    assert kept.state.resources["connector"].paused == ()
    assert kept.plan().empty


def test_nothing_stops_when_no_model_is_deployed(lab: Lab) -> None:
    lab.without("deployment")
    lab.template["flowplan"] = {}
    lab.node("connector")["flowplan"] = {"keep_id": True}
    lab.apply()
    lab.inputs("connector")["description"] = "new"
    assert change_of(lab.plan(), "connector").notes == ()
    with watched() as sent:
        lab.apply()
    assert [item.split()[0] for item in sent] == ["PUT"]


def test_models_of_others_are_named_undeployed_and_deployed_again(kept: Lab) -> None:
    foreign = foreign_model(kept)
    plan = kept.plan()
    warnings = [item for item in plan.diagnostics if item.code == "FP246"]
    assert [foreign in item.summary for item in warnings] == [True]
    with watched() as sent:
        kept.apply()
    assert f"POST /_plugins/_ml/models/{foreign}/_undeploy" in sent
    assert model_states(kept) == ["DEPLOYED", "DEPLOYED"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("method", "part"), [("POST", "_undeploy"), ("PUT", "/connectors/"), ("POST", "_deploy")]
)
def test_cut_off_anywhere_the_next_apply_ends_with_all_models_deployed(
    kept: Lab, cut: Callable[..., None], soon: None, method: str, part: str, after: bool
) -> None:
    foreign_model(kept)
    before = kept.ids()
    cut(method, part, after=after)
    with pytest.raises(Cut):
        kept.apply()
    assert kept.apply().failed == 0
    assert kept.ids() == before
    assert model_states(kept) == ["DEPLOYED", "DEPLOYED"]
    assert kept.on_cluster()["connectors"][0]["parameters"]["model"] == "gpt-4o"
    assert kept.state.resources["connector"].paused == ()
    assert kept.plan().empty


def test_after_a_cut_the_models_are_deployed_again_even_if_the_wish_was_taken_back(
    kept: Lab, cut: Callable[..., None], soon: None
) -> None:
    foreign_model(kept)
    cut("PUT", "/connectors/", after=False)
    with pytest.raises(Cut):
        kept.apply()
    assert "UNDEPLOYED" in model_states(kept)
    kept.inputs("connector")["parameters"]["model"] = "gpt-3.5-turbo"
    del kept.node("connector")["flowplan"]
    kept.apply()
    assert model_states(kept) == ["DEPLOYED", "DEPLOYED"]
    assert kept.plan().empty


def test_models_that_predictions_deploy_again_are_undeployed_three_times(kept: Lab) -> None:
    model = kept.ids()["model"]

    def busy(method: str, path: str, body: str) -> tuple[int, str] | None:
        if method != "PUT" or "/connectors/" not in path:
            return None
        kept.request("POST", f"/_plugins/_ml/models/{model}/_deploy")
        return 400, json.dumps(USED)

    with watched(busy) as sent:
        summary = kept.apply()
    assert summary.failed == 1
    assert sum("_undeploy" in item for item in sent) == 3
    failed = next(item for item in kept.events if item.type == "step_failed")
    assert failed.diagnostic is not None
    assert failed.diagnostic.code == "FP334"
    assert "take keep_id out" in failed.diagnostic.hint
    assert model_states(kept) == ["DEPLOYED"]
    kept.apply()
    assert kept.plan().empty


def test_a_change_that_is_refused_leaves_the_models_deployed(kept: Lab) -> None:
    def refuse(method: str, path: str, body: str) -> tuple[int, str] | None:
        bad = method == "PUT" and "/connectors/" in path
        return (400, '{"error": {"reason": "bad value"}, "status": 400}') if bad else None

    with watched(refuse):
        assert kept.apply().failed == 1
    assert model_states(kept) == ["DEPLOYED"]
    assert kept.state.resources["connector"].paused == ()


def test_what_can_not_be_changed_in_place_is_refused_with_the_reason(kept: Lab) -> None:
    del kept.inputs("connector")["parameters"]["endpoint"]
    kept.inputs("connector")["protocol"] = "aws_sigv4"
    with pytest.raises(PlanError) as error:
        kept.plan()
    found = error.value.diagnostics[0]
    assert (found.code, found.node) == ("FP242", "connector")
    assert "parameters.endpoint can't be taken away" in found.detail
    assert "protocol can only be set on a new one" in found.detail


def test_a_replacement_that_was_asked_for_is_refused(kept: Lab) -> None:
    with pytest.raises(PlanError) as error:
        kept.plan(selection=Selection(replace=("connector",)))
    assert [item.code for item in error.value.diagnostics] == ["FP242"]


def test_a_node_of_another_type_is_refused(kept: Lab) -> None:
    lab = kept
    lab.nodes[0] = {
        "id": "connector", "type": "register_model_group",
        "user_inputs": {"name": "g"}, "flowplan": {"prevent_destroy": True},
    }  # fmt: skip
    lab.without("model", "deployment")
    lab.template["flowplan"] = {}
    lab.params = {}
    with pytest.raises(PlanError) as error:
        lab.plan()
    assert [item.code for item in error.value.diagnostics] == ["FP241"]


def test_a_replacement_that_was_triggered_is_refused(kept: Lab) -> None:
    kept.nodes.append(
        {"id": "group", "type": "register_model_group", "user_inputs": {"name": "theirs"}}
    )
    kept.node("connector")["flowplan"]["replace_triggered_by"] = ["group"]
    kept.apply()
    kept.inputs("group")["name"] = "ours"
    with pytest.raises(PlanError) as error:
        kept.plan()
    found = error.value.diagnostics[0]
    assert (found.code, found.detail[:24]) == ("FP242", "Its replacement was aske")


def test_what_was_another_type_is_refused(lab: Lab) -> None:
    lab.nodes[:] = [
        {"id": "connector", "type": "register_model_group", "user_inputs": {"name": "g"}}
    ]
    lab.template["flowplan"] = {}
    lab.params = {}
    lab.apply()
    inputs = {
        "name": "c", "version": "1", "protocol": "http", "credential": {"key": "k"}, "actions": [],
    }  # fmt: skip
    lab.nodes[0] = {
        "id": "connector", "type": "create_connector", "user_inputs": inputs,
        "flowplan": {"keep_id": True},
    }  # fmt: skip
    with pytest.raises(PlanError) as error:
        lab.plan()
    assert "was register_model_group" in error.value.diagnostics[0].detail


def refuse(
    method: str, part: str, status: int
) -> Callable[[str, str, str], tuple[int, str] | None]:
    body = json.dumps({"error": {"reason": "no"}, "status": status})

    def answer(sent: str, path: str, _: str) -> tuple[int, str] | None:
        return (status, body) if sent == method and part in path else None

    return answer


def test_a_model_that_can_not_be_deployed_again_stays_recorded(kept: Lab) -> None:
    with watched(refuse("POST", "_deploy", 403)):
        assert kept.apply().failed == 1
    assert kept.state.resources["connector"].paused == (kept.ids()["model"],)
    change = change_of(kept.plan(), "connector")
    assert (change.action, change.reason) == ("update", "unfinished")
    kept.apply()
    assert model_states(kept) == ["DEPLOYED"]
    assert kept.plan().empty


def test_when_the_change_and_the_deployment_fail_the_first_is_told(kept: Lab) -> None:
    def both(method: str, path: str, body: str) -> tuple[int, str] | None:
        change = refuse("PUT", "/connectors/", 403)(method, path, body)
        return change or refuse("POST", "_deploy", 403)(method, path, body)

    with watched(both):
        assert kept.apply().failed == 1
    failed = next(item for item in kept.events if item.type == "step_failed")
    assert failed.node == "connector"
    assert any("not deployed again" in item.text for item in kept.events)
    record = kept.state.resources["connector"]
    assert (record.paused, record.pending) == ((kept.ids()["model"],), ("parameters",))
    kept.apply()
    assert model_states(kept) == ["DEPLOYED"]


def test_a_model_that_was_deleted_meanwhile_is_not_missed(kept: Lab) -> None:
    foreign = foreign_model(kept)
    with watched(refuse("POST", f"{foreign}/_deploy", 404)):
        assert kept.apply().failed == 0
    assert kept.state.resources["connector"].paused == ()
    assert any("deleted meanwhile" in item.text for item in kept.events)
