"""Taking over what is on the cluster already, through all layers but the command line."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import FlowplanError, StateError
from flowplan.planner.execute import execute
from tests.cutting import Cut
from tests.lab import KEY, Lab, actions, change_of
from tests.workflow.hand_made import (
    CONNECTOR,
    GROUP,
    INDEX,
    INDEX_NODE,
    INGEST,
    SEARCH,
    group_id,
    imports,
    made,
    paths,
    take,
)  # fmt: skip


def refused(call: Callable[[], Any]) -> Any:
    with pytest.raises(FlowplanError) as caught:
        call()
    return caught.value.diagnostics[0]


# ---- a workflow --------------------------------------------------------------------------


@pytest.fixture
def hand_made(lab: Lab) -> dict[str, str]:
    """A connector and a deployed model as the template has them, made by somebody else."""
    body = {**lab.inputs("connector"), "credential": {"openAI_key": KEY}}
    connector = made(lab, "connectors/_create", body, "connector_id")
    inputs = {**lab.inputs("model"), "connector_id": connector}
    model = made(lab, "models/_register", inputs, "model_id")
    lab.request("POST", f"/_plugins/_ml/models/{model}/_deploy")
    while lab.request("GET", f"/_plugins/_ml/models/{model}")["model_state"] != "DEPLOYED":
        pass
    return {"connector": connector, "model": model, "deployment": model}


def test_a_hand_made_connector_and_model_are_taken_over_and_the_plan_is_empty(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    before = lab.on_cluster()
    for node, resource_id in hand_made.items():
        take(lab, node, resource_id)
    plan = lab.plan()
    assert plan.empty
    assert not plan.drift
    assert lab.on_cluster() == before
    assert lab.ids() == hand_made
    assert lab.state.serial == 3
    assert lab.state.status.state == "COMPLETED"
    assert not plan.outputs_changed


def test_the_template_takes_all_of_it_over_in_one_apply_without_changing_anything(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    imports(lab, **hand_made)
    plan = lab.plan()
    assert actions(plan) == dict.fromkeys(hand_made, "import")
    assert plan.summary["import"] == 3
    assert not any(change.fields for change in plan.changes)
    before = lab.on_cluster()
    assert lab.apply().imported == 3
    assert lab.on_cluster() == before
    assert lab.plan().empty
    assert lab.state.outputs["model_id"].value == hand_made["model"]


def test_a_reference_is_compared_with_the_id_that_the_other_node_has(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    other = made(lab, "connectors/_create", CONNECTOR["user_inputs"], "connector_id")
    lab.request("PUT", f"/_plugins/_ml/models/{hand_made['model']}", {"connector_id": other})
    take(lab, "connector", hand_made["connector"])
    (change,) = take(lab, "model", hand_made["model"]).plan.changes
    (field,) = change.fields
    assert (field.path, field.before, field.after) == (
        ("connector_id",), other, hand_made["connector"],
    )  # fmt: skip


def test_a_reference_to_a_node_without_a_record_is_not_known_yet(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    (change,) = take(lab, "model", hand_made["model"]).plan.changes
    (field,) = change.fields
    assert (field.path, field.before, field.known) == (
        ("connector_id",), hand_made["connector"], False,
    )  # fmt: skip
    take(lab, "connector", hand_made["connector"])
    take(lab, "deployment", hand_made["model"])
    assert lab.plan().empty


def test_what_can_not_be_read_is_taken_as_the_template_has_it_and_told(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    (change,) = take(lab, "connector", hand_made["connector"]).plan.changes
    assert change.notes[0].startswith("credential can't be read from the cluster")
    lab.params["openai_key"] = "another"
    (field,) = change_of(lab.plan(), "connector").fields
    assert (field.path, field.sensitive) == (("credential", "openAI_key"), True)
    assert KEY not in repr(lab.state)


def test_a_group_that_came_with_a_model_stays_when_the_model_goes(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    imports(lab, **hand_made)
    lab.apply()
    assert all(not record.owned for record in lab.state.resources.values())
    assert lab.destroy().left == ()
    assert lab.counts() == (0, 0, 1)


def test_a_saved_plan_with_imports_is_carried_out_as_it_is(
    lab: Lab, hand_made: dict[str, str], tmp_path: Path
) -> None:
    from flowplan.planner.planfile import check_fresh, load, save

    imports(lab, **hand_made)
    lab.inputs("model")["description"] = "another"
    workspace = lab.workspace()
    save(lab.plan(), workspace, tmp_path / "plan")
    saved = load(tmp_path / "plan")
    check_fresh(saved, workspace, workspace.backend.load())
    assert change_of(saved.plan, "model").then == "update"
    with workspace.backend.lock("apply"):
        summary = execute(workspace, saved.plan, listener=lambda _: None, saved=True)
    assert summary.imported == 3
    assert lab.plan().empty


def test_what_was_deleted_after_the_plan_fails_its_step_and_takes_nothing_over(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    imports(lab, **hand_made)
    workspace, plan = lab.workspace(), lab.plan()
    lab.request("POST", f"/_plugins/_ml/models/{hand_made['model']}/_undeploy")
    lab.request("DELETE", f"/_plugins/_ml/models/{hand_made['model']}")
    events = []
    with workspace.backend.lock("apply"):
        summary = execute(workspace, plan, listener=events.append)
    assert (summary.imported, summary.failed, summary.skipped) == (1, 1, 1)
    (failed,) = [event for event in events if event.type == "step_failed"]
    assert failed.diagnostic is not None
    assert (failed.node, failed.diagnostic.code) == ("model", "FP480")
    assert set(lab.ids()) == {"connector"}


def test_a_change_of_a_used_connector_is_left_to_the_plan_after_the_import(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    imports(lab, **hand_made)
    change = change_of(lab.plan(), "connector")
    assert (change.action, change.then) == ("import", None)
    assert change.fields[0].forces_replace
    assert change.notes[-1].endswith("the next plan makes it anew")
    assert lab.apply().imported == 3
    assert lab.ids() == hand_made
    assert actions(lab.plan())["connector"] == "replace"
    assert lab.apply().replaced == 1
    del lab.template["flowplan"]["imports"]
    assert lab.plan().empty


def test_a_parameter_that_only_the_cluster_has_is_one_that_goes(lab: Lab) -> None:
    body = {**lab.inputs("connector"), "credential": {"openAI_key": KEY}}
    body["parameters"] = {**body["parameters"], "more": "x"}
    found = made(lab, "connectors/_create", body, "connector_id")
    (change,) = take(lab, "connector", found).plan.changes
    assert [(field.path, field.removed) for field in change.fields] == [
        (("parameters", "more"), True)
    ]
    assert change.fields[0].forces_replace


def test_an_index_that_only_a_new_one_can_be_made_of_is_replaced_with_permission(
    one: Callable[[Mapping[str, Any]], Lab],
) -> None:
    lab = one(INDEX_NODE)
    there = copy.deepcopy(INDEX)
    there["settings"]["index"]["number_of_shards"] = 2  # type: ignore[index]
    lab.request("PUT", "/docs", there)
    (change,) = take(lab, "node", "docs").plan.changes
    assert paths(change) == ["configurations.settings.index.number_of_shards"]
    (change,) = lab.plan().changes
    assert (change.action, change.blocked) == ("replace", "docs")
    assert not lab.plan(allow_delete=frozenset({"docs"})).changes[0].blocked


def test_what_documents_added_to_an_index_is_no_difference(
    one: Callable[[Mapping[str, Any]], Lab],
) -> None:
    lab = one(INDEX_NODE)
    there = copy.deepcopy(INDEX)
    there["mappings"]["properties"]["came"] = {"type": "keyword"}  # type: ignore[index]
    there["settings"]["index"]["number_of_replicas"] = 0  # type: ignore[index]
    lab.request("PUT", "/docs", there)
    assert take(lab, "node", "docs").plan.changes[0].fields == ()
    assert lab.plan().empty


# ---- refusals ----------------------------------------------------------------------------


def test_an_id_that_is_not_there_is_refused_and_nothing_is_written(lab: Lab) -> None:
    found = refused(lambda: take(lab, "connector", "nope"))
    assert (found.code, found.node) == ("FP480", "connector")
    assert "connector nope" in found.summary
    assert lab.workspace().backend.load().state is None


def test_a_model_s_id_is_no_connector(lab: Lab, hand_made: dict[str, str]) -> None:
    assert refused(lambda: take(lab, "connector", hand_made["model"])).code == "FP480"


def test_a_local_model_is_no_remote_one(lab: Lab) -> None:
    body = {
        "name": "local", "version": "1.0.1", "model_format": "TORCH_SCRIPT",
    }  # fmt: skip
    body["name"] = "huggingface/sentence-transformers/all-MiniLM-L6-v2"
    task = made(lab, "models/_register", body, "task_id")
    model = None
    while model is None:
        model = lab.request("GET", f"/_plugins/_ml/tasks/{task}").get("model_id")
    found = refused(lambda: take(lab, "model", model))
    assert (found.code, found.node) == ("FP481", "model")


def test_an_index_is_taken_over_by_the_name_that_the_template_has(
    one: Callable[[Mapping[str, Any]], Lab],
) -> None:
    lab = one(INDEX_NODE)
    lab.request("PUT", "/other", {})
    found = refused(lambda: take(lab, "node", "other"))
    assert (found.code, found.hint) == ("FP482", "flowplan import node docs")


def test_a_node_that_has_a_resource_is_refused_with_its_id(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    take(lab, "connector", hand_made["connector"])
    found = refused(lambda: take(lab, "connector", "other"))
    assert (found.code, found.node) == ("FP483", "connector")
    assert hand_made["connector"] in found.summary
    assert found.hint == "flowplan state rm connector"


def test_a_resource_of_another_node_is_refused(lab: Lab, hand_made: dict[str, str]) -> None:
    lab.nodes.append({**copy.deepcopy(lab.node("connector")), "id": "second"})
    take(lab, "connector", hand_made["connector"])
    found = refused(lambda: take(lab, "second", hand_made["connector"]))
    assert (found.code, found.node) == ("FP484", "second")
    imports(lab, second=hand_made["connector"])
    assert refused(lab.plan).code == "FP484"


def test_the_group_that_came_with_a_model_of_ours_is_refused(lab: Lab) -> None:
    lab.apply()
    (owned,) = lab.state.resources["model"].owned
    lab.nodes.append({**copy.deepcopy(GROUP), "id": "group"})
    assert refused(lambda: take(lab, "group", owned.resource_id)).code == "FP484"


def test_two_entries_of_one_resource_are_refused(lab: Lab, hand_made: dict[str, str]) -> None:
    lab.nodes.append({**copy.deepcopy(lab.node("connector")), "id": "second"})
    imports(lab, connector=hand_made["connector"], second=hand_made["connector"])
    assert refused(lab.plan).code == "FP484"


def test_a_step_without_a_resource_has_nothing_to_take_over(lab: Lab) -> None:
    lab.nodes.append({"id": "nothing", "type": "noop"})
    assert refused(lambda: take(lab, "nothing", "x")).code == "FP485"


def test_a_node_that_is_not_there_is_refused_with_the_nearest_name(lab: Lab) -> None:
    found = refused(lambda: take(lab, "conector", "x"))
    assert (found.code, found.hint) == ("FP486", 'did you mean "connector"?')


def test_imports_are_not_planned_without_a_look_at_the_cluster(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    imports(lab, **hand_made)
    assert refused(lambda: lab.plan(refresh=False)).code == "FP487"
    lab.apply()
    assert lab.plan(refresh=False).empty


def test_an_entry_for_a_node_with_another_resource_is_passed_over_with_a_warning(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    take(lab, "connector", hand_made["connector"])
    imports(lab, connector="other")
    plan = lab.plan()
    assert [(item.severity, item.code, item.node) for item in plan.diagnostics] == [
        ("warning", "FP488", "connector")
    ]
    assert change_of(plan, "connector").action == "no-op"


def test_an_entry_whose_connector_was_replaced_since_does_no_harm(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    imports(lab, **hand_made)
    lab.apply()
    lab.inputs("connector")["parameters"].pop("model")
    lab.inputs("connector")["parameters"]["other"] = "x"
    assert lab.apply().failed == 0
    plan = lab.plan()
    assert plan.empty
    assert [item.code for item in plan.diagnostics] == ["FP488"]


def test_an_id_may_be_a_param(lab: Lab, hand_made: dict[str, str]) -> None:
    imports(lab, connector="${{ old }}")
    lab.params["old"] = hand_made["connector"]
    assert change_of(lab.plan(), "connector").resource_id == hand_made["connector"]


def test_an_id_that_is_no_text_is_refused_with_its_place(lab: Lab) -> None:
    lab.template["flowplan"]["params"] = {
        "openai_key": {"type": "string", "sensitive": True},
    }  # fmt: skip
    imports(lab, connector="${{ openai_key }}")
    found = refused(lab.plan)
    assert (found.code, found.node) == ("FP106", "connector")
    assert found.line is not None
    assert KEY not in repr(found)


# ---- requests that were cut off ------------------------------------------------------------


def lookalike(lab: Lab) -> str:
    body = {**lab.inputs("connector"), "credential": {"openAI_key": "another"}}
    return made(lab, "connectors/_create", body, "connector_id")


def test_a_lost_answer_that_could_be_several_names_the_commands_that_decide_it(
    lab: Lab, cut: Callable[..., None]
) -> None:
    cut("POST", "connectors/_create", after=True)
    with pytest.raises(Cut):
        lab.apply()
    mine = lab.on_cluster()["connectors"][0]["id"]
    other = lookalike(lab)
    with pytest.raises(StateError) as caught:
        lab.apply()
    for found in (mine, other):
        assert f"flowplan import connector {found}" in caught.value.diagnostics[0].hint
    (change,) = take(lab, "connector", mine).plan.changes
    assert (change.action, change.reason, change.resource_id) == ("import", "unfinished", mine)
    assert lab.apply().failed == 0
    assert lab.ids()["connector"] == mine
    assert lab.plan().empty


def test_a_choice_that_is_none_of_them_decides_nothing(lab: Lab, cut: Callable[..., None]) -> None:
    cut("POST", "connectors/_create", after=True)
    with pytest.raises(Cut):
        lab.apply()
    lookalike(lab)
    assert refused(lambda: take(lab, "connector", "nope")).code == "FP421"
    assert lab.workspace().backend.load().open


def test_the_template_s_imports_decide_it_too(lab: Lab, cut: Callable[..., None]) -> None:
    cut("POST", "connectors/_create", after=True)
    with pytest.raises(Cut):
        lab.apply()
    mine = lab.on_cluster()["connectors"][0]["id"]
    lookalike(lab)
    imports(lab, connector=mine)
    assert lab.apply().failed == 0
    assert lab.ids()["connector"] == mine


@pytest.mark.parametrize(
    ("node", "path", "name"),
    [
        (INDEX_NODE, "/docs", "docs"),
        (INGEST, "/_ingest/pipeline/in", "in"),
        (SEARCH, "/_search/pipeline/out", "out"),
    ],
)
def test_what_is_there_already_is_an_error_with_the_command_that_takes_it_over(
    one: Callable[[Mapping[str, Any]], Lab], node: Mapping[str, Any], path: str, name: str
) -> None:
    lab = one(node)
    lab.request("PUT", path, lab.inputs("node")["configurations"])
    lab.apply()
    (failed,) = [event for event in lab.events if event.type == "step_failed"]
    assert failed.diagnostic is not None
    assert f"flowplan import node {name}" in failed.diagnostic.hint
    take(lab, "node", name)
    assert lab.plan().empty


def test_a_group_of_that_name_is_an_error_with_the_command_and_its_id(
    one: Callable[[Mapping[str, Any]], Lab],
) -> None:
    lab = one(GROUP)
    found = group_id(lab, lab.inputs("node"))
    lab.apply()
    (failed,) = [event for event in lab.events if event.type == "step_failed"]
    assert failed.diagnostic is not None
    assert failed.diagnostic.code == "FP339"
    assert f"flowplan import node {found}" in failed.diagnostic.hint


def test_a_model_that_is_imported_too_is_no_stranger_to_its_connector(
    lab: Lab, hand_made: dict[str, str]
) -> None:
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    imports(lab, connector=hand_made["connector"])
    assert [item.code for item in lab.plan().diagnostics] == ["FP212"]
    imports(lab, **hand_made)
    assert lab.plan().diagnostics == ()
