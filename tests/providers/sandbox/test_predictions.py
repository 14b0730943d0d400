from __future__ import annotations

from typing import Any

import pytest

BASE = "/_plugins/_ml/models"
HELLO = {
    "parameters": {
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hello"}]
    }
}


def test_a_prediction_echoes_the_last_message(api: Any) -> None:
    id_ = api.model(api.connector(), deploy=True)
    answer = api.ok("POST", f"{BASE}/{id_}/_predict", HELLO)
    assert answer == {
        "inference_results": [
            {
                "output": [
                    {
                        "name": "response",
                        "dataAsMap": {
                            "id": "chatcmpl-mock",
                            "object": "chat.completion",
                            "created": 1700000000,
                            "model": "gpt-3.5-turbo",
                            "choices": [
                                {
                                    "index": 0,
                                    "message": {"role": "assistant", "content": "echo: hello"},
                                    "finish_reason": "stop",
                                }
                            ],
                            "usage": {
                                "prompt_tokens": 1,
                                "completion_tokens": 1,
                                "total_tokens": 2,
                            },
                        },
                    }
                ],
                "status_code": 200,
            }
        ]
    }
    assert api.ok("POST", f"/_plugins/_ml/_predict/remote/{id_}", HELLO) == answer


def test_a_prediction_deploys_a_model_that_is_not_deployed(api: Any) -> None:
    id_ = api.model(api.connector())
    assert api.predict(id_)["choices"]
    assert api.get_model(id_)["model_state"] == "REGISTERED"
    api.wait(0.2)
    assert api.get_model(id_)["model_state"] == "DEPLOYED"
    api.ok("POST", f"{BASE}/{id_}/_undeploy")
    assert api.predict(id_)["choices"]
    api.wait(0.2)
    assert api.get_model(id_)["model_state"] == "DEPLOYED"


def test_a_refused_prediction_says_why_as_recorded(api: Any) -> None:
    id_ = api.model(api.connector(), deploy=True)
    path = f"{BASE}/{id_}/_predict"
    assert api.refused("POST", path) == (400, "request body is required")
    assert api.refused("POST", f"{BASE}/nope/_predict", HELLO) == (404, "Failed to find model")
    assert api.refused("POST", path, {"parameters": {}}) == (
        400,
        'Invalid payload: { "model": "gpt-3.5-turbo", "messages": ${parameters.messages} }',
    )
    api.ok("PUT", f"{BASE}/{id_}", {"is_enabled": False})
    assert api.refused("POST", path, HELLO) == (403, "Model is disabled.")
    api.ok("PUT", f"{BASE}/{id_}", {"is_enabled": True})
    assert api.predict(id_)["choices"]


def test_a_deployed_model_moves_to_its_new_connector_at_once(api: Any) -> None:
    old = api.connector()
    id_ = api.model(old, deploy=True)
    new = api.connector(parameters={"endpoint": "api.openai.com", "model": "gpt-4o"})
    api.ok("PUT", f"{BASE}/{id_}", {"connector_id": new})
    assert api.predict(id_)["model"] == "gpt-4o"
    assert api.get_model(id_)["model_state"] == "DEPLOYED"
    assert api.ok("DELETE", f"/_plugins/_ml/connectors/{old}")["result"] == "deleted"


def test_a_connector_that_does_not_exist_is_accepted_and_the_old_one_goes_on(api: Any) -> None:
    old = api.connector()
    id_ = api.model(old, deploy=True)
    api.ok("PUT", f"{BASE}/{id_}", {"connector_id": "nope"})
    assert api.predict(id_)["model"] == "gpt-3.5-turbo"
    # Nothing names the old connector now, so it can go; the deployed model still serves.
    assert api.ok("DELETE", f"/_plugins/_ml/connectors/{old}")["result"] == "deleted"
    assert api.predict(id_)["model"] == "gpt-3.5-turbo"
    api.ok("POST", f"{BASE}/{id_}/_undeploy")
    assert api.refused("POST", f"{BASE}/{id_}/_predict", HELLO) == (
        404,
        "Failed to find connector:nope",
    )


def test_a_model_whose_deployment_fails_predicts_nothing(open_api: Any) -> None:
    api = open_api("deploy_fail=m")
    id_ = api.model(api.connector())
    assert api.refused("POST", f"{BASE}/{id_}/_predict", HELLO)[0] == 500
    api.wait(1)
    assert api.get_model(id_)["model_state"] == "DEPLOY_FAILED"


def test_automatic_deployment_can_be_off_for_a_model(api: Any) -> None:
    connector = api.connector()
    id_ = api.model(connector, deploy_setting={"is_auto_deploy_enabled": False})
    said = "Auto deployment disabled for this model, please deploy model first"
    assert api.refused("POST", f"{BASE}/{id_}/_predict", HELLO) == (400, said)
    assert api.get_model(id_)["model_state"] == "REGISTERED"
    # The refused prediction put the model into the node's cache, which is what the guard looks at.
    assert api.refused("PUT", f"/_plugins/_ml/connectors/{connector}", {})[0] == 400
    api.ok("POST", f"{BASE}/{id_}/_undeploy")
    api.ok("PUT", f"/_plugins/_ml/connectors/{connector}", {})


def test_automatic_deployment_can_be_off_for_the_cluster(api: Any) -> None:
    setting = {"plugins.ml_commons.model_auto_deploy.enable": False}
    api.ok("PUT", "/_cluster/settings", {"transient": setting})
    id_ = api.model(api.connector())
    status, reason = api.refused("POST", f"{BASE}/{id_}/_predict", HELLO)
    assert status == 400
    assert reason == (
        f"Model not ready yet. Please run this first: POST /_plugins/_ml/models/{id_}/_deploy"
    )


def action(**changes: Any) -> Any:
    return [
        {"action_type": "predict", "method": "POST", "url": "https://api.openai.com/v1", **changes}
    ]


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_service_that_fails_passes_its_status_on(api: Any, status: Any) -> None:
    connector = api.connector(actions=action(url=f"http://127.0.0.1/fail/{status}"))
    refused = api.refused("POST", f"{BASE}/{api.model(connector)}/_predict", HELLO)
    assert refused[0] == status
    assert refused[1].startswith('Error from remote service: {"error": {"message": "mock failure')


def test_texts_become_embeddings(api: Any) -> None:
    body = '{ "model": "e", "input": ${parameters.input} }'
    id_ = api.model(api.connector(actions=action(request_body=body)))
    output = api.ok("POST", f"{BASE}/{id_}/_predict", {"parameters": {"input": ["a", "bb"]}})[
        "inference_results"
    ][0]["output"]
    data = output[0]["dataAsMap"]["data"]
    assert [len(item["embedding"]) for item in data] == [8, 8]
    assert data[0]["embedding"][0] == 0.01


def test_an_embedding_post_process_function_makes_tensors(api: Any) -> None:
    body = '{ "model": "e", "input": ${parameters.input} }'
    made = action(
        request_body=body, post_process_function="connector.post_process.openai.embedding"
    )
    id_ = api.model(api.connector(actions=made))
    path = f"/_plugins/_ml/_predict/text_embedding/{id_}"
    output = api.ok("POST", path, {"text_docs": ["a", "bb"]})["inference_results"][0]["output"]
    assert [item["shape"] for item in output] == [[8], [8]]
    assert output[0]["data_type"] == "FLOAT32"


@pytest.mark.parametrize("name", ["prompt", "inputs", "text"])
def test_a_plain_text_is_echoed(api: Any, name: Any) -> None:
    body = f'{{ "{name}": "${{parameters.{name}}}" }}'
    id_ = api.model(api.connector(actions=action(request_body=body)))
    answer = api.ok("POST", f"{BASE}/{id_}/_predict", {"parameters": {name: 'say "hi"'}})
    assert (
        answer["inference_results"][0]["output"][0]["dataAsMap"]["choices"][0]["message"]["content"]
        == 'echo: say "hi"'
    )


def test_a_connector_without_a_request_body_gets_the_parameters(api: Any) -> None:
    id_ = api.model(api.connector(actions=action()))
    assert api.predict(id_, "x")["choices"][0]["message"]["content"] == "echo: x"
    none = api.ok("POST", f"{BASE}/{id_}/_predict", {})
    assert none["inference_results"][0]["status_code"] == 200


def test_an_empty_conversation_is_answered_too(api: Any) -> None:
    id_ = api.model(api.connector())
    answer = api.ok("POST", f"{BASE}/{id_}/_predict", {"parameters": {"messages": []}})
    assert answer["inference_results"][0]["status_code"] == 200


PRIVATE = "plugins.ml_commons.connector.private_ip_enabled"
LOCAL = {"endpoint": "127.0.0.1:9999", "model": "gpt-3.5-turbo"}
ACTION = {"action_type": "predict", "method": "POST", "url": "https://${parameters.endpoint}/x"}


def local_model(api: Any) -> Any:
    api.ok(
        "PUT",
        "/_cluster/settings",
        {
            "transient": {
                "plugins.ml_commons.trusted_connector_endpoints_regex": ["^https://.*$"],
                PRIVATE: False,
            }
        },
    )
    return api.model(api.connector(parameters=LOCAL, actions=[ACTION]), deploy=True)


def test_a_private_address_is_refused_where_the_cluster_forbids_it(api: Any) -> None:
    status, reason = api.refused("POST", f"{BASE}/{local_model(api)}/_predict", HELLO)
    assert (status, reason) == (
        400,
        "Remote inference host name has private ip address: 127.0.0.1",
    )


def test_a_model_keeps_the_permission_that_it_was_deployed_with(api: Any) -> None:
    id_ = local_model(api)
    api.ok("PUT", "/_cluster/settings", {"transient": {PRIVATE: None}})
    assert api.refused("POST", f"{BASE}/{id_}/_predict", HELLO)[0] == 400
    api.ok("POST", f"{BASE}/{id_}/_undeploy")
    assert api.predict(id_)["choices"]


def test_a_public_address_is_asked_where_private_ones_are_forbidden(api: Any) -> None:
    api.ok("PUT", "/_cluster/settings", {"transient": {PRIVATE: False}})
    assert api.predict(api.model(api.connector(), deploy=True))["choices"]
