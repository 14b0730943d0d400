"""What becomes of a workflow from its template to its end, as a client sees it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from flowplan.server import ServeSettings
from tests.server.bench import Bench
from tests.server.templates import KEY, chat, index, triples

WAIT = "wait_for_completion_timeout=20s"


def provisioned(bench: Bench, template: object, query: str = "") -> str:
    found = bench.create(template, f"provision=true&{WAIT}&{query}")
    assert bench.ask("GET", f"{found}/_status")[1]["state"] == "COMPLETED"
    return found


def names(bench: Bench, workflow: str) -> list[str]:
    body = bench.ask("GET", f"{workflow}/_status")[1]
    return [item["workflow_step_name"] for item in body.get("resources_created", ())]


def test_a_workflow_is_created_provisioned_and_deprovisioned(bench: Bench) -> None:
    workflow = bench.create(chat())
    assert bench.ask("GET", f"{workflow}/_status") == (
        200, {"workflow_id": workflow, "state": "NOT_STARTED"},
    )  # fmt: skip
    assert bench.ask("POST", f"{workflow}/_provision") == (202, {"workflow_id": workflow})
    bench.settle()
    assert names(bench, workflow) == ["create_connector", "register_remote_model", "deploy_model"]
    assert bench.ask("POST", f"{workflow}/_deprovision") == (200, {"workflow_id": workflow})
    assert bench.ask("GET", f"{workflow}/_status?all=true")[1] == {
        "workflow_id": workflow, "state": "NOT_STARTED", "provisioning_progress": "NOT_STARTED",
    }  # fmt: skip


def test_the_id_has_twenty_url_safe_characters(bench: Bench) -> None:
    workflow = bench.create(chat())
    assert len(workflow) == 20
    assert workflow.replace("_", "").replace("-", "").isalnum()


def test_yaml_is_read_by_its_content_type(bench: Bench) -> None:
    text = "# a comment\nname: yes\nworkflows: {provision: {nodes: [{id: a, type: noop}]}}\n"
    status, body = bench.ask("POST", "", text, content_type="application/yaml")
    assert status == 201
    assert bench.ask("GET", body["workflow_id"])[1]["name"] == "yes"


def test_a_body_that_is_neither_is_refused(bench: Bench) -> None:
    status, body = bench.ask("POST", "", "a=b", content_type="text/plain")
    assert (status, body) == (406, {"error": "Content-Type header [text/plain] is not supported"})


def test_a_template_comes_back_as_yaml_where_that_is_accepted(bench: Bench) -> None:
    workflow = bench.create(chat())
    status, text = bench.ask("GET", workflow, headers={"Accept": "application/yaml"})
    assert status == 200
    assert text.startswith("name: chat\n")


def test_params_are_kept_with_provision_and_a_timeout(bench: Bench) -> None:
    template = chat(name="${{ connector_name }}")
    provisioned(bench, template, "connector_name=from-query")
    found = bench.cluster("POST", "/_plugins/_ml/connectors/_search", '{"query":{"match_all":{}}}')
    assert found[1]["hits"]["hits"][0]["_source"]["name"] == "from-query"


def test_params_come_in_the_body_of_provision(bench: Bench) -> None:
    workflow = bench.create(chat(name="${{ connector_name }}"))
    status, _ = bench.ask("POST", f"{workflow}/_provision?{WAIT}", {"connector_name": "from-body"})
    assert status == 202
    assert len(names(bench, workflow)) == 3


@pytest.mark.parametrize(
    ("query", "body", "text"),
    [
        ("?name=a", {"name": "b"}, "Duplicate key name"),
        ("", {"name": 1}, "Request body fields must have string values"),
    ],
)
def test_params_that_cannot_be_used_are_refused(
    bench: Bench, query: str, body: object, text: str
) -> None:
    workflow = bench.create(chat())
    assert bench.ask("POST", f"{workflow}/_provision{query}", body) == (400, {"error": text})


def test_an_unfilled_placeholder_is_refused_and_nothing_is_kept(bench: Bench) -> None:
    status, body = bench.ask("POST", "?provision=true", chat(name="${{ who }}"))
    assert status == 400
    assert body["error"].startswith("Missing the following required parameters : [who].")
    assert bench.ask("POST", "_search")[1]["hits"]["total"]["value"] == 0


def test_a_failed_workflow_goes_on_from_where_it_stopped(bench: Bench) -> None:
    template = index("${{ name }}")
    template["workflows"]["provision"]["nodes"][1]["user_inputs"]["pipeline_id"] = "p"
    workflow = bench.create(template)
    bench.ask("POST", f"{workflow}/_provision?{WAIT}&name=BAD")
    status, body = bench.ask("GET", f"{workflow}/_status?all=true")
    assert (status, body["state"], body["provisioning_progress"]) == (200, "FAILED", "FAILED")
    assert body["error"] == (
        "WorkflowStepException during step index, Invalid index name [BAD], must be lowercase,"
        " restStatus: BAD_REQUEST"
    )
    status, body = bench.ask("POST", f"{workflow}/_provision?{WAIT}&name=good")
    assert (status, body["state"]) == (202, "COMPLETED")
    assert "error" not in body


def test_deprovision_gets_past_what_was_deleted_by_hand(bench: Bench) -> None:
    workflow = provisioned(bench, chat())
    made = bench.ask("GET", f"{workflow}/_status")[1]["resources_created"]
    model = next(item["resource_id"] for item in made if item["resource_type"] == "model_id")
    bench.cluster("POST", f"/_plugins/_ml/models/{model}/_undeploy")
    assert bench.cluster("DELETE", f"/_plugins/_ml/models/{model}")[0] == 200
    assert bench.ask("POST", f"{workflow}/_deprovision")[0] == 200


def test_the_model_group_that_came_by_itself_goes_too(bench: Bench) -> None:
    workflow = provisioned(bench, chat())
    bench.ask("POST", f"{workflow}/_deprovision")
    body = '{"query": {"match_all": {}}}'
    for kind in ("model_groups", "models", "connectors"):
        found = bench.cluster("POST", f"/_plugins/_ml/{kind}/_search", body)[1]
        assert found["hits"]["total"]["value"] == 0, kind


def test_what_the_cluster_keeps_is_told_with_the_seeds_text_and_may_be_sent_again(
    bench: Bench,
) -> None:
    workflow = provisioned(bench, chat())
    made = bench.ask("GET", f"{workflow}/_status")[1]["resources_created"]
    connector = made[0]["resource_id"]
    other = {"name": "other", "function_name": "remote", "connector_id": connector}
    body = bench.cluster("POST", "/_plugins/_ml/models/_register", json.dumps(other))[1]
    text = f"Failed to deprovision some resources: [connector_id {connector}]."
    for _ in range(2):
        assert bench.ask("POST", f"{workflow}/_deprovision") == (202, {"error": text})
        assert bench.ask("GET", f"{workflow}/_status")[1]["state"] == "COMPLETED"
        assert names(bench, workflow) == ["create_connector"]
    bench.cluster("DELETE", f"/_plugins/_ml/models/{body['model_id']}")
    assert bench.ask("POST", f"{workflow}/_deprovision")[0] == 200


@pytest.mark.parametrize("spelling", ["allow_delete", "allow-delete"])
def test_data_goes_only_by_its_name(bench: Bench, spelling: str) -> None:
    workflow = provisioned(bench, index("books"))
    text = "These resources require the allow_delete parameter to deprovision:"
    status, body = bench.ask("POST", f"{workflow}/_deprovision")
    assert status == 403
    assert body["error"].startswith(text)
    assert {"index_name books", "pipeline_id books-p"} == set(
        body["error"].partition("[")[2].rstrip("].").split(", ")
    )
    assert bench.ask("POST", f"{workflow}/_deprovision?{spelling}=all")[0] == 403
    assert bench.ask("POST", f"{workflow}/_deprovision?{spelling}=books") == (
        403, {"error": f"{text} [pipeline_id books-p]."},
    )  # fmt: skip
    assert bench.ask("POST", f"{workflow}/_deprovision?{spelling}=books,books-p")[0] == 200


def test_a_deprovision_of_what_is_not_there_is_not_found(bench: Bench) -> None:
    assert bench.ask("POST", "nope/_deprovision") == (
        404, {"error": "Failed to get workflow state for workflow nope"},
    )  # fmt: skip


def test_a_deleted_template_leaves_a_status_until_it_is_deprovisioned(bench: Bench) -> None:
    workflow = provisioned(bench, chat())
    assert bench.ask("DELETE", workflow)[1]["result"] == "deleted"
    assert bench.ask("GET", workflow)[0] == 404
    assert len(names(bench, workflow)) == 3
    assert bench.ask("DELETE", workflow)[1]["result"] == "not_found"
    assert bench.ask("POST", f"{workflow}/_deprovision")[0] == 200
    assert bench.ask("GET", f"{workflow}/_status")[0] == 404


def test_clear_status_forgets_the_workflow_and_not_where_its_resources_are(bench: Bench) -> None:
    workflow = provisioned(bench, chat())
    assert bench.ask("DELETE", f"{workflow}?clear_status=true")[1]["result"] == "deleted"
    assert bench.ask("GET", f"{workflow}/_status")[0] == 404
    left = bench.directory / "serve" / workflow
    assert (left / "state.json").exists()
    assert not (left / "workflow.json").exists()


def test_clear_status_leaves_nothing_where_nothing_was_made(bench: Bench) -> None:
    workflow = bench.create(chat())
    bench.ask("DELETE", f"{workflow}?clear_status=true")
    assert not (bench.directory / "serve" / workflow).exists()


def test_sixteen_parallel_branches_complete_and_go_to_nothing(bench: Bench) -> None:
    workflow = provisioned(bench, triples(16))
    assert len(names(bench, workflow)) == 48
    assert bench.ask("POST", f"{workflow}/_deprovision")[0] == 200
    for kind in ("model_groups", "models", "connectors"):
        found = bench.cluster("POST", f"/_plugins/_ml/{kind}/_search", "{}")[1]
        assert found["hits"]["total"]["value"] == 0, kind


def test_nothing_that_is_kept_or_answered_holds_a_credential(bench: Bench) -> None:
    workflow = provisioned(bench, chat())
    for path in ("", "/_status?all=true", "/_plan", "/_drift"):
        answer = bench.client.get(f"/_plugins/_flow_framework/workflow/{workflow}{path}")
        assert answer.status_code == 200
        assert KEY not in answer.text
    for path in ("_search", "state/_search"):
        assert KEY not in str(bench.ask("POST", path)[1])
    for file in bench.directory.rglob("*"):
        if file.is_file():
            assert KEY.encode() not in file.read_bytes(), file


def test_a_param_of_a_run_is_sealed_too(bench: Bench) -> None:
    template = chat(credential={"openAI_key": "${{ secret }}"})
    provisioned(bench, template, "secret=sk-param-1234567")
    for file in bench.directory.rglob("*"):
        if file.is_file():
            assert b"sk-param-1234567" not in file.read_bytes(), file


def test_a_template_deleted_while_it_is_provisioned_leaves_its_status(tmp_path: Path) -> None:
    with Bench(tmp_path, "latency=60ms") as bench:
        workflow = bench.create(chat(), "provision=true")
        while not names(bench, workflow):
            time.sleep(0.01)
        assert bench.ask("DELETE", f"{workflow}?clear_status=true")[1]["result"] == "deleted"
        assert bench.ask("GET", f"{workflow}/_status")[1]["state"] == "PROVISIONING"
        bench.settle()
        assert bench.ask("GET", f"{workflow}/_status")[1]["state"] == "COMPLETED"
        assert len(names(bench, workflow)) == 3


def test_a_template_deleted_before_its_run_began_is_a_failed_run(tmp_path: Path) -> None:
    with Bench(tmp_path, "latency=60ms", settings=ServeSettings(runs=1)) as bench:
        bench.create(chat(), "provision=true")
        second = bench.create(chat("second"), "provision=true")
        bench.ask("DELETE", second)
        bench.settle()
        body = bench.ask("GET", f"{second}/_status")[1]
        assert (body["state"], body["error"]) == (
            "FAILED", "The template was deleted before its run began.",
        )  # fmt: skip
