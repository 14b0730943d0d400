"""Lifecycle settings from the template to the cluster, and what the state remembers of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import PlanError, TemplateError
from flowplan.planner.select import Selection
from tests.lab import Lab, actions, change_of
from tests.workflow.hand_made import INDEX, template_of
from tests.workflow.requests_sent import watched


def settings(lab: Lab, node: str, **values: Any) -> None:
    lab.node(node).setdefault("flowplan", {}).update(values)


def codes(error: pytest.ExceptionInfo[PlanError]) -> list[tuple[str, str | None]]:
    return [(item.code, item.node) for item in error.value.diagnostics]


def due(lab: Lab) -> bool:
    return lab.state.resources["group"].due


def connector(lab: Lab) -> dict[str, Any]:
    return lab.on_cluster()["connectors"][0]


@pytest.fixture
def undeployed(lab: Lab) -> Lab:
    """A connector that nothing keeps from being changed in place."""
    lab.without("deployment")
    lab.template["flowplan"] = {}
    lab.apply()
    return lab


@pytest.fixture
def products(tmp_path: Path) -> Lab:
    node = {
        "id": "products",
        "type": "create_index",
        "user_inputs": {"index_name": "products", "configurations": INDEX},
    }
    lab = Lab(tmp_path, template_of(node))
    lab.params = {}
    return lab


# ---- what is remembered ---------------------------------------------------------------------


def test_an_apply_without_changes_records_the_settings(lab: Lab) -> None:
    lab.apply()
    serial = lab.state.serial
    settings(lab, "connector", prevent_destroy=True, retries=2, timeout="5m")
    settings(lab, "connector", ignore_changes=["parameters.model", "actions[0].url"])
    plan = lab.plan()
    assert plan.empty
    lab.apply()
    assert lab.state.serial == serial + 1
    assert lab.state.resources["connector"].lifecycle == {
        "prevent_destroy": True, "retries": 2, "timeout": 300.0,
        "ignore_changes": ["parameters.model", "actions[0].url"],
    }  # fmt: skip
    lab.apply()
    assert lab.state.serial == serial + 1


def test_settings_that_change_nothing_are_not_recorded(lab: Lab) -> None:
    settings(lab, "connector", prevent_destroy=False, retries=0, ignore_changes=[])
    lab.apply()
    assert lab.state.resources["connector"].lifecycle == {}


# ---- prevent_destroy ------------------------------------------------------------------------


def test_a_protected_node_that_leaves_the_template_stops_the_plan(lab: Lab) -> None:
    for node in ("connector", "model"):
        settings(lab, node, prevent_destroy=True)
    lab.apply()
    lab.without("connector", "model", "deployment")
    lab.nodes.append({"id": "rest", "type": "noop"})
    lab.template["flowplan"] = {}
    lab.params = {}
    with pytest.raises(PlanError) as error:
        lab.plan()
    assert sorted(codes(error)) == [("FP240", "connector"), ("FP240", "model")]
    hint = error.value.diagnostics[0].hint
    assert "prevent_destroy: false" in hint
    assert "flowplan state rm model" in hint
    assert lab.counts() == (1, 1, 1)


def test_destroy_goes_by_what_the_state_remembers(lab: Lab) -> None:
    settings(lab, "model", prevent_destroy=True)
    lab.apply()
    settings(lab, "model", prevent_destroy=False)
    with pytest.raises(PlanError) as error:
        lab.destroy()
    assert codes(error) == [("FP240", "model")]
    lab.apply()
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


def test_a_destroy_that_leaves_the_protected_node_out_goes_on(lab: Lab) -> None:
    settings(lab, "model", prevent_destroy=True)
    lab.apply()
    plan = lab.plan(mode="destroy", selection=Selection(target=("deployment",)))
    assert actions(plan) == {"deployment": "delete"}


def test_a_protected_connector_that_would_be_replaced_names_keep_id(lab: Lab) -> None:
    settings(lab, "connector", prevent_destroy=True)
    lab.apply()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    with pytest.raises(PlanError) as error:
        lab.plan()
    assert codes(error) == [("FP241", "connector")]
    found = error.value.diagnostics[0]
    assert "parameters.model" in found.detail
    assert "keep_id: true" in found.hint


def test_a_protected_node_may_be_changed_in_place(undeployed: Lab) -> None:
    settings(undeployed, "connector", prevent_destroy=True)
    undeployed.inputs("connector")["description"] = "another"
    assert actions(undeployed.plan())["connector"] == "update"


def test_a_protected_replacement_that_was_asked_for_is_refused(lab: Lab) -> None:
    settings(lab, "model", prevent_destroy=True)
    lab.apply()
    with pytest.raises(PlanError) as error:
        lab.plan(selection=Selection(replace=("model",)))
    assert codes(error) == [("FP241", "model")]
    assert "requested" in error.value.diagnostics[0].detail


def test_a_protected_node_that_is_gone_is_made_again(lab: Lab) -> None:
    settings(lab, "connector", prevent_destroy=True)
    lab.apply()
    model, old = lab.ids()["model"], lab.ids()["connector"]
    lab.request("POST", f"/_plugins/_ml/models/{model}/_undeploy")
    lab.request("DELETE", f"/_plugins/_ml/models/{model}")
    lab.request("DELETE", f"/_plugins/_ml/connectors/{old}")
    assert actions(lab.plan())["connector"] == "create"


# ---- ignore_changes -------------------------------------------------------------------------


def test_an_ignored_change_of_the_template_plans_nothing(lab: Lab) -> None:
    lab.apply()
    settings(lab, "connector", ignore_changes=["parameters.model", "description"])
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    del lab.inputs("connector")["description"]
    assert lab.plan().empty
    lab.apply()
    del lab.node("connector")["flowplan"]
    paths = [field.path for field in change_of(lab.plan(), "connector").fields]
    assert ("parameters", "model") in paths


def test_an_update_of_another_field_does_not_send_the_ignored_one(undeployed: Lab) -> None:
    settings(undeployed, "connector", ignore_changes=["parameters.model"])
    parameters = undeployed.inputs("connector")["parameters"]
    parameters |= {"model": "gpt-4o", "endpoint": "other.example.org"}
    change = change_of(undeployed.plan(), "connector")
    assert [field.path for field in change.fields] == [("parameters", "endpoint")]
    undeployed.apply()
    there = connector(undeployed)["parameters"]
    assert there == {"model": "gpt-3.5-turbo", "endpoint": "other.example.org"}
    recorded = undeployed.state.resources["connector"].inputs["parameters"]
    assert recorded == {"model": "gpt-3.5-turbo", "endpoint": "other.example.org"}
    assert undeployed.plan().empty


def test_an_ignored_field_that_drifted_is_left_alone_also_by_an_update(undeployed: Lab) -> None:
    lab = undeployed
    settings(lab, "connector", ignore_changes=["parameters.model", "actions[0].method"])
    path = f"/_plugins/_ml/connectors/{lab.ids()['connector']}"
    actions_ = [dict(lab.inputs("connector")["actions"][0], method="GET")]
    lab.request("PUT", path, {"parameters": {"model": "by-hand"}, "actions": actions_})
    plan = lab.plan()
    assert plan.empty
    assert plan.drift == ()
    lab.inputs("connector")["parameters"]["endpoint"] = "other.example.org"
    lab.inputs("connector")["actions"][0]["url"] = "https://other.example.org/"
    lab.apply()
    there = connector(lab)
    assert there["parameters"] == {"model": "by-hand", "endpoint": "other.example.org"}
    assert there["actions"][0]["method"] == "GET"
    assert there["actions"][0]["url"] == "https://other.example.org/"
    assert lab.plan().empty


def test_a_drifted_field_that_is_not_ignored_is_still_put_right(undeployed: Lab) -> None:
    settings(undeployed, "connector", ignore_changes=["parameters.model"])
    path = f"/_plugins/_ml/connectors/{undeployed.ids()['connector']}"
    undeployed.request("PUT", path, {"parameters": {"model": "x", "endpoint": "y"}})
    change = change_of(undeployed.plan(), "connector")
    assert [field.path for field in change.fields] == [("parameters", "endpoint")]
    undeployed.apply()
    assert connector(undeployed)["parameters"] == {"model": "x", "endpoint": "api.openai.com"}


def test_drift_without_a_template_leaves_out_what_is_ignored(undeployed: Lab) -> None:
    lab = undeployed
    path = f"/_plugins/_ml/connectors/{lab.ids()['connector']}"
    lab.request("PUT", path, {"parameters": {"model": "x", "endpoint": "y"}})
    assert len(lab.plan(mode="refresh-only").drift[0].fields) == 2
    settings(lab, "connector", ignore_changes=["parameters.model", "parameters.endpoint"])
    lab.apply()
    assert lab.plan(mode="refresh-only").drift == ()


def test_all_ignores_whatever_the_template_changes(lab: Lab) -> None:
    lab.apply()
    settings(lab, "connector", ignore_changes="all")
    lab.inputs("connector").update(description="x", version="2", protocol="aws_sigv4")
    lab.params["openai_key"] = "another"
    assert lab.plan().empty


def test_what_is_made_anew_is_made_as_the_template_says(lab: Lab) -> None:
    lab.apply()
    settings(lab, "connector", ignore_changes=["description"])
    lab.inputs("connector").update(description="new text")
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    change = change_of(lab.plan(), "connector")
    assert change.action == "replace"
    assert {field.path[0] for field in change.fields} == {"description", "parameters"}
    lab.apply()
    assert connector(lab)["description"] == "new text"
    assert lab.plan().empty


def test_an_ignored_secret_is_neither_planned_nor_sent(undeployed: Lab) -> None:
    lab = undeployed
    settings(lab, "connector", ignore_changes=["credential.openAI_key"])
    lab.params["openai_key"] = "sk-another"
    assert lab.plan().empty
    lab.inputs("connector")["credential"]["second"] = "sk-second"
    bodies: list[str] = []

    def note(method: str, path: str, body: str) -> None:
        if method == "PUT" and "/connectors/" in path:
            bodies.append(body)

    with watched(note):
        lab.apply()
    assert len(bodies) == 1
    assert "second" in bodies[0]
    assert "openAI_key" not in bodies[0]
    assert "sealed" not in bodies[0]
    assert lab.plan().empty


def test_an_ignored_secret_that_would_have_to_be_sent_is_refused(undeployed: Lab) -> None:
    lab = undeployed
    lab.inputs("connector")["headers"] = {"a": "${{ openai_key }}", "b": "1"}
    lab.apply()
    settings(lab, "connector", ignore_changes=["headers.a"])
    lab.params["openai_key"] = "sk-another"
    # The credential has the same param, which may change.
    settings(lab, "connector", ignore_changes=["headers.a", "credential"])
    assert lab.plan().empty
    lab.inputs("connector")["headers"]["b"] = "2"
    with pytest.raises(PlanError) as error:
        lab.plan()
    assert codes(error) == [("FP243", "connector")]
    lab.params["openai_key"] = "sk-canary-7f3a9"
    assert actions(lab.plan())["connector"] == "update"


def test_an_ignored_setting_of_an_index_is_left_as_somebody_set_it(products: Lab) -> None:
    products.apply()
    settings(
        products, "products", ignore_changes=["configurations.settings.index.refresh_interval"]
    )
    products.request("PUT", "/products/_settings", {"index": {"refresh_interval": "42s"}})
    assert products.plan().empty
    index = products.inputs("products")["configurations"]
    index["settings"]["index"] |= {"refresh_interval": "9s", "max_result_window": 20000}
    products.apply()
    there = products.request("GET", "/products/_settings")["products"]["settings"]["index"]
    assert there["refresh_interval"] == "42s"
    assert str(there["max_result_window"]) == "20000"
    assert products.plan().empty


# ---- create_before_destroy ------------------------------------------------------------------


def test_an_index_that_gets_another_name_can_be_made_first(products: Lab) -> None:
    products.apply()
    settings(products, "products", create_before_destroy=True)
    products.inputs("products")["index_name"] = "goods"
    plan = products.plan(allow_delete=frozenset({"all"}))
    change = change_of(plan, "products")
    assert (change.action, change.order) == ("replace", "create_before_destroy")
    assert change.steps[0] == "create the new index"
    with watched() as sent:
        products.apply()
    assert sent == ["PUT /goods", "DELETE /products"]


def test_an_index_of_the_same_name_can_not_be_made_first(products: Lab) -> None:
    products.apply()
    settings(products, "products", create_before_destroy=True)
    products.inputs("products")["configurations"]["settings"]["index"]["number_of_shards"] = 2
    with pytest.raises(PlanError) as error:
        products.plan()
    assert codes(error) == [("FP244", "products")]


def test_what_deployed_models_use_can_not_be_deleted_first(lab: Lab) -> None:
    lab.apply()
    settings(lab, "connector", create_before_destroy=False)
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    with pytest.raises(PlanError) as error:
        lab.plan()
    assert codes(error) == [("FP245", "connector")]
    assert "chat model" in error.value.diagnostics[0].detail


def test_a_connector_that_nobody_uses_can_be_deleted_first(lab: Lab) -> None:
    lab.without("model", "deployment")
    lab.template["flowplan"] = {}
    lab.apply()
    settings(lab, "connector", create_before_destroy=False)
    lab.inputs("connector")["protocol"] = "aws_sigv4"
    change = change_of(lab.plan(), "connector")
    assert (change.action, change.order) == ("replace", "destroy_before_create")
    with watched() as sent:
        lab.apply()
    assert [item.split()[0] for item in sent] == ["DELETE", "POST"]


# ---- replace_triggered_by -------------------------------------------------------------------


@pytest.fixture
def triggered(lab: Lab) -> Lab:
    """The group of a model is made anew whenever the connector is changed."""
    lab.nodes.append(
        {
            "id": "group", "type": "register_model_group",
            "user_inputs": {"name": "theirs"},
            "flowplan": {"replace_triggered_by": ["connector.parameters.model"]},
        }
    )  # fmt: skip
    lab.without("deployment")
    lab.template["flowplan"] = {}
    lab.apply()
    return lab


def test_a_change_of_the_named_input_replaces(triggered: Lab) -> None:
    before = triggered.ids()
    assert triggered.state.resources["group"].dependencies == ("connector",)
    triggered.inputs("connector")["parameters"]["model"] = "gpt-4o"
    change = change_of(triggered.plan(), "group")
    assert (change.action, change.reason) == ("replace", "triggered")
    assert change.notes == ("replaced, since connector changes",)
    triggered.apply()
    after = triggered.ids()
    assert after["connector"] == before["connector"]
    assert after["group"] != before["group"]
    assert triggered.plan().empty


def test_a_change_of_another_input_does_not_replace(triggered: Lab) -> None:
    triggered.inputs("connector")["description"] = "new"
    assert actions(triggered.plan())["group"] == "no-op"


def test_a_replaced_node_triggers_and_one_that_is_made_first_does_not(triggered: Lab) -> None:
    triggered.node("group")["flowplan"] = {"replace_triggered_by": ["connector"]}
    triggered.inputs("connector")["protocol"] = "aws_sigv4"
    plan = triggered.plan()
    assert actions(plan)["connector"] == "replace"
    assert change_of(plan, "group").reason == "triggered"


def test_what_was_triggered_and_not_done_is_done_by_the_next_apply(triggered: Lab) -> None:
    before = triggered.ids()
    triggered.inputs("connector")["parameters"]["model"] = "gpt-4o"

    def refuse(method: str, path: str, body: str) -> tuple[int, str] | None:
        hit = method == "DELETE" and "/model_groups/" in path
        return (403, '{"error": {"reason": "no"}, "status": 403}') if hit else None

    with watched(refuse):
        summary = triggered.apply()
    assert (summary.updated, summary.failed) == (1, 1)
    assert due(triggered)
    change = change_of(triggered.plan(), "group")
    assert (change.action, change.reason) == ("replace", "triggered")
    triggered.apply()
    assert triggered.ids()["group"] != before["group"]
    assert not due(triggered)
    assert triggered.plan().empty


def test_triggers_that_go_round_in_a_circle_are_refused(lab: Lab) -> None:
    settings(lab, "connector", replace_triggered_by=["model"])
    with pytest.raises(TemplateError) as error:
        lab.plan()
    assert [item.code for item in error.value.diagnostics] == ["FP110"]


# ---- timeout --------------------------------------------------------------------------------


def test_the_time_limit_is_the_one_of_the_settings(lab: Lab) -> None:
    settings(lab, "connector", timeout="7s")
    lab.apply()
    started = [item for item in lab.events if item.type == "step_started"]
    assert [item.timeout for item in started if item.node == "connector"] == [7.0]


# ---- acts -----------------------------------------------------------------------------------


def test_an_act_is_done_again_when_its_trigger_changes(tmp_path: Path) -> None:
    def index(name: str) -> dict[str, Any]:
        inputs = {"index_name": name, "configurations": {}}
        return {"id": name, "type": "create_index", "user_inputs": inputs}

    copy = {
        "id": "copy", "type": "reindex",
        "user_inputs": {
            "source_index": "${{ old.index_name }}", "destination_index": "${{ new.index_name }}",
        },
        "flowplan": {"replace_triggered_by": ["old"], "prevent_destroy": True},
    }  # fmt: skip
    lab = Lab(tmp_path, template_of(index("old"), index("new"), copy))
    lab.params = {}
    lab.apply()
    lab.inputs("old")["configurations"] = {"settings": {"refresh_interval": "5s"}}
    change = change_of(lab.plan(), "copy")
    assert (change.action, change.reason) == ("update", "triggered")
    assert change.notes == ("done again, since old changes",)
    with watched() as sent:
        lab.apply()
    assert "POST /_reindex" in sent
    assert lab.plan().empty
    # Nothing is on the cluster that could be destroyed.
    assert actions(lab.plan(mode="destroy"))["copy"] == "delete"


def test_a_tool_is_not_replaced_whatever_triggers_it(lab: Lab) -> None:
    tool = {
        "id": "tool", "type": "create_tool", "user_inputs": {"type": "ListIndexTool"},
        "flowplan": {"replace_triggered_by": ["connector"]},
    }  # fmt: skip
    lab.nodes.append(tool)
    lab.without("deployment")
    lab.template["flowplan"] = {}
    lab.apply()
    lab.inputs("connector")["description"] = "new"
    assert actions(lab.plan()) == {"connector": "update", "model": "no-op", "tool": "no-op"}


def test_an_order_that_is_the_usual_one_changes_nothing(lab: Lab) -> None:
    settings(lab, "connector", create_before_destroy=True)
    lab.apply()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    assert change_of(lab.plan(), "connector").order == "create_before_destroy"


def test_a_template_of_many_settings_is_planned_in_one_pass(lab: Lab) -> None:
    settings(lab, "model", replace_triggered_by=["connector"], ignore_changes=["description"])
    settings(lab, "deployment", replace_triggered_by=["model"])
    lab.apply()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    plan = lab.plan()
    assert [change.reason for change in plan.changes] == ["changed", "triggered", "dependency"]
    lab.apply()
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty
