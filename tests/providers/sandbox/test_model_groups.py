from __future__ import annotations

from typing import Any

BASE = "/_plugins/_ml/model_groups"


def make(api: Any, **body: Any) -> Any:
    return api.ok("POST", f"{BASE}/_register", body)["model_group_id"]


def test_a_group_has_what_was_recorded(api: Any) -> None:
    answer = api.ok("POST", f"{BASE}/_register", {"name": "g", "description": "d", "bogus": 1})
    assert answer["status"] == "CREATED"
    now = api.app._node.now()
    assert api.ok("GET", f"{BASE}/{answer['model_group_id']}") == {
        "name": "g",
        "latest_version": 0,
        "description": "d",
        "access": "public",
        "created_time": now,
        "last_updated_time": now,
    }


def test_a_group_is_refused_as_recorded(api: Any) -> None:
    id_ = make(api, name="g")
    assert api.refused("POST", f"{BASE}/_register", {"name": "g"}) == (
        400,
        f"The name you provided is already being used by a model group with ID: {id_}.",
    )
    assert api.refused("POST", f"{BASE}/_register", {"description": "d"}) == (
        500,
        "model group name must not be null",
    )
    assert api.refused("POST", f"{BASE}/_register", {"name": "a<b"})[0] == 400
    unknown = (404, "Failed to find model group with the provided model group id: nope")
    assert api.refused("GET", f"{BASE}/nope") == unknown
    assert api.refused("PUT", f"{BASE}/nope", {"name": "x"}) == unknown


def test_a_group_is_renamed_unless_the_name_is_taken(api: Any) -> None:
    first, second = make(api, name="a", description="d"), make(api, name="b")
    assert api.refused("PUT", f"{BASE}/{first}", {"name": "b"}) == (
        400,
        f"The name you provided is already being used by another model with ID: {second}. Please provide a different name",
    )
    assert api.ok("PUT", f"{BASE}/{first}", {"name": "c", "description": ""}) == {
        "status": "Updated"
    }
    got = api.ok("GET", f"{BASE}/{first}")
    assert (got["name"], got["description"]) == ("c", "d")  # an empty description is ignored
    api.ok("PUT", f"{BASE}/{first}", {"name": "c", "description": "e"})
    assert api.ok("GET", f"{BASE}/{first}")["description"] == "e"


def test_a_group_with_models_is_kept(api: Any) -> None:
    model = api.model(api.connector())
    group = api.get_model(model)["model_group_id"]
    assert api.refused("DELETE", f"{BASE}/{group}") == (
        409,
        "Cannot delete the model group when it has associated model versions",
    )
    api.ok("DELETE", f"/_plugins/_ml/models/{model}")
    assert api.ok("DELETE", f"{BASE}/{group}")["result"] == "deleted"
    assert api.ok("DELETE", f"{BASE}/{group}")["result"] == "not_found"


def test_models_of_one_name_share_the_group_that_was_made(api: Any) -> None:
    connector = api.connector()
    first = api.get_model(api.model(connector, name="m"))
    second = api.get_model(api.model(connector, name="m"))
    assert first["model_group_id"] == second["model_group_id"]
    assert (first["model_version"], second["model_version"]) == ("1", "2")


def test_a_renamed_model_leaves_its_groups_name_behind(api: Any) -> None:
    connector = api.connector()
    first = api.model(connector, name="m")
    api.ok("PUT", f"/_plugins/_ml/models/{first}", {"name": "n"})
    group = api.get_model(first)["model_group_id"]
    assert api.get_model(api.model(connector, name="m"))["model_group_id"] == group
    assert api.get_model(api.model(connector, name="n"))["model_group_id"] != group


def test_a_group_made_by_hand_is_joined(api: Any) -> None:
    group = make(api, name="m")
    assert api.get_model(api.model(api.connector(), name="m"))["model_group_id"] == group
