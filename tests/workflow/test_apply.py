"""The main job through all layers but the command line, on the sandbox."""

from __future__ import annotations

import threading

import pytest

from flowplan.errors import Refused
from tests.lab import KEY, Lab, actions, change_of


def test_a_first_plan_creates_every_node_in_dependency_order(lab: Lab) -> None:
    plan = lab.plan()
    assert [(c.node, c.action, c.reason) for c in plan.changes] == [
        ("connector", "create", "new"),
        ("model", "create", "new"),
        ("deployment", "create", "new"),
    ]
    field = next(f for f in change_of(plan, "model").fields if f.path == ("connector_id",))
    assert (field.known, field.after, field.origin) == (False, None, "connector")


def test_an_apply_makes_all_of_it_and_the_next_plan_is_empty(lab: Lab) -> None:
    summary = lab.apply()
    assert (summary.state, summary.created, summary.serial) == ("COMPLETED", 3, 1)
    assert lab.counts() == (1, 1, 1)
    ids = lab.ids()
    assert ids["model"] == ids["deployment"]
    assert lab.on_cluster()["models"][0]["model_state"] == "DEPLOYED"
    plan = lab.plan()
    assert plan.empty
    assert not plan.drift


def test_an_unchanged_apply_leaves_state_and_serial_alone(lab: Lab) -> None:
    lab.apply()
    before = (lab.directory / "t.state.json").read_bytes()
    assert lab.apply().serial == 1
    assert (lab.directory / "t.state.json").read_bytes() == before


def test_the_state_has_the_outputs_and_no_secret(lab: Lab) -> None:
    lab.apply()
    assert lab.state.outputs["model_id"].value == lab.ids()["model"]
    for path in lab.directory.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def test_a_renamed_model_is_one_update_and_keeps_its_id(lab: Lab) -> None:
    lab.apply()
    before = lab.ids()
    lab.inputs("model")["name"] = "another name"
    assert actions(lab.plan()) == {"connector": "no-op", "model": "update", "deployment": "no-op"}
    assert lab.apply().updated == 1
    assert lab.ids() == before
    assert lab.on_cluster()["models"][0]["name"] == "another name"


def test_a_connector_under_a_deployed_model_is_replaced_and_the_model_moved(lab: Lab) -> None:
    lab.apply()
    before = lab.ids()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    plan = lab.plan()
    connector, model = change_of(plan, "connector"), change_of(plan, "model")
    assert (connector.action, connector.reason, connector.order) == (
        "replace", "changed", "create_before_destroy",
    )  # fmt: skip
    assert (model.action, model.reason) == ("update", "dependency")
    (field,) = model.fields
    assert (field.path, field.before, field.after, field.known) == (
        ("connector_id",), before["connector"], None, False,
    )  # fmt: skip
    summary = lab.apply()
    assert (summary.replaced, summary.updated, summary.created, summary.deleted) == (1, 1, 0, 0)
    assert lab.counts() == (1, 1, 1)
    assert lab.ids()["model"] == before["model"]
    assert lab.ids()["connector"] != before["connector"]
    assert lab.plan().empty


def test_predictions_of_four_clients_go_on_while_a_connector_is_replaced(lab: Lab) -> None:
    lab.apply()
    failures: list[Refused] = []
    answers: list[str] = []
    stop = threading.Event()

    def client() -> None:
        while not stop.is_set():
            try:
                answers.append(str(lab.predict("hello")))
            except Refused as refused:
                failures.append(refused)

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for name in ("gpt-4o", "gpt-4.1", "gpt-5"):
            lab.inputs("connector")["parameters"]["model"] = name
            assert lab.apply().replaced == 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert len(answers) > 20
    assert "gpt-5" in str(lab.predict("hello"))


def test_a_connector_whose_model_is_not_deployed_is_updated_in_place(lab: Lab) -> None:
    lab.without("deployment")
    del lab.template["flowplan"]
    lab.apply()
    before = lab.ids()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    assert actions(lab.plan()) == {"connector": "update", "model": "no-op"}
    assert lab.apply().updated == 1
    assert lab.ids() == before
    assert lab.on_cluster()["connectors"][0]["parameters"]["model"] == "gpt-4o"


def test_a_removed_key_of_parameters_is_a_replacement(lab: Lab) -> None:
    lab.without("deployment")
    del lab.template["flowplan"]
    lab.inputs("connector")["parameters"]["extra"] = "x"
    lab.apply()
    del lab.inputs("connector")["parameters"]["extra"]
    plan = lab.plan()
    assert change_of(plan, "connector").action == "replace"
    (field,) = change_of(plan, "connector").fields
    assert field.forces_replace
    assert field.removed
    lab.apply()
    assert "extra" not in lab.on_cluster()["connectors"][0]["parameters"]
    assert lab.counts() == (1, 1, 1)


def test_a_changed_credential_is_a_change_that_shows_no_value(lab: Lab) -> None:
    lab.apply()
    lab.params["openai_key"] = "sk-another"
    field = change_of(lab.plan(), "connector").fields[0]
    assert (field.path, field.before, field.after, field.sensitive) == (
        ("credential", "openAI_key"), "(sensitive)", "(sensitive)", True,
    )  # fmt: skip


def test_a_node_that_left_the_template_is_deleted(lab: Lab) -> None:
    lab.apply()
    lab.without("deployment")
    del lab.template["flowplan"]
    assert actions(lab.plan()) == {
        "connector": "no-op", "model": "no-op", "deployment": "delete",
    }  # fmt: skip
    assert lab.apply().deleted == 1
    assert lab.on_cluster()["models"][0]["model_state"] == "UNDEPLOYED"
    assert lab.plan().empty


def test_destroy_leaves_nothing_not_even_the_automatic_group(lab: Lab) -> None:
    lab.apply()
    summary = lab.destroy()
    assert (summary.state, summary.deleted, summary.left) == ("NOT_STARTED", 3, ())
    assert lab.counts() == (0, 0, 0)
    assert lab.state.status.state == "NOT_STARTED"
    assert lab.state.lineage


def test_destroy_takes_resources_deleted_by_hand_as_gone(lab: Lab) -> None:
    lab.apply()
    model = lab.ids()["model"]
    lab.request("POST", f"/_plugins/_ml/models/{model}/_undeploy", safe=True)
    lab.request("DELETE", f"/_plugins/_ml/models/{model}")
    assert lab.destroy().failed == 0
    assert lab.counts() == (0, 0, 0)


def test_a_model_deleted_by_hand_is_made_again(lab: Lab) -> None:
    lab.apply()
    model = lab.ids()["model"]
    lab.request("POST", f"/_plugins/_ml/models/{model}/_undeploy", safe=True)
    lab.request("DELETE", f"/_plugins/_ml/models/{model}")
    plan = lab.plan()
    assert [(d.node, d.gone) for d in plan.drift] == [("model", True), ("deployment", True)]
    assert actions(plan) == {"connector": "no-op", "model": "create", "deployment": "create"}
    lab.apply()
    assert lab.counts() == (1, 1, 1)
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


def test_a_deployment_undone_by_hand_is_put_right(lab: Lab) -> None:
    lab.apply()
    lab.request("POST", f"/_plugins/_ml/models/{lab.ids()['model']}/_undeploy", safe=True)
    change = change_of(lab.plan(), "deployment")
    assert (change.action, change.reason) == ("update", "drift")
    lab.apply()
    assert lab.on_cluster()["models"][0]["model_state"] == "DEPLOYED"
    assert lab.plan().empty


def test_a_drifted_field_that_the_template_sets_is_put_right(lab: Lab) -> None:
    lab.apply()
    path = f"/_plugins/_ml/models/{lab.ids()['model']}"
    lab.request("PUT", path, {"name": "changed by hand"})
    plan = lab.plan()
    change = change_of(plan, "model")
    (field,) = change.fields
    assert (change.action, change.reason) == ("update", "drift")
    assert (field.before, field.after) == ("changed by hand", "chat model")
    assert plan.drift[0].restored
    lab.apply()
    assert lab.on_cluster()["models"][0]["name"] == "chat model"
    assert lab.plan().empty


def test_a_drifted_field_that_the_template_does_not_set_is_only_reported(lab: Lab) -> None:
    lab.apply()
    path = f"/_plugins/_ml/models/{lab.ids()['model']}"
    lab.request("PUT", path, {"description": "by hand"})
    plan = lab.plan()
    assert plan.empty
    assert [(d.node, d.restored, [f.path for f in d.fields]) for d in plan.drift] == [
        ("model", False, [("description",)])
    ]


def test_change_and_drift_of_one_field_are_one_change_from_what_is_there(lab: Lab) -> None:
    lab.apply()
    path = f"/_plugins/_ml/models/{lab.ids()['model']}"
    lab.request("PUT", path, {"name": "by hand"})
    lab.inputs("model")["name"] = "by template"
    (field,) = change_of(lab.plan(), "model").fields
    assert (field.before, field.after) == ("by hand", "by template")


def test_a_group_that_was_there_before_is_left_alone(lab: Lab) -> None:
    lab.request("POST", "/_plugins/_ml/model_groups/_register", {"name": "chat model"}, safe=True)
    lab.apply()
    assert lab.counts() == (1, 1, 1)
    lab.destroy()
    assert lab.counts() == (0, 0, 1)


def test_models_of_one_name_share_one_group_and_the_last_one_takes_it_along(lab: Lab) -> None:
    for index in range(6):
        lab.nodes.append(
            {
                "id": f"copy_{index}",
                "type": "register_remote_model",
                "previous_node_inputs": {"connector": "connector_id"},
                "user_inputs": {"name": "chat model", "description": f"copy {index}"},
            }
        )
    lab.apply()
    assert lab.counts() == (1, 7, 1)
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


def test_deploy_true_is_one_node_that_registers_and_deploys(lab: Lab) -> None:
    lab.without("deployment")
    lab.template["flowplan"] = {"outputs": {"model_id": "${{ model.model_id }}"}}
    lab.inputs("model")["deploy"] = True
    lab.apply()
    assert lab.on_cluster()["models"][0]["model_state"] == "DEPLOYED"
    assert lab.plan().empty
    lab.request("POST", f"/_plugins/_ml/models/{lab.ids()['model']}/_undeploy", safe=True)
    assert change_of(lab.plan(), "model").reason == "drift"
    lab.apply()
    assert lab.plan().empty
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


def test_a_model_group_of_the_template_is_made_used_and_destroyed(lab: Lab) -> None:
    lab.nodes.insert(
        0, {"id": "group", "type": "register_model_group", "user_inputs": {"name": "mine"}}
    )
    lab.node("model")["previous_node_inputs"]["group"] = "model_group_id"
    lab.apply()
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty
    lab.inputs("group")["name"] = "renamed"
    assert actions(lab.plan())["group"] == "update"
    lab.apply()
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


def test_noop_is_in_the_state_and_never_on_the_cluster(lab: Lab) -> None:
    lab.nodes.append({"id": "pause", "type": "noop"})
    assert lab.apply().created == 4
    assert lab.state.resources["pause"].resource_id is None
    assert lab.plan().empty
    lab.nodes.pop()
    assert lab.apply().deleted == 1


def test_a_second_type_under_a_node_id_replaces_the_first(lab: Lab) -> None:
    lab.nodes.append({"id": "x", "type": "register_model_group", "user_inputs": {"name": "g"}})
    lab.apply()
    lab.nodes[-1] = {"id": "x", "type": "noop"}
    assert change_of(lab.plan(), "x").action == "replace"
    lab.apply()
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty


def test_a_replaced_model_takes_its_deployment_along(lab: Lab) -> None:
    lab.inputs("model")["guardrails"] = {"type": "local_regex", "input_guardrail": {}}
    lab.apply()
    before = lab.ids()
    lab.node("model")["user_inputs"]["access_mode"] = "public"
    plan = lab.plan()
    assert actions(plan) == {"connector": "no-op", "model": "replace", "deployment": "replace"}
    assert change_of(plan, "deployment").reason == "dependency"
    lab.apply()
    assert lab.ids()["model"] != before["model"]
    assert lab.counts() == (1, 1, 1)
    assert lab.on_cluster()["models"][0]["model_state"] == "DEPLOYED"
    assert lab.plan().empty
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


@pytest.mark.parametrize("mode", ["apply", "destroy"])
def test_a_repeated_plan_is_equal(lab: Lab, mode: str) -> None:
    lab.apply()
    lab.inputs("model")["name"] = "other"
    assert lab.plan(mode=mode) == lab.plan(mode=mode)


def test_a_deployment_that_another_node_still_wants_is_let_go_and_not_undone(lab: Lab) -> None:
    lab.apply()
    lab.without("deployment")
    lab.template["flowplan"] = {}
    lab.inputs("model")["deploy"] = True
    plan = lab.plan()
    assert actions(plan) == {"connector": "no-op", "model": "update", "deployment": "forget"}
    lab.apply()
    assert lab.on_cluster()["models"][0]["model_state"] == "DEPLOYED"
    assert "POST /_plugins/_ml/models/{id}/_undeploy" not in lab.adapter.app.counts
    assert lab.plan().empty


def test_a_renamed_deployment_node_keeps_the_model_deployed(lab: Lab) -> None:
    lab.apply()
    lab.node("deployment")["id"] = "other"
    lab.template["flowplan"] = {}
    assert actions(lab.plan())["deployment"] == "forget"
    lab.apply()
    assert lab.on_cluster()["models"][0]["model_state"] == "DEPLOYED"
    assert lab.plan().empty


def test_a_deployment_moved_to_another_model_leaves_one_that_others_want(lab: Lab) -> None:
    lab.template["flowplan"] = {}
    lab.nodes.extend(
        [
            {
                "id": "second",
                "type": "register_remote_model",
                "previous_node_inputs": {"connector": "connector_id"},
                "user_inputs": {"name": "second"},
            },
            {
                "id": "also",
                "type": "deploy_model",
                "previous_node_inputs": {"model": "model_id"},
            },
        ]
    )
    lab.apply()
    lab.node("deployment")["previous_node_inputs"] = {"second": "model_id"}
    assert change_of(lab.plan(), "deployment").kept_by == "also"
    lab.apply()
    assert {m["model_state"] for m in lab.on_cluster()["models"]} == {"DEPLOYED"}
    assert lab.plan().empty


def test_a_changed_noop_is_an_update_without_any_request(lab: Lab) -> None:
    lab.nodes.append({"id": "pause", "type": "noop", "user_inputs": {"delay": "1ms"}})
    lab.apply()
    lab.inputs("pause")["delay"] = "2ms"
    assert actions(lab.plan())["pause"] == "update"
    assert lab.apply().updated == 1
    assert lab.plan().empty


def test_an_expression_that_fails_at_apply_is_told_with_its_place(lab: Lab) -> None:
    lab.inputs("model")["description"] = "${{ connector.connector_id | int }}"
    summary = lab.apply()
    assert summary.failed == 1
    (told,) = [event.diagnostic for event in lab.events if event.type == "step_failed"]
    assert told is not None
    assert (told.file, told.node) == ("template.json", "model")
    assert told.line


def test_a_text_that_the_api_cannot_clear_is_noted_and_never_planned(lab: Lab) -> None:
    lab.inputs("model")["description"] = "a text"
    lab.apply()
    del lab.inputs("model")["description"]
    plan = lab.plan()
    assert plan.empty
    assert "description" in " ".join(change_of(plan, "model").notes)


def test_a_refresh_is_one_search_a_kind(lab: Lab) -> None:
    for index in range(12):
        lab.nodes.append(
            {
                "id": f"g{index}",
                "type": "register_model_group",
                "user_inputs": {"name": f"g{index}"},
            }
        )
    lab.apply()
    lab.plan()
    assert lab.adapter is not None
    assert dict(lab.adapter.app.counts) == {
        "GET /": 1,
        "GET /_cat/plugins": 1,
        "POST /_plugins/_ml/connectors/_search": 1,
        "POST /_plugins/_ml/models/_search": 1,
        "POST /_plugins/_ml/model_groups/_search": 1,
    }


def test_without_a_refresh_nothing_is_asked(lab: Lab) -> None:
    lab.apply()
    plan = lab.plan(refresh=False)
    assert plan.empty
    assert not plan.checked
    assert lab.adapter is not None
    assert not lab.adapter.app.counts


def test_all_models_are_deleted_before_any_connector(lab: Lab) -> None:
    for index in range(5):
        lab.nodes.append(
            {
                "id": f"m{index}",
                "type": "register_remote_model",
                "previous_node_inputs": {"connector": "connector_id"},
                "user_inputs": {"name": f"m{index}"},
            }
        )
        lab.nodes.append({**lab.node("connector"), "id": f"c{index}"})
    lab.apply()
    lab.destroy()
    done = [event.node for event in lab.events if event.type == "step_completed"]
    models = {i for i, node in enumerate(done) if str(node).startswith("m")}
    connectors = {i for i, node in enumerate(done) if str(node).startswith("c")}
    assert max(models) < min(connectors)
    assert lab.counts() == (0, 0, 0)


def test_of_two_drifted_fields_only_the_one_that_the_template_sets_is_put_right(lab: Lab) -> None:
    lab.apply()
    path = f"/_plugins/_ml/models/{lab.ids()['model']}"
    lab.request("PUT", path, {"name": "by hand", "description": "by hand"})
    (drift,) = lab.plan().drift
    assert {field.path: field.left_alone for field in drift.fields} == {
        ("name",): False,
        ("description",): True,
    }
    assert drift.restored
