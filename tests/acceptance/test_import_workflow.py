"""`flowplan import --workflow`: what Flow Framework provisioned becomes flowplan's, as it is."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace

import pytest
import yaml

from flowplan.state.backends import open_backend
from tests.acceptance.chat import KEY, write
from tests.faults.served import serving
from tests.workflow.everything import EVERYTHING
from tests.workflow.flow_framework import WORKFLOW, FlowFramework, stored, told

PARAM = "FLOWPLAN_PARAM_connector_openAI_key"


@pytest.fixture
def provisioned(here, flowplan, monkeypatch):
    """A cluster on which a workflow was provisioned, and the plugin that tells of it."""
    plugin = FlowFramework()
    with serving(here.parent / "cluster.db", around=plugin.around) as url:
        monkeypatch.setenv("FLOWPLAN_ENDPOINT", url)
        monkeypatch.setenv(PARAM, KEY)
        (here / "made").mkdir()
        write(here / "made" / "t.yaml", EVERYTHING)
        assert flowplan("apply", "made/t.yaml", "--auto-approve", "-q").code == 0
        state = open_backend(str(here / "made" / "t.state.json")).load().state
        assert state is not None
        plugin.workflows[WORKFLOW] = (stored(EVERYTHING), told(state))
        yield SimpleNamespace(plugin=plugin, state=state, here=here, url=url)


def tell(cluster, **more):
    """Change what the plugin says of the workflow."""
    template, body = cluster.plugin.workflows[WORKFLOW]
    cluster.plugin.workflows[WORKFLOW] = (template, body | more)


def codes(result):
    return [item["code"] for item in result.json["diagnostics"]]


def resources(flowplan):
    found = flowplan("status", "--format", "json").json
    return {
        (item["workflow_step_id"], item["workflow_step_name"], item["resource_id"])
        for item in found["resources_created"]
    }


def test_a_provisioned_workflow_is_taken_over_and_the_plan_is_empty(provisioned, flowplan):
    result = flowplan("import", "--workflow", WORKFLOW)
    assert result.code == 0, result.err
    assert "9 imported, 2 recorded as done, nothing differs. State serial 1." in result.out
    plan = flowplan("plan", "--detailed-exitcode")
    assert plan.code == 0, plan.out
    assert "No changes. 11 resources match" in plan.out


def test_its_id_its_state_and_its_resources_are_those_of_flow_framework(provisioned, flowplan):
    flowplan("import", "--workflow", WORKFLOW)
    _, body = provisioned.plugin.workflows[WORKFLOW]
    found = flowplan("status", "--all", "--format", "json").json
    assert (found["workflow_id"], found["state"]) == (WORKFLOW, "COMPLETED")
    for name in ("provision_start_time", "provision_end_time"):
        assert found[name] == body[name]
    assert resources(flowplan) == {
        (item["workflow_step_id"], item["workflow_step_name"], item["resource_id"])
        for item in body["resources_created"]
    }


def test_its_template_is_written_with_params_for_its_credentials(provisioned, flowplan):
    result = flowplan("import", "--workflow", WORKFLOW)
    assert f"Wrote template.yaml, the template of {WORKFLOW}." in result.err
    text = (provisioned.here / "template.yaml").read_text()
    found = yaml.safe_load(text)
    assert text.startswith(f"# Flow Framework's workflow {WORKFLOW}")
    assert KEY not in text
    assert "created_time" not in found
    param = found["flowplan"]["params"]["connector_openAI_key"]
    assert (param["type"], param["sensitive"]) == ("string", True)
    (connector,) = [n for n in found["workflows"]["provision"]["nodes"] if n["id"] == "connector"]
    assert connector["user_inputs"]["credential"] == {"openAI_key": "${{ connector_openAI_key }}"}


def test_without_its_secrets_the_template_is_written_and_they_are_asked_for(
    provisioned, flowplan, monkeypatch
):
    monkeypatch.delenv(PARAM)
    result = flowplan("import", "--workflow", WORKFLOW)
    assert result.code == 1
    assert "error[FP118]: template.yaml:" in result.err
    assert not (provisioned.here / "template.state.json").exists()
    monkeypatch.setenv(PARAM, KEY)
    assert flowplan("import", "--workflow", WORKFLOW).code == 0
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_a_template_that_is_there_is_compared_and_stays_as_it_is(provisioned, flowplan):
    template = copy.deepcopy(EVERYTHING)
    write(provisioned.here / "mine.yaml", template)
    before = (provisioned.here / "mine.yaml").read_text()
    result = flowplan("import", "--workflow", WORKFLOW, "mine.yaml")
    assert result.code == 0, result.err
    assert (provisioned.here / "mine.yaml").read_text() == before
    assert flowplan("plan", "mine.yaml", "--detailed-exitcode").code == 0


def test_a_template_of_another_workflow_is_refused_with_what_differs(provisioned, flowplan):
    template = copy.deepcopy(EVERYTHING)
    nodes = template["workflows"]["provision"]["nodes"]
    nodes[:] = [node for node in nodes if node["id"] != "wait"]
    nodes[0] = {"id": "group", "type": "noop"}
    nodes[2]["previous_node_inputs"] = {"connector": "connector_id"}
    write(provisioned.here / "template.yaml", template)
    result = flowplan("import", "--workflow", WORKFLOW, "--format", "json")
    assert (result.code, codes(result)) == (1, ["FP292"])
    detail = result.json["diagnostics"][0]["detail"]
    assert detail == (
        "Its node group is a noop, the workflow's a register_model_group.\n"
        "It has no node wait (noop)."
    )
    assert not (provisioned.here / "template.state.json").exists()


def test_what_differs_from_the_template_is_shown_and_left(provisioned, flowplan):
    path = "/_search/pipeline/all-search"
    import requests

    body = {"description": "another", "request_processors": []}
    requests.put(provisioned.url + path, json=body, timeout=10).raise_for_status()
    result = flowplan("import", "--workflow", WORKFLOW)
    assert "1 differ from the template" in result.out
    assert flowplan("plan", "--detailed-exitcode").code == 2


def test_two_files_take_the_place_of_the_plugin(provisioned, flowplan):
    template, body = provisioned.plugin.workflows.pop(WORKFLOW)
    (provisioned.here / "t.json").write_text(json.dumps(template))
    (provisioned.here / "s.json").write_text(json.dumps(body))
    files = ("--template-from", "t.json", "--status-from", "s.json")
    assert flowplan("import", "--workflow", WORKFLOW, *files).code == 0
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_a_status_of_another_workflow_is_refused(provisioned, flowplan):
    tell(provisioned, workflow_id="71Y1-6EBnYS6QzcmbVn_")
    result = flowplan("import", "--workflow", WORKFLOW, "--format", "json")
    assert (result.code, codes(result)) == (1, ["FP299"])


def test_a_template_from_a_file_that_holds_none_is_refused(provisioned, flowplan):
    (provisioned.here / "t.json").write_text("[]")
    result = flowplan(
        "import", "--workflow", WORKFLOW, "--template-from", "t.json", "--format", "json"
    )
    assert (result.code, codes(result)) == (1, ["FP299"])


def test_of_a_failed_workflow_what_there_is_is_taken_over(provisioned, flowplan):
    _, body = provisioned.plugin.workflows[WORKFLOW]
    there = [i for i in body["resources_created"] if i["workflow_step_id"] in ("group", "search")]
    error = "WorkflowStepException during step connector, no, restStatus: BAD_REQUEST"
    tell(provisioned, state="FAILED", error=error, resources_created=there)
    result = flowplan("import", "--workflow", WORKFLOW, "--format", "json")
    assert result.code == 0
    assert [item["node"] for item in result.json["changes"]] == ["group", "search"]
    assert "FP296" in codes(result)
    found = flowplan("status", "--format", "json").json
    assert (found["state"], found["error"]) == ("FAILED", error)
    plan = flowplan("plan", "--format", "json").json
    # The tool waits for the model that is not there yet.
    assert {c["node"] for c in plan["changes"] if c["action"] == "no-op"} == {
        "group", "search", "wait",
    }  # fmt: skip


def test_a_workflow_that_made_nothing_is_refused(provisioned, flowplan):
    tell(provisioned, state="NOT_STARTED", resources_created=[])
    result = flowplan("import", "--workflow", WORKFLOW, "--format", "json")
    assert (result.code, codes(result)) == (1, ["FP294"])


def test_what_was_deleted_since_is_told_and_planned_anew(provisioned, flowplan):
    import requests

    requests.delete(f"{provisioned.url}/_search/pipeline/all-search", timeout=10).raise_for_status()
    result = flowplan("import", "--workflow", WORKFLOW, "--format", "json")
    assert (result.code, "FP298" in codes(result)) == (0, True)
    plan = flowplan("plan", "--format", "json").json
    assert plan["summary"]["create"] == 1


def test_what_the_template_no_longer_has_is_told_and_stays(provisioned, flowplan):
    _, body = provisioned.plugin.workflows[WORKFLOW]
    gone = {
        "workflow_step_id": "old", "workflow_step_name": "create_search_pipeline",
        "resource_id": "old-search", "resource_type": "pipeline_id",
    }  # fmt: skip
    tell(provisioned, resources_created=[*body["resources_created"], gone])
    result = flowplan("import", "--workflow", WORKFLOW, "--format", "json")
    (warning,) = [item for item in result.json["diagnostics"] if item["code"] == "FP293"]
    assert "old-search" in warning["summary"]
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_taking_over_again_does_nothing(provisioned, flowplan):
    flowplan("import", "--workflow", WORKFLOW)
    before = (provisioned.here / "template.state.json").read_bytes()
    result = flowplan("import", "--workflow", WORKFLOW)
    assert result.code == 0
    assert "is taken over already" in result.out
    assert (provisioned.here / "template.state.json").read_bytes() == before


def test_a_state_of_another_workflow_is_refused(provisioned, flowplan):
    write(provisioned.here / "template.yaml", EVERYTHING)
    (provisioned.here / "made" / "t.state.json").rename(provisioned.here / "template.state.json")
    result = flowplan("import", "--workflow", WORKFLOW, "--format", "json")
    assert (result.code, codes(result)) == (1, ["FP295"])


def test_a_dry_run_writes_neither_template_nor_state(provisioned, flowplan):
    before = sorted(path.name for path in provisioned.here.iterdir())
    result = flowplan("import", "--workflow", WORKFLOW, "--dry-run")
    assert result.code == 0, result.err
    assert "Nothing was written: 9 imported" in result.out
    assert sorted(path.name for path in provisioned.here.iterdir()) == before


def test_its_json_is_a_plan_of_the_imports(provisioned, flowplan, conforms):
    result = flowplan("import", "--workflow", WORKFLOW, "--format", "json")
    found = conforms(result.json, "plan")
    assert {item["action"] for item in found["changes"]} == {"import"}
    assert found["summary"]["import"] == 9


def test_a_cluster_without_flow_framework_is_told_as_such(here, flowplan):
    result = flowplan("import", "--workflow", WORKFLOW, "--endpoint", "sandbox:")
    assert result.code == 1
    assert result.err.startswith("error[FP290]: the cluster has no Flow Framework")


def test_a_workflow_that_is_not_there_is_told_as_such(provisioned, flowplan):
    result = flowplan("import", "--workflow", "nope", "--format", "json")
    assert (result.code, codes(result)) == (1, ["FP291"])


def test_an_id_of_another_form_leaves_the_state_an_id_of_its_own(provisioned, flowplan):
    provisioned.plugin.workflows["short"] = provisioned.plugin.workflows.pop(WORKFLOW)
    template, body = provisioned.plugin.workflows["short"]
    provisioned.plugin.workflows["short"] = (template, body | {"workflow_id": "short"})
    result = flowplan("import", "--workflow", "short", "--format", "json")
    assert (result.code, "FP297" in codes(result)) == (0, True)
    assert len(flowplan("status", "--format", "json").json["workflow_id"]) == 20
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_what_was_taken_over_is_destroyed_like_anything_else(provisioned, flowplan):
    flowplan("import", "--workflow", WORKFLOW)
    result = flowplan("destroy", "--auto-approve", "-q", "--allow-delete", "all")
    assert result.code == 0, result.err
    assert flowplan("state", "list").out.strip() == ""
