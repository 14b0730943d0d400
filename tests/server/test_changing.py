"""Templates that change after they were provisioned, and fields that change without."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.bench import Bench
from tests.server.templates import KEY, chat, index

WAIT = "wait_for_completion_timeout=20s"


def provisioned(bench: Bench, template: object, query: str = "") -> str:
    found = bench.create(template, f"provision=true&{WAIT}&{query}")
    assert bench.ask("GET", f"{found}/_status")[1]["state"] == "COMPLETED"
    return found


def reprovision(
    bench: Bench, workflow: str, template: object, query: str = ""
) -> tuple[int, dict[str, Any]]:
    return bench.ask("PUT", f"{workflow}?reprovision=true&{WAIT}&{query}", template)


def connector(bench: Bench, workflow: str) -> dict[str, Any]:
    made = bench.ask("GET", f"{workflow}/_status")[1]["resources_created"]
    found: dict[str, Any] = bench.cluster(
        "GET", f"/_plugins/_ml/connectors/{made[0]['resource_id']}"
    )[1]
    return found


def test_a_changed_connector_is_changed(bench: Bench) -> None:
    workflow = provisioned(bench, chat())
    changed = chat(parameters={"endpoint": "api.openai.com", "model": "gpt-4o"})
    status, body = reprovision(bench, workflow, changed)
    assert (status, body["state"]) == (202, "COMPLETED")
    assert connector(bench, workflow)["parameters"]["model"] == "gpt-4o"


def test_params_are_taken_with_reprovision(bench: Bench) -> None:
    workflow = provisioned(bench, chat())
    status, body = reprovision(bench, workflow, chat(description="${{ text }}"), "text=new")
    assert (status, body["state"]) == (202, "COMPLETED")
    assert connector(bench, workflow)["description"] == "new"


def test_the_same_template_has_no_modifications(bench: Bench) -> None:
    workflow = provisioned(bench, chat())
    text = "Template does not contain any modifications"
    assert reprovision(bench, workflow, chat()) == (400, {"error": text})


def test_what_drifted_is_put_right_by_the_same_template(bench: Bench) -> None:
    workflow = provisioned(bench, chat())
    made = bench.ask("GET", f"{workflow}/_status")[1]["resources_created"]
    model = made[1]["resource_id"]
    bench.cluster("PUT", f"/_plugins/_ml/models/{model}", '{"name": "by hand"}')
    assert len(bench.ask("GET", f"{workflow}/_drift")[1]["drift"]) == 1
    assert reprovision(bench, workflow, chat())[0] == 202
    assert bench.ask("GET", f"{workflow}/_drift")[1]["drift"] == []


def test_a_removed_node_is_deleted(bench: Bench) -> None:
    workflow = provisioned(bench, chat())
    less = chat()
    del less["workflows"]["provision"]["nodes"][1:]
    assert reprovision(bench, workflow, less)[1]["state"] == "COMPLETED"
    made = bench.ask("GET", f"{workflow}/_status")[1]["resources_created"]
    assert [item["workflow_step_id"] for item in made] == ["connector"]


def test_a_removed_node_with_data_needs_allow_delete(bench: Bench) -> None:
    workflow = provisioned(bench, index("books"))
    less = index("books")
    del less["workflows"]["provision"]["nodes"][0]
    text = "These resources require the allow_delete parameter to deprovision: [index_name books]."
    assert reprovision(bench, workflow, less) == (400, {"error": text})
    assert bench.ask("GET", f"{workflow}/_status")[1]["state"] == "COMPLETED"
    assert reprovision(bench, workflow, less, "allow_delete=books")[1]["state"] == "COMPLETED"
    assert bench.cluster("GET", "/books")[0] == 404


def test_an_index_that_must_be_made_anew_fails_and_keeps_its_data(bench: Bench) -> None:
    workflow = provisioned(bench, index("books", number_of_shards=1))
    status, body = reprovision(bench, workflow, index("books", number_of_shards=2))
    assert (status, body["state"]) == (202, "FAILED")
    assert "allow_delete" in body["error"]
    assert bench.cluster("GET", "/books")[0] == 200
    again = reprovision(bench, workflow, index("books", number_of_shards=2), "allow_delete=books")
    assert again[1]["state"] == "COMPLETED"


def test_what_is_not_provisioned_is_not_reprovisioned(bench: Bench) -> None:
    workflow = bench.create(chat())
    status, body = reprovision(bench, workflow, chat())
    assert status == 400
    assert body["error"].startswith(
        "The template can not be reprovisioned unless its provisioning state is DONE or FAILED:"
    )


def test_update_fields_leaves_credentials_alone(bench: Bench) -> None:
    workflow = bench.create(chat())
    assert bench.ask("PUT", f"{workflow}?update_fields=true", {"description": "new"}) == (
        201, {"workflow_id": workflow},
    )  # fmt: skip
    found = bench.service.kept.find(workflow)
    nodes = bench.service.kept.template_of(found)["workflows"]["provision"]["nodes"]
    assert nodes[0]["user_inputs"]["credential"] == {"openAI_key": KEY}
    assert bench.ask("GET", workflow)[1]["description"] == "new"


def test_a_workflow_renamed_by_update_fields_goes_on_under_its_new_name(bench: Bench) -> None:
    workflow = provisioned(bench, chat())
    bench.ask("PUT", f"{workflow}?update_fields=true", {"name": "renamed"})
    assert bench.ask("GET", f"{workflow}/_plan")[0] == 200
    status, body = reprovision(bench, workflow, chat("renamed", description="x"))
    assert (status, body["state"]) == (202, "COMPLETED")
    assert bench.ask("POST", f"{workflow}/_deprovision")[0] == 200


@pytest.mark.parametrize("field", ["workflows", "bogus"])
def test_other_fields_are_not_updated_alone(bench: Bench, field: str) -> None:
    workflow = bench.create(chat())
    assert bench.ask("PUT", f"{workflow}?update_fields=true", {field: {}}) == (
        400,
        {"error": f"You can not update the field [{field}] without updating the whole template."},
    )


def test_a_template_that_is_not_provisioned_is_replaced_whole(bench: Bench) -> None:
    workflow = bench.create(chat())
    assert bench.ask("PUT", workflow, index("other"))[0] == 201
    assert bench.ask("GET", workflow)[1]["name"] == "other"
    status, body = bench.ask("PUT", f"{workflow}?provision=true&{WAIT}", index("third"))
    assert (status, body["state"]) == (202, "COMPLETED")


def test_a_plan_shows_what_provisioning_would_do_and_needs_no_secret(bench: Bench) -> None:
    template = chat(credential={"openAI_key": "${{ openai_key }}"})
    workflow = bench.create(template)
    status, body = bench.ask("GET", f"{workflow}/_plan")
    assert status == 200
    assert body["summary"]["create"] == 3
    assert body["not_given"] == ["openai_key"]
    assert bench.ask("GET", f"{workflow}/_status")[1]["state"] == "NOT_STARTED"


def test_plan_and_drift_are_documents_of_the_published_schemas(bench: Bench, schema: Any) -> None:
    workflow = provisioned(bench, chat())
    schema("plan", bench.ask("GET", f"{workflow}/_plan")[1])
    schema("drift", bench.ask("GET", f"{workflow}/_drift")[1])


def test_a_plan_of_a_workflow_that_is_not_there_is_not_found(bench: Bench) -> None:
    assert bench.ask("GET", "nope/_plan")[0] == 404
    assert bench.ask("GET", "nope/_drift")[0] == 404
