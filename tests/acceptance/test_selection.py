"""`--target`, `--exclude` and `--replace` through the command line."""

from __future__ import annotations

import pytest

from tests.acceptance.chat import chat, write


@pytest.fixture
def ids(flowplan, applied):
    """The resources by node, after an apply of all of it."""
    return resources(flowplan)


def resources(flowplan):
    listed = flowplan("status", "--format", "json").json["resources_created"]
    return {item["workflow_step_id"]: item["resource_id"] for item in listed}


def planned(flowplan, *flags):
    """Action by node of a plan."""
    told = flowplan("plan", *flags, "--format", "json")
    assert told.code == 0, told.out
    return {item["node"]: item["action"] for item in told.json["changes"]}


# ---- --target -------------------------------------------------------------------------------


def test_a_target_takes_along_what_it_needs_and_nothing_else(flowplan, project):
    assert planned(flowplan, "--target", "register_model_2") == {
        "create_connector_1": "create", "register_model_2": "create",
    }  # fmt: skip


@pytest.mark.parametrize("pattern", ["register_model_2", "register_*", "register_remote_model"])
def test_a_target_is_an_id_a_glob_or_a_type(flowplan, project, pattern):
    assert list(planned(flowplan, "--target", pattern)) == [
        "create_connector_1", "register_model_2",
    ]  # fmt: skip


def test_a_partial_plan_says_so(flowplan, project, conforms):
    flags = ("--target", "register_*", "--exclude", "deploy_model")
    document = conforms(flowplan("plan", *flags, "--format", "json").json, "plan")
    assert document["partial"] == {
        "target": ["register_*"], "exclude": ["deploy_model"], "nodes": 2, "of": 3,
    }  # fmt: skip
    told = flowplan("plan", *flags)
    assert told.out.endswith(
        "This is about 2 of 3 nodes only: --target register_* --exclude deploy_model.\n"
        "Plan: 2 to create.\n"
        "Next: flowplan apply --target 'register_*' --exclude deploy_model\n"
    )


def test_a_whole_plan_is_not_partial(flowplan, project):
    assert flowplan("plan", "--format", "json").json["partial"] is None


def test_a_partial_plan_without_changes_does_not_say_that_the_template_matches(flowplan, project):
    assert flowplan("apply", "--target", "create_connector_1", "--auto-approve", "-q").code == 0
    told = flowplan("plan", "--target", "create_connector_1", "--detailed-exitcode")
    assert told.code == 0
    assert told.out == (
        "No changes. There is nothing to do for the selected node"
        " (checked on the cluster in 3 requests).\n"
        "This is about 1 of 3 nodes only: --target create_connector_1.\n"
    )


def test_a_partial_apply_then_a_whole_one_make_all_of_it(flowplan, project):
    assert flowplan("apply", "--target", "register_*", "--auto-approve", "-q").code == 0
    assert flowplan("state", "list").out.split() == ["create_connector_1", "register_model_2"]
    assert planned(flowplan) == {
        "create_connector_1": "no-op", "register_model_2": "no-op", "deploy_model_3": "create",
    }  # fmt: skip
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_a_workflow_is_completed_once_all_of_it_is_there(flowplan, project):
    told = flowplan("apply", "--target", "register_*", "--auto-approve", "--format", "json")
    assert told.lines[-1]["state"] == "PROVISIONING"
    assert flowplan("status", "--format", "json").json["state"] == "PROVISIONING"
    told = flowplan("apply", "--target", "deploy_model", "--auto-approve", "--format", "json")
    assert told.lines[-1]["state"] == "COMPLETED"
    assert flowplan("status", "--format", "json").json["state"] == "COMPLETED"


def test_outputs_of_what_is_left_out_stay_as_recorded(flowplan, applied, ids):
    template = chat()
    template["flowplan"]["outputs"] = {
        "model_id": "${{ register_model_2.model_id }}",
        "connector_id": "${{ create_connector_1.connector_id }}",
    }
    write(applied / "template.yaml", template)
    told = flowplan("plan", "--target", "create_connector_1", "--format", "json").json
    assert list(told["outputs"]) == ["connector_id"]
    assert flowplan("apply", "--target", "create_connector_1", "--auto-approve", "-q").code == 0
    outputs = flowplan("output", "--format", "json").json
    assert {name: item["value"] for name, item in outputs.items()} == {
        "model_id": ids["register_model_2"], "connector_id": ids["create_connector_1"],
    }  # fmt: skip


def test_a_saved_plan_keeps_its_selection(flowplan, project, conforms):
    assert flowplan("plan", "--target", "register_*", "--out", "part.plan").code == 0
    shown = conforms(flowplan("show", "part.plan", "--format", "json").json, "plan")
    assert shown["partial"]["target"] == ["register_*"]
    assert flowplan("apply", "--plan", "part.plan", "-q").code == 0
    assert flowplan("state", "list").out.split() == ["create_connector_1", "register_model_2"]


# ---- --exclude ------------------------------------------------------------------------------


def test_what_is_left_out_takes_along_what_needs_it(flowplan, project):
    assert list(planned(flowplan, "--exclude", "register_remote_model")) == ["create_connector_1"]


def test_leaving_everything_out_is_refused(flowplan, project):
    told = flowplan("plan", "--exclude", "create_connector_1")
    assert told.code == 1
    assert "error[FP261]" in told.err


# ---- patterns -------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--target", "--exclude", "--replace"])
def test_a_pattern_that_matches_nothing_is_refused_with_the_nearest_name(flowplan, project, flag):
    told = flowplan("plan", flag, "register_model_3")
    assert told.code == 1
    assert f"error[FP260]: {flag} register_model_3 matches no node" in told.err
    assert 'Did you mean "register_model_2"?' in told.err


def test_all_patterns_that_match_nothing_are_told_at_once(flowplan, project):
    told = flowplan("plan", "--target", "one", "--exclude", "two", "--format", "json")
    assert told.code == 1
    assert told.codes == ["FP260", "FP260"]


# ---- --replace ------------------------------------------------------------------------------


def test_a_requested_replacement_makes_a_new_one_and_moves_what_uses_it(flowplan, ids):
    plan = flowplan("plan", "--replace", "create_connector_1", "--format", "json").json
    changes = {item["node"]: (item["action"], item["reason"]) for item in plan["changes"]}
    assert changes == {
        "create_connector_1": ("replace", "requested"),
        "register_model_2": ("update", "dependency"),
        "deploy_model_3": ("no-op", ""),
    }
    assert plan["partial"] is None
    assert flowplan("apply", "--replace", "create_connector_1", "--auto-approve", "-q").code == 0
    now = resources(flowplan)
    assert now["create_connector_1"] != ids["create_connector_1"]
    assert now["register_model_2"] == ids["register_model_2"]
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_what_is_not_there_yet_is_created_not_replaced(flowplan, project):
    assert planned(flowplan, "--replace", "create_connector_1")["create_connector_1"] == "create"


def test_a_replacement_outside_of_the_selection_is_refused(flowplan, ids):
    told = flowplan("plan", "--target", "create_connector_1", "--replace", "register_model_2")
    assert told.code == 1
    assert "error[FP262]" in told.err


# ---- destroy --------------------------------------------------------------------------------


def test_a_targeted_destroy_takes_along_what_uses_it(flowplan, ids):
    assert flowplan("destroy", "--target", "register_model_2", "--auto-approve", "-q").code == 0
    assert flowplan("state", "list").out.split() == ["create_connector_1"]
    assert flowplan("status", "--format", "json").json["state"] == "COMPLETED"


def test_a_destroy_leaves_out_what_is_named_and_what_that_needs(flowplan, ids):
    assert planned(flowplan, "--destroy", "--exclude", "register_model_2") == {
        "deploy_model_3": "delete"
    }


def test_a_destroy_in_two_parts_leaves_nothing(flowplan, ids):
    assert flowplan("destroy", "--exclude", "create_connector_1", "--auto-approve", "-q").code == 0
    told = flowplan(
        "destroy", "--target", "create_connector_1", "--auto-approve", "--format", "json"
    )
    assert (told.code, told.lines[-1]["state"]) == (0, "NOT_STARTED")
    assert flowplan("state", "list").out == ""


def test_the_next_step_of_a_partial_destroy_is_partial_too(flowplan, ids):
    told = flowplan("plan", "--destroy", "--target", "deploy_model_3")
    assert told.out.endswith("Next: flowplan destroy --target deploy_model_3\n")
