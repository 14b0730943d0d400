"""`flowplan import`: a hand-made connector and model become nodes, and nothing is changed by it."""

from __future__ import annotations

import json
import shlex

import pytest

from flowplan.providers.sandbox import ids
from tests.acceptance.chat import chat, inputs, write

NODES = ("create_connector_1", "register_model_2", "deploy_model_3")


@pytest.fixture
def made(project, flowplan):
    """The three resources on the cluster, in no state that a test uses; their ids by node."""
    assert flowplan("apply", "--auto-approve", "-q", "--state", "elsewhere.json").code == 0
    found = flowplan("status", "--state", "elsewhere.json", "--format", "json").json
    listed = found["resources_created"]
    return {item["workflow_step_id"]: item["resource_id"] for item in listed}


def test_a_hand_made_connector_and_model_are_imported_and_the_plan_is_empty(made, flowplan):
    for node in NODES:
        result = flowplan("import", node, made[node])
        assert result.code == 0
        assert f"Imported {node}: it is as the template says." in result.out
    assert flowplan("plan", "--detailed-exitcode").code == 0
    found = flowplan("status", "--format", "json").json
    assert {item["workflow_step_id"]: item["resource_id"] for item in found["resources_created"]} == made  # fmt: skip
    assert found["state"] == "COMPLETED"


def test_what_differs_is_shown_and_the_next_command_named(made, flowplan, project):
    template = chat()
    inputs(template, "register_model_2")["description"] = "another"
    write(project / "template.yaml", template)
    flowplan("import", "create_connector_1", made["create_connector_1"])
    result = flowplan("import", "register_model_2", made["register_model_2"])
    assert '"test model" → "another"' in result.out
    assert "1 field differs. State serial 2." in result.out
    assert result.out.rstrip().endswith("Next: flowplan plan")


def test_a_dry_run_shows_the_same_and_writes_nothing(made, flowplan, project):
    before = sorted(path.name for path in project.iterdir())
    result = flowplan("import", "create_connector_1", made["create_connector_1"], "--dry-run")
    assert result.code == 0
    assert "Nothing was written: it is as the template says." in result.out
    assert sorted(path.name for path in project.iterdir()) == before


def test_its_json_is_a_plan_of_the_one_change(made, flowplan, conforms):
    result = flowplan("import", "create_connector_1", made["create_connector_1"], "--format", "json")  # fmt: skip
    found = conforms(result.json, "plan")
    (change,) = found["changes"]
    assert (change["node"], change["action"], change["reason"]) == ("create_connector_1", "import", "requested")  # fmt: skip
    assert change["resource_id"] == made["create_connector_1"]
    assert found["summary"]["import"] == 1
    assert "credential" in change["notes"][0]


def test_an_import_in_the_template_is_planned_and_applied(made, flowplan, project, conforms):
    write(project / "template.yaml", chat(imports=[{"node": n, "id": made[n]} for n in NODES]))
    plan = conforms(flowplan("plan", "--format", "json").json, "plan")
    assert [item["action"] for item in plan["changes"]] == ["import"] * 3
    assert plan["summary"]["import"] == 3
    lines = flowplan("apply", "--auto-approve", "--format", "json").out.splitlines()
    events = [conforms(json.loads(line), "event") for line in lines]
    done = [item for item in events if item["type"] == "step_completed"]
    assert {item["node"]: item["resource_id"] for item in done} == made
    assert {item["action"] for item in done} == {"import"}
    assert (events[-1]["imported"], events[-1]["created"]) == (3, 0)
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_a_saved_plan_with_imports_is_applied_once(made, flowplan, project):
    write(project / "template.yaml", chat(imports=[{"node": n, "id": made[n]} for n in NODES]))
    assert flowplan("plan", "--out", "saved").code == 0
    assert "← create_connector_1" in flowplan("show", "saved").out
    result = flowplan("apply", "--plan", "saved")
    assert result.code == 0
    assert "Applied: 3 imported" in result.out
    assert flowplan("apply", "--plan", "saved").code == 5


def test_an_import_by_hand_makes_a_saved_plan_stale(made, flowplan):
    flowplan("plan", "--out", "saved")
    flowplan("import", "create_connector_1", made["create_connector_1"])
    assert flowplan("apply", "--plan", "saved").code == 5


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("create_connector_1", "nope"), "FP480"),
        (("create_conector_1", "nope"), "FP486"),
    ],
)
def test_a_refused_import_exits_1_and_writes_no_state(made, flowplan, project, argv, code):
    result = flowplan("import", *argv, "--format", "json")
    assert result.code == 1
    assert result.json["diagnostics"][0]["code"] == code
    assert not (project / "template.state.json").exists()


def test_a_node_in_the_state_is_refused_with_its_place(made, flowplan):
    flowplan("import", "create_connector_1", made["create_connector_1"])
    result = flowplan("import", "create_connector_1", "other")
    assert result.code == 1
    assert "\nerror[FP483]: template.yaml:" in result.err
    assert made["create_connector_1"] in result.err


def test_without_a_node_or_an_id_it_is_a_usage_error(project, flowplan):
    assert flowplan("import").code == 64
    assert flowplan("import", "create_connector_1").code == 64


def test_what_was_imported_is_destroyed_like_anything_else(made, flowplan):
    for node in NODES:
        assert flowplan("import", node, made[node]).code == 0
    result = flowplan("destroy", "--auto-approve", "--format", "json")
    assert result.code == 0
    assert json.loads(result.out.splitlines()[-1])["deleted"] == 3


@pytest.fixture
def dashed(monkeypatch, project, flowplan):
    """The same, each with an id that begins with a dash, as one in 64 does."""
    monkeypatch.setattr(ids.secrets, "randbits", lambda _: 0xF8)
    assert flowplan("apply", "--auto-approve", "-q", "--state", "elsewhere.json").code == 0
    found = flowplan("status", "--state", "elsewhere.json", "--format", "json").json
    listed = {i["workflow_step_id"]: i["resource_id"] for i in found["resources_created"]}
    assert {item[0] for item in listed.values()} == {"-"}
    return listed


def test_ids_that_begin_with_a_dash_are_imported_and_destroyed(dashed, flowplan):
    for node in NODES:
        result = flowplan("import", node, dashed[node], "-q", "--format", "json")
        assert result.code == 0, result.err
    assert flowplan("plan", "--detailed-exitcode").code == 0
    assert flowplan("destroy", "--auto-approve", "-q").code == 0


def test_an_id_after_two_dashes_is_taken_as_well(dashed, flowplan):
    node = "create_connector_1"
    assert flowplan("import", "-q", "--", node, dashed[node]).code == 0


def test_a_short_word_with_a_dash_is_an_option_as_ever(dashed, flowplan):
    assert flowplan("import", "create_connector_1", "-3kf").code == 64


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_command_that_a_hint_gives_has_the_flags_of_the_call(project, flowplan, form):
    group = {"id": "g", "type": "register_model_group", "user_inputs": {"name": "theirs"}}
    template = {"name": "groups", "workflows": {"provision": {"nodes": [group]}}}
    write(project / "group.yaml", template)
    place = ("group.yaml", "--auto-approve", "--endpoint", "sandbox:there")
    assert flowplan("apply", *place, "-q").code == 0
    result = flowplan("apply", *place, "--state", "other.json", "--format", form)
    assert result.code == 1
    said = result.out + result.err
    begin = "flowplan import --state other.json --endpoint sandbox:there"
    hint = said[said.index(begin) :].splitlines()[0].partition("\\n")[0]
    done = flowplan(*shlex.split(hint)[1:])
    assert (done.code, (project / "other.json").exists()) == (0, True)
