from __future__ import annotations

from typing import Any

BASE = "/_plugins/_ml/models"


def deploy(api: Any, id_: Any) -> Any:
    return api.ok("POST", f"{BASE}/{id_}/_deploy")


def state(api: Any, id_: Any) -> Any:
    return api.get_model(id_)["model_state"]


def test_a_deploy_is_answered_before_it_is_done(api: Any) -> None:
    id_ = api.model(api.connector())
    answer = deploy(api, id_)
    task = f"/_plugins/_ml/tasks/{answer.pop('task_id')}"
    assert answer == {"task_type": "DEPLOY_MODEL", "status": "COMPLETED"}
    got = api.get_model(id_)
    assert got["model_state"] == "DEPLOYING"
    assert (got["planning_worker_node_count"], got["deploy_to_all_nodes"]) == (1, True)
    assert "current_worker_node_count" not in got
    assert api.ok("GET", task)["state"] == "RUNNING"
    api.wait(0.11)
    # The model is ready a little before its task says so.
    assert state(api, id_) == "DEPLOYED"
    assert api.ok("GET", task)["state"] == "RUNNING"
    api.wait(0.05)
    done = api.ok("GET", task)
    assert (done["state"], done["is_async"]) == ("COMPLETED", True)
    assert done["last_update_time"] == done["create_time"] + 150


def test_a_deployed_model_says_where_and_since_when(api: Any) -> None:
    id_ = api.model(api.connector(), deploy=True)
    got = api.get_model(id_)
    assert got["planning_worker_nodes"] == [api.app._node.id]
    assert (got["current_worker_node_count"], got["auto_redeploy_retry_times"]) == (1, 0)
    assert got["last_deployed_time"] == got["last_updated_time"] > got["created_time"]


def test_registering_with_deploy_shows_registered_first(api: Any) -> None:
    connector = api.connector()
    body = {"name": "m", "function_name": "remote", "connector_id": connector}
    id_ = api.ok("POST", f"{BASE}/_register?deploy=true", body)["model_id"]
    seen = []
    for _ in range(20):
        if state(api, id_) not in seen:
            seen.append(state(api, id_))
        api.wait(0.01)
    assert seen == ["REGISTERED", "DEPLOYING", "DEPLOYED"]
    tasks = api.search("tasks", {"term": {"model_id": id_}})
    assert {hit["_source"]["task_type"] for hit in tasks} == {"REGISTER_MODEL", "DEPLOY_MODEL"}


def test_deploying_again_is_accepted_and_keeps_serving(api: Any) -> None:
    id_ = api.model(api.connector(), deploy=True)
    deploy(api, id_)
    assert state(api, id_) == "DEPLOYING"
    assert api.predict(id_)["choices"]
    api.wait(0.05)
    assert state(api, id_) == "DEPLOYED"


def test_a_model_is_not_updated_while_it_deploys(api: Any) -> None:
    id_ = api.model(api.connector())
    deploy(api, id_)
    assert api.refused("PUT", f"{BASE}/{id_}", {"name": "x"})[0] == 409
    api.wait(1)
    api.ok("PUT", f"{BASE}/{id_}", {"name": "x"})


def test_undeploying_says_whether_the_node_held_the_model(api: Any) -> None:
    id_ = api.model(api.connector(), deploy=True)
    node = api.app._node.id
    path = f"{BASE}/{id_}/_undeploy"
    assert api.ok("POST", path) == {node: {"stats": {id_: "undeployed"}}}
    got = api.get_model(id_)
    assert (
        got["model_state"],
        got["planning_worker_node_count"],
        got["current_worker_node_count"],
    ) == ("UNDEPLOYED", 0, 0)
    assert "planning_worker_nodes" not in got
    assert api.ok("POST", path) == {node: {"stats": {id_: "not_found"}}}
    assert api.refused("POST", f"{BASE}/nope/_undeploy") == (404, "Failed to find model")


def test_several_models_are_undeployed_at_once(api: Any) -> None:
    connector = api.connector()
    ids = [api.model(connector, name=name, deploy=True) for name in "ab"]
    stats = api.ok("POST", f"{BASE}/_undeploy", {"model_ids": ids})[api.app._node.id]["stats"]
    assert stats == dict.fromkeys(ids, "undeployed")
    assert api.refused("POST", f"{BASE}/_undeploy")[0] == 400
    assert api.refused("POST", f"{BASE}/_undeploy", {"model_ids": []})[0] == 400


def test_of_several_the_unknown_ones_are_not_found_and_the_others_undeployed(api: Any) -> None:
    known = api.model(api.connector(), deploy=True)
    answer = api.ok("POST", f"{BASE}/_undeploy", {"model_ids": ["nope", known]})
    assert answer[api.app._node.id]["stats"] == {"nope": "not_found", known: "undeployed"}
    assert state(api, known) == "UNDEPLOYED"
    refused = api.refused("POST", f"{BASE}/_undeploy", {"model_ids": ["nope", "nor-this"]})
    assert refused == (404, "Failed to find model")


def test_a_deployment_can_be_made_to_fail(open_api: Any) -> None:
    api = open_api("deploy_fail=bad-*")
    connector = api.connector()
    bad, good = api.model(connector, name="bad-one"), api.model(connector, name="good")
    task = deploy(api, bad)["task_id"]
    deploy(api, good)
    api.wait(1)
    assert (state(api, bad), state(api, good)) == ("DEPLOY_FAILED", "DEPLOYED")
    failed = api.ok("GET", f"/_plugins/_ml/tasks/{task}")
    assert failed["state"] == "FAILED"
    assert "deploy_fail" in failed["error"]
    # What failed is in no cache: the model can be deleted, its connector no longer blocks.
    api.ok("DELETE", f"{BASE}/{bad}")


def test_deploying_needs_the_model_and_its_connector(api: Any) -> None:
    assert api.refused("POST", f"{BASE}/nope/_deploy") == (404, "Failed to find model")
    id_ = api.model(api.connector())
    api.ok("PUT", f"{BASE}/{id_}", {"connector_id": "nope"})
    assert api.refused("POST", f"{BASE}/{id_}/_deploy") == (404, "Failed to find connector:nope")


def test_the_time_of_a_deployment_can_be_set(open_api: Any) -> None:
    api = open_api("deploy=5s")
    id_ = api.model(api.connector())
    deploy(api, id_)
    api.wait(3)
    assert state(api, id_) == "DEPLOYING"
    api.wait(2)
    assert state(api, id_) == "DEPLOYED"


def test_versions_count_the_writes_of_a_real_node(api: Any) -> None:
    connector = api.connector()
    id_ = api.model(connector)
    api.ok("PUT", f"{BASE}/{id_}", {"name": "renamed"})  # 2
    deploy(api, id_)  # 3 and, when done, 4
    api.wait(1)
    deploy(api, id_)  # 5, 6
    api.wait(1)
    assert api.ok("PUT", f"{BASE}/{id_}", {"name": "again"})["_version"] == 7
