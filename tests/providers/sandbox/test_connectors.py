from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

BASE = "/_plugins/_ml/connectors"
CASES = json.loads((Path(__file__).parent / "cases" / "connector_refusals.json").read_text())
TRUSTED = "plugins.ml_commons.trusted_connector_endpoints_regex"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_incomplete_connector_is_refused_as_recorded(
    api: Any, connector_body: Any, case: Any
) -> None:
    connector_body.pop(case.get("drop"), None)
    connector_body |= case.get("set", {})
    if "action" in case:
        connector_body["actions"][0] |= case["action"]
    status, answer = api.send("POST", f"{BASE}/_create", connector_body)
    assert (status, answer["error"]["type"]) == (case["status"], case["type"])
    assert answer["error"]["reason"] == case.get("reason", answer["error"]["reason"])
    assert answer["error"]["root_cause"] == [
        {"type": answer["error"]["type"], "reason": answer["error"]["reason"]}
    ]
    assert answer["status"] == status


def test_a_body_is_needed_and_must_be_an_object(api: Any) -> None:
    assert api.refused("POST", f"{BASE}/_create") == (
        500,
        "Create Connector request has empty body",
    )
    assert api.refused("POST", f"{BASE}/_create", b"[]")[0] == 400
    assert (
        api.send("POST", f"{BASE}/_create", b"{nope")[1]["error"]["type"] == "json_parse_exception"
    )


def test_a_name_need_not_be_unique(api: Any) -> None:
    assert api.connector() != api.connector()


def test_values_come_back_as_ml_commons_stores_them(api: Any, connector_body: Any) -> None:
    connector_body |= {
        "version": 1,
        "parameters": {
            "endpoint": "api.openai.com",
            "n": 256,
            "t": 0.5,
            "b": True,
            "z": None,
            "l": [1, {"x": "y"}],
        },
        "client_config": {"max_connection": 5, "unknown": 1},
        "url": "dropped",
        "bogus": 1,
    }
    connector_body["actions"][0] |= {"supports_structured_output": True, "method": "post"}
    got = api.ok("GET", f"{BASE}/{api.connector(**connector_body)}")
    assert got["version"] == "1"
    assert got["parameters"] == {
        "endpoint": "api.openai.com",
        "n": "256",
        "t": "0.5",
        "b": "true",
        "z": "null",
        "l": '[1,{"x":"y"}]',
    }
    assert got["client_config"] == {
        "max_connection": 5,
        "connection_timeout": 30,
        "read_timeout": 30,
        "retry_backoff_millis": 200,
        "retry_timeout_seconds": 30,
        "max_retry_times": 0,
        "retry_backoff_policy": "constant",
        "skip_ssl_verification": False,
    }
    assert got["actions"][0]["action_type"] == "PREDICT"
    assert got["actions"][0]["method"] == "post"
    assert "supports_structured_output" not in got["actions"][0]
    assert not {"url", "bogus", "credential", "credential_keys"} & got.keys()


def test_absent_parameters_and_description_stay_as_recorded(api: Any, connector_body: Any) -> None:
    del connector_body["description"]
    del connector_body["parameters"]
    connector_body["actions"][0]["url"] = "https://api.openai.com/v1"
    id_ = api.ok("POST", f"{BASE}/_create", connector_body)["connector_id"]
    got = api.ok("GET", f"{BASE}/{id_}")
    assert got["parameters"] == {}
    assert "description" not in got


def test_an_update_merges_parameters_and_replaces_the_rest(api: Any) -> None:
    id_ = api.connector()
    api.wait(1)
    done = api.ok(
        "PUT",
        f"{BASE}/{id_}",
        {"parameters": {"model": 4}, "version": 4, "description": "", "bogus": 1},
    )
    assert (done["result"], done["_version"], done["_index"]) == (
        "updated",
        2,
        ".plugins-ml-connector",
    )
    got = api.ok("GET", f"{BASE}/{id_}")
    assert got["parameters"] == {"endpoint": "api.openai.com", "model": "4"}
    assert (got["version"], got["description"]) == ("4", "")
    assert got["last_updated_time"] == got["created_time"] + 1000
    api.ok("PUT", f"{BASE}/{id_}", {"parameters": {}})
    assert api.ok("GET", f"{BASE}/{id_}")["parameters"] == got["parameters"]


def test_an_update_is_refused_as_recorded(api: Any) -> None:
    id_ = api.connector()
    assert api.refused("PUT", f"{BASE}/{id_}") == (
        400,
        "Failed to update connector: Request body is empty",
    )
    assert api.refused("PUT", f"{BASE}/{id_}", {"description": None})[0] == 400
    assert api.refused("PUT", f"{BASE}/{id_}", {"name": "a<b"})[0] == 400
    assert api.refused("PUT", f"{BASE}/nope", {}) == (
        404,
        "Failed to find connector with the provided connector id: nope",
    )
    assert (
        api.refused(
            "PUT",
            f"{BASE}/{id_}",
            {
                "actions": [
                    {
                        "action_type": "predict",
                        "method": "POST",
                        "url": "https://${parameters.nope}/",
                    }
                ]
            },
        )[0]
        == 400
    )


def test_a_protocol_without_its_keys_breaks_the_connector_for_good(api: Any) -> None:
    id_ = api.connector()
    assert api.ok("PUT", f"{BASE}/{id_}", {"protocol": "aws_sigv4"})["result"] == "updated"
    assert api.refused("GET", f"{BASE}/{id_}") == (400, "Missing credential")
    assert api.refused("PUT", f"{BASE}/{id_}", {"protocol": "http"}) == (400, "Missing credential")
    assert (
        api.search("connectors", {"ids": {"values": [id_]}})[0]["_source"]["protocol"]
        == "aws_sigv4"
    )
    assert api.ok("DELETE", f"{BASE}/{id_}")["result"] == "deleted"


def test_credential_names_are_merged_so_a_later_put_can_complete_them(
    api: Any, connector_body: Any
) -> None:
    connector_body |= {
        "protocol": "aws_sigv4",
        "credential": {"access_key": "a", "secret_key": "b"},
    }
    connector_body["parameters"] |= {"region": "r", "service_name": "s"}
    id_ = api.connector(**connector_body)
    api.ok("PUT", f"{BASE}/{id_}", {"credential": {"session_token": "c"}})
    assert api.ok("GET", f"{BASE}/{id_}")["protocol"] == "aws_sigv4"


def test_an_unknown_connector_is_deleted_with_200_and_counted(api: Any) -> None:
    first = api.ok("DELETE", f"{BASE}/nope")
    assert (first["result"], first["_version"]) == ("not_found", 1)
    assert api.ok("DELETE", f"{BASE}/nope")["_version"] == 2


def test_a_connector_in_use_is_kept(api: Any) -> None:
    id_ = api.connector()
    models = [api.model(id_, name=f"m{number}") for number in range(12)]
    status, reason = api.refused("DELETE", f"{BASE}/{id_}")
    assert status == 409
    # Ten at most are counted and named: it is one page of a search.
    said = "10 models are still using this connector, please delete or update the models first: "
    assert reason == f"{said}[{', '.join(models[:10])}]"
    for model in models:
        api.ok("DELETE", f"/_plugins/_ml/models/{model}")
    assert api.ok("DELETE", f"{BASE}/{id_}")["result"] == "deleted"
    assert api.refused("GET", f"{BASE}/{id_}")[0] == 404


def test_a_connector_under_a_deployed_model_can_not_be_updated(api: Any) -> None:
    id_ = api.connector()
    registered = api.model(id_, name="registered")
    deployed = api.model(id_, name="deployed", deploy=True)
    expected = (
        f"1 models are still using this connector, please undeploy the models first: [{deployed}]"
    )
    assert api.refused("PUT", f"{BASE}/{id_}", {"description": "x"}) == (400, expected)
    api.ok("POST", f"/_plugins/_ml/models/{deployed}/_undeploy")
    assert api.ok("PUT", f"{BASE}/{id_}", {"description": "x"})["result"] == "updated"
    api.predict(registered)  # deploys it: the guard looks at the cache, not at the state
    assert api.get_model(registered)["model_state"] == "REGISTERED"
    assert api.refused("PUT", f"{BASE}/{id_}", {"description": "y"})[0] == 400


def test_the_trusted_endpoints_can_be_set(api: Any) -> None:
    id_ = api.connector()
    api.ok("PUT", "/_cluster/settings", {"persistent": {TRUSTED: [r"^http://127\.0\.0\.1:.*$"]}})
    untrusted = (400, "Connector URL is not matching the trusted connector endpoint regex")
    assert api.refused("PUT", f"{BASE}/{id_}", {"description": "x"}) == untrusted
    api.connector(
        parameters={"endpoint": "127.0.0.1:1", "model": "m"},
        actions=[{"action_type": "predict", "method": "POST", "url": "http://127.0.0.1:1/v1"}],
    )
    api.ok(
        "PUT",
        "/_cluster/settings",
        {"persistent": {"plugins": {"ml_commons": {"trusted_connector_endpoints_regex": None}}}},
    )
    assert api.ok("PUT", f"{BASE}/{id_}", {"description": "x"})["result"] == "updated"
