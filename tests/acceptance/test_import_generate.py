"""`flowplan import --generate`: a template of what is on a cluster, which plans nothing but imports."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.acceptance.chat import KEY, write
from tests.faults.served import serving
from tests.workflow.everything import EVERYTHING

PARAM = "FLOWPLAN_PARAM_openai_chat_connector_openAI_key"


@pytest.fixture
def cluster(here, flowplan, monkeypatch):
    """A cluster with ten resources, in no state that a test uses."""
    monkeypatch.setenv("FLOWPLAN_ENDPOINT", f"sandbox:{here.parent}/cluster.db")
    monkeypatch.setenv(PARAM, KEY)
    (here / "made").mkdir()
    write(here / "made" / "t.yaml", EVERYTHING)
    assert flowplan("apply", "made/t.yaml", "--auto-approve", "-q").code == 0
    return here


def nodes(document):
    return {node["id"]: node for node in document["workflows"]["provision"]["nodes"]}


def codes(result):
    return [item["code"] for item in result.json["diagnostics"]]


def test_ten_resources_taken_over_into_an_empty_state_plan_empty(cluster, flowplan):
    assert flowplan("import", "--generate", "--out", "all.yaml").code == 0
    plan = flowplan("plan", "all.yaml", "--format", "json").json
    assert {change["action"] for change in plan["changes"]} == {"import"}
    assert not any(change["fields"] for change in plan["changes"])
    assert plan["summary"]["import"] == 10
    result = flowplan("apply", "all.yaml", "--auto-approve", "--format", "json")
    summary = json.loads(result.out.splitlines()[-1])
    assert (summary["imported"], summary["created"], summary["updated"]) == (10, 0, 0)
    again = flowplan("plan", "all.yaml", "--detailed-exitcode")
    assert again.code == 0
    assert "No changes. 10 resources match the template" in again.out


def test_the_template_is_valid_and_says_what_to_give(cluster, flowplan, monkeypatch):
    result = flowplan("import", "--generate", "--out", "all.yaml")
    assert "Wrote all.yaml: 10 nodes, 1 param to give" in result.out
    assert result.out.rstrip().endswith("Next: flowplan plan all.yaml")
    assert flowplan("validate", "all.yaml", "--strict").code == 0
    monkeypatch.delenv(PARAM)
    refused = flowplan("validate", "all.yaml", "--format", "json")
    assert (refused.code, codes(refused)) == (1, ["FP118"])


def test_without_a_file_it_is_printed_and_nothing_is_written(cluster, flowplan):
    before = sorted(path.name for path in cluster.iterdir())
    result = flowplan("import", "--generate")
    assert result.code == 0
    assert result.out.startswith("# What flowplan import --generate found on sandbox:")
    assert len(nodes(yaml.safe_load(result.out))) == 10
    assert sorted(path.name for path in cluster.iterdir()) == before


def test_its_json_is_a_template(cluster, flowplan, conforms):
    found = conforms(flowplan("import", "--generate", "--format", "json").json, "template")
    assert yaml.safe_load(flowplan("import", "--generate").out) == found


def test_a_file_of_json_is_written_as_json(cluster, flowplan):
    assert flowplan("import", "--generate", "--out", "all.json").code == 0
    assert nodes(json.loads((cluster / "all.json").read_text()))
    assert flowplan("plan", "all.json").code == 0


def test_references_are_put_back(cluster, flowplan):
    found = nodes(flowplan("import", "--generate", "--format", "json").json)
    assert found["chat_model"]["previous_node_inputs"] == {
        "openai_chat_connector": "connector_id",
        "shared_group": "model_group_id",
    }
    assert found["deploy_chat_model"]["previous_node_inputs"] == {"chat_model": "model_id"}
    (tool,) = found["outer_agent"]["user_inputs"]["tools"]
    assert tool["parameters"]["agent_id"] == "${{ all_agent.agent_id }}"
    llm = found["outer_agent"]["user_inputs"]["llm"]
    assert llm["model_id"] == "${{ deploy_chat_model.model_id }}"
    (step,) = found["all_ingest"]["user_inputs"]["configurations"]["processors"]
    assert step["ml_inference"]["model_id"] == "${{ deploy_chat_model.model_id }}"


def test_an_index_comes_after_the_pipelines_that_it_names(cluster, flowplan):
    document = flowplan("import", "--generate", "--format", "json").json
    edges = document["workflows"]["provision"]["edges"]
    sources = {edge["source"] for edge in edges if edge["dest"] == "all_index"}
    assert sources == {"all_ingest", "all_search"}


def test_a_group_that_came_with_a_single_model_is_no_node(cluster, flowplan):
    found = nodes(flowplan("import", "--generate", "--format", "json").json)
    groups = [item["user_inputs"]["name"] for item in found.values() if "group" in item["type"]]
    assert groups == ["Shared group"]
    assert "model_group_id" not in found["other_model"]["user_inputs"]


def test_only_a_kind_or_what_has_such_a_name_is_written(cluster, flowplan):
    kind = nodes(flowplan("import", "--generate", "--only", "connectors", "--format", "json").json)
    assert set(kind) == {"openai_chat_connector"}
    words = ("--only", "index", "--only", "chat*")
    mixed = nodes(flowplan("import", "--generate", *words, "--format", "json").json)
    assert set(mixed) == {"chat_model", "deploy_chat_model", "all_index"}


def test_an_id_of_what_is_not_written_stays_an_id(cluster, flowplan):
    found = nodes(flowplan("import", "--generate", "--only", "model", "--format", "json").json)
    assert "connector_id" in found["chat_model"]["user_inputs"]


def test_a_word_that_fits_nothing_is_refused_with_the_kinds(cluster, flowplan):
    result = flowplan("import", "--generate", "--only", "conector", "--format", "json")
    assert (result.code, codes(result)) == (1, ["FP280"])
    assert result.json["diagnostics"][0]["hint"] == 'did you mean "connector"?'


def test_an_empty_cluster_has_nothing_to_write(here, flowplan):
    result = flowplan("import", "--generate", "--endpoint", "sandbox:", "--format", "json")
    assert (result.code, codes(result)) == (1, ["FP281"])


def test_no_password_of_the_endpoint_gets_into_the_template(cluster, flowplan):
    with serving(cluster.parent / "cluster.db") as url:
        endpoint = url.replace("http://", "http://somebody:canary-word@")
        result = flowplan("import", "--generate", "--out", "all.yaml", "--endpoint", endpoint)
    assert result.code == 0, result.err
    text = (cluster / "all.yaml").read_text()
    assert "canary-word" not in text + result.out + result.err
    assert "127.0.0.1" in text.splitlines()[0]


def test_a_file_that_is_there_is_never_overwritten(cluster, flowplan):
    (cluster / "all.yaml").write_text("mine\n")
    result = flowplan("import", "--generate", "--out", "all.yaml", "--format", "json")
    assert (result.code, codes(result)) == (1, ["FP287"])
    assert (cluster / "all.yaml").read_text() == "mine\n"


def test_a_file_in_no_directory_is_refused(cluster, flowplan):
    result = flowplan("import", "--generate", "--out", "none/all.yaml", "--format", "json")
    assert (result.code, codes(result)) == (1, ["FP287"])


def test_what_the_state_has_is_left_out_and_told(cluster, flowplan):
    state = "made/t.state.json"
    result = flowplan("import", "--generate", "--state", state, "--format", "json")
    assert (result.code, codes(result)) == (1, ["FP281"])
    assert flowplan("state", "rm", "search", "--state", state).code == 0
    text = flowplan("import", "--generate", "--state", state)
    assert "warning[FP286]: 8 resources are in the state already" in text.err
    assert list(nodes(yaml.safe_load(text.out))) == ["all_search"]


def test_a_local_model_is_left_out_and_told(here, flowplan, monkeypatch):
    monkeypatch.setenv("FLOWPLAN_ENDPOINT", "sandbox:")
    node = {
        "id": "local",
        "type": "register_local_pretrained_model",
        "user_inputs": {
            "name": "huggingface/sentence-transformers/all-MiniLM-L6-v2",
            "version": "1.0.1",
            "model_format": "TORCH_SCRIPT",
        },
    }
    group = {"id": "group", "type": "register_model_group", "user_inputs": {"name": "g"}}
    template = {"name": "local", "workflows": {"provision": {"nodes": [node, group]}}}
    write(here / "t.yaml", template)
    assert flowplan("apply", "t.yaml", "--auto-approve", "-q").code == 0
    result = flowplan("import", "--generate")
    assert result.code == 0
    assert "warning[FP282]: the model huggingface/" in result.err
    assert list(nodes(yaml.safe_load(result.out))) == ["g"]


@pytest.mark.parametrize(
    "argv",
    [
        ("--generate", "node"),
        ("--generate", "--dry-run"),
        ("--generate", "--workflow", "x"),
        ("--only", "connector"),
        ("--status-from", "s.json"),
        ("--workflow", "x", "node", "id"),
        ("--workflow", ""),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(here, flowplan, argv):
    result = flowplan("import", *argv)
    assert result.code == 64
    assert "FP604" in result.err
