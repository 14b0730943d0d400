from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

BASE = "/_plugins/_ml/models"
CASES = json.loads((Path(__file__).parent / "cases" / "model_refusals.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_incomplete_model_is_refused_as_recorded(api: Any, case: Any) -> None:
    text = json.dumps(case["body"]).replace("CONNECTOR", api.connector())
    status, answer = api.send("POST", f"{BASE}/_register", json.loads(text))
    assert (status, answer["error"]["type"], answer["error"]["reason"]) == (
        case["status"],
        case["type"],
        case["reason"],
    )
    assert api.search("models", {"match_all": {}}) == []
    assert api.search("model_groups", {"match_all": {}}) == []


def test_a_registered_model_has_what_was_recorded(api: Any) -> None:
    connector = api.connector()
    answer = api.ok(
        "POST",
        f"{BASE}/_register",
        {
            "name": "m",
            "function_name": "remote",
            "description": "d",
            "connector_id": connector,
            "version": "9",
            "deploy": True,
            "bogus": 1,
        },
    )
    assert answer.keys() == {"task_id", "status", "model_id"}
    assert answer["status"] == "CREATED"
    got = api.get_model(answer["model_id"])
    group, now = got.pop("model_group_id"), api.app._node.now()
    assert got == {
        "name": "m",
        "algorithm": "REMOTE",
        "model_version": "1",
        "description": "d",
        "model_state": "REGISTERED",  # `deploy` in the body is ignored
        "created_time": now,
        "last_updated_time": now,
        "is_hidden": False,
        "connector_id": connector,
    }
    assert api.ok("GET", f"/_plugins/_ml/model_groups/{group}")["description"] == "d"
    task = api.ok("GET", f"/_plugins/_ml/tasks/{answer['task_id']}")
    assert (task["state"], task["task_type"], task["is_async"]) == (
        "COMPLETED",
        "REGISTER_MODEL",
        False,
    )


def test_settings_come_back_as_ml_commons_stores_them(api: Any) -> None:
    fields = {
        "is_enabled": True,
        "rate_limiter": {"limit": 5, "unit": "MINUTES"},
        "deploy_setting": {"is_auto_deploy_enabled": False},
        "interface": {"input": {"type": "object"}, "output": "{}"},
        "guardrails": {"type": "local_regex"},
        "model_config": {"model_type": "x"},
    }
    got = api.get_model(api.model(api.connector(), **fields))
    assert got["is_enabled"] is True
    assert got["rate_limiter"] == {"limit": "5", "unit": "MINUTES"}
    assert got["deploy_setting"] == {"is_auto_deploy_enabled": False, "model_ttl_minutes": -1}
    assert got["interface"] == {"input": '{"type":"object"}', "output": "{}"}
    assert (got["guardrails"], got["model_config"]) == (
        fields["guardrails"],
        fields["model_config"],
    )
    assert api.get_model(api.model(api.connector(), is_enabled=False))["is_enabled"] is False


@pytest.mark.parametrize("field", ["rate_limiter", "deploy_setting"])
def test_a_setting_that_is_no_object_is_refused(api: Any, field: Any) -> None:
    assert api.refused("PUT", f"{BASE}/{api.model(api.connector())}", {field: 1})[0] == 400


def test_an_update_changes_what_it_names_and_ignores_the_rest(api: Any) -> None:
    id_ = api.model(api.connector(), description="d", rate_limiter={"limit": "1", "unit": "HOURS"})
    done = api.ok(
        "PUT",
        f"{BASE}/{id_}",
        {
            "name": "new",
            "description": "",
            "function_name": "kmeans",
            "rate_limiter": {},
            "interface": {},
            "bogus": 1,
        },
    )
    assert (done["result"], done["_version"]) == ("updated", 2)
    got = api.get_model(id_)
    assert (got["name"], got["description"], got["algorithm"], got["model_id"]) == (
        "new",
        "",
        "REMOTE",
        id_,
    )
    assert got["rate_limiter"] == {"limit": "1", "unit": "HOURS"}
    api.ok(
        "PUT",
        f"{BASE}/{id_}",
        {"is_enabled": True, "rate_limiter": {"limit": 2}, "connector_id": ""},
    )
    got = api.get_model(id_)
    assert got["is_enabled"] is True
    assert got["rate_limiter"] == {"limit": "2", "unit": "HOURS"}
    assert got["connector_id"]


def test_an_update_is_refused_as_recorded(api: Any) -> None:
    id_ = api.model(api.connector())
    assert api.refused("PUT", f"{BASE}/nope", {}) == (
        404,
        "Failed to find model to update with the provided model id: nope",
    )
    assert api.refused("PUT", f"{BASE}/{id_}", {"name": "a<b"}) == (
        400,
        "Validation Failed: 1: Model Name can only contain letters, numbers, spaces, and basic punctuation (.,!?():@-_'/\");",
    )
    assert api.refused("PUT", f"{BASE}/{id_}", {"description": None})[0] == 400
    assert api.refused("PUT", f"{BASE}/{id_}", {"connector": {"version": "2"}})[0] == 400
    assert api.refused("PUT", f"{BASE}/{id_}", {"model_group_id": "nope"}) == (
        404,
        "Failed to find the model group with the provided model group id in the update model input, MODEL_GROUP_ID: nope",
    )


def test_a_model_moves_to_another_group_and_takes_its_next_version(api: Any) -> None:
    connector = api.connector()
    group = api.ok("POST", "/_plugins/_ml/model_groups/_register", {"name": "other"})[
        "model_group_id"
    ]
    api.model(connector, name="first", model_group_id=group)
    id_ = api.model(connector, name="second")
    left = api.get_model(id_)["model_group_id"]
    api.ok("PUT", f"{BASE}/{id_}", {"model_group_id": group})
    got = api.get_model(id_)
    assert (got["model_group_id"], got["model_version"]) == (group, "2")
    assert api.ok("GET", f"/_plugins/_ml/model_groups/{left}")["latest_version"] == 1


def test_a_deployed_model_is_not_deleted(api: Any) -> None:
    id_ = api.model(api.connector(), deploy=True)
    busy = (
        400,
        "Model cannot be deleted in deploying or deployed state. Try undeploy model first then delete",
    )
    assert api.refused("DELETE", f"{BASE}/{id_}") == busy
    api.ok("POST", f"{BASE}/{id_}/_deploy")
    assert api.refused("DELETE", f"{BASE}/{id_}") == busy
    api.ok("POST", f"{BASE}/{id_}/_undeploy")
    assert api.ok("DELETE", f"{BASE}/{id_}")["result"] == "deleted"
    assert api.refused("GET", f"{BASE}/{id_}") == (
        404,
        f"Failed to find model with the provided model id: {id_}",
    )
    assert api.refused("DELETE", f"{BASE}/{id_}") == (404, "Failed to find model")


def test_a_model_may_hold_its_connector_itself(api: Any, connector_body: Any) -> None:
    body = {"name": "m", "function_name": "remote", "connector": connector_body}
    id_ = api.ok("POST", f"{BASE}/_register", body)["model_id"]
    inline = api.get_model(id_)["connector"]
    assert inline["actions"][0]["action_type"] == "PREDICT"
    assert "credential" not in inline
    assert api.predict(id_)["model"] == "gpt-3.5-turbo"
    api.wait(1)
    api.ok(
        "PUT",
        f"{BASE}/{id_}",
        {"connector": {"parameters": {"model": "gpt-4o"}, "credential": {"k": "v"}}},
    )
    assert api.predict(id_)["model"] == "gpt-4o"
    assert api.refused("PUT", f"{BASE}/{id_}", {"connector_id": api.connector()})[0] == 400


def test_a_local_model_has_its_id_in_its_task(api: Any) -> None:
    body = {"name": "local", "version": "1.0.1", "model_format": "TORCH_SCRIPT"}
    answer = api.ok("POST", f"{BASE}/_register", body)
    assert answer.keys() == {"task_id", "status"}
    task = api.ok("GET", f"/_plugins/_ml/tasks/{answer['task_id']}")
    assert (task["state"], "model_id" in task) == ("RUNNING", False)
    api.wait(1)
    task = api.ok("GET", f"/_plugins/_ml/tasks/{answer['task_id']}")
    assert task["state"] == "COMPLETED"
    assert api.get_model(task["model_id"])["algorithm"] == "TEXT_EMBEDDING"
    api.ok("POST", f"{BASE}/{task['model_id']}/_deploy")
    api.wait(1)
    assert api.get_model(task["model_id"])["model_state"] == "DEPLOYED"


def test_a_local_model_is_registering_until_its_task_is_done(api: Any) -> None:
    body = {"name": "local", "version": "1", "model_format": "torch_script"}
    api.ok("POST", f"{BASE}/_register?deploy=true", body)
    query = {"query": {"term": {"name.keyword": "local"}}}
    (hit,) = api.ok("POST", f"{BASE}/_search", query)["hits"]["hits"]
    assert hit["_source"]["model_state"] == "REGISTERING"
    assert hit["_source"]["model_format"] == "TORCH_SCRIPT"
    api.wait(0.16)
    assert api.get_model(hit["_id"])["model_state"] == "REGISTERED"
    api.wait(1)
    assert api.get_model(hit["_id"])["model_state"] == "DEPLOYED"
