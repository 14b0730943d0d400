"""Inputs of nodes from what a read shows: what the server added is left out, the rest is kept."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.protocol import Response, Unshown
from flowplan.providers.registration import implied_groups
from flowplan.providers.registry import Registry
from flowplan.providers.step import Step

CONNECTOR: dict[str, Any] = {
    "name": "c", "version": "1", "protocol": "http", "parameters": {},
    "created_time": 1, "last_updated_time": 2,
    "actions": [{"action_type": "PREDICT", "method": "POST", "url": "https://a/${credential.b-c}",
                 "request_body": "${credential.key} ${credential.key}"}],
}  # fmt: skip


def written(type_name: str, document: Any, resource_id: str = "id") -> Any:
    return Registry().step(type_name).written(resource_id, document)


def test_a_connector_has_the_credentials_that_its_actions_name_each_once() -> None:
    found = written("create_connector", CONNECTOR)
    assert found["credential"] == {"b-c": Unshown(), "key": Unshown()}
    assert set(found) == {"name", "version", "protocol", "actions", "credential"}


def test_limits_that_the_server_filled_in_are_left_out() -> None:
    config = {"max_connection": 30, "read_timeout": 7, "skip_ssl_verification": False}
    found = written("create_connector", {**CONNECTOR, "client_config": config})
    assert found["client_config"] == {"read_timeout": 7}


def test_a_connector_without_actions_is_not_written() -> None:
    mcp = {key: item for key, item in CONNECTOR.items() if key != "actions"}
    assert written("create_connector", mcp) is None


MODEL = {"name": "m", "algorithm": "REMOTE", "connector_id": "x", "model_state": "DEPLOYED"}


def test_a_model_says_only_what_is_not_so_by_itself() -> None:
    found = written("register_remote_model", {**MODEL, "model_version": "1", "is_hidden": False})
    assert found == {"name": "m", "function_name": "remote", "connector_id": "x"}
    off = {**MODEL, "is_enabled": False, "deploy_setting": {"model_ttl_minutes": 5}}
    found = written("register_remote_model", off)
    assert found["is_enabled"] is False
    assert found["deploy_setting"] == {"model_ttl_minutes": 5}


@pytest.mark.parametrize(
    ("setting", "kept"),
    [({"model_ttl_minutes": -1}, None), ({"is_auto_deploy_enabled": True, "model_ttl_minutes": -1},
                                         {"is_auto_deploy_enabled": True})],
)  # fmt: skip
def test_a_model_that_never_sleeps_does_not_say_so(setting: Any, kept: Any) -> None:
    found = written("register_remote_model", {**MODEL, "deploy_setting": setting})
    assert found.get("deploy_setting") == kept


@pytest.mark.parametrize(
    "other",
    [
        {**MODEL, "algorithm": "TEXT_EMBEDDING"},
        {"name": "m", "algorithm": "REMOTE", "connector": {"name": "inside"}},
    ],
)
def test_a_local_model_and_one_with_a_connector_inside_are_not_written(other: Any) -> None:
    assert written("register_remote_model", other) is None
    assert written("register_local_custom_model", other) is None


@pytest.mark.parametrize("state", ["REGISTERED", "UNDEPLOYED", "DEPLOY_FAILED"])
def test_a_model_that_does_not_serve_has_no_deployment(state: str) -> None:
    assert written("deploy_model", {**MODEL, "model_state": state}) is None
    assert written("deploy_model", MODEL) == {"model_id": "id"}


def test_a_tool_does_not_say_that_its_output_is_not_shown() -> None:
    shown = {"type": "T", "include_output_in_agent_response": True}
    agent = {"name": "a", "type": "FLOW", "created_time": 1, "tools": [
        {"type": "T", "parameters": {}, "include_output_in_agent_response": False}, shown,
    ]}  # fmt: skip
    found = written("register_agent", agent)
    assert found == {"name": "a", "type": "FLOW", "tools": [{"type": "T"}, shown]}


def test_an_agent_of_an_unknown_type_is_not_written() -> None:
    assert written("register_agent", {"name": "a", "type": "oracle"}) is None


def test_an_index_has_its_settings_without_those_of_its_making() -> None:
    document = {
        "aliases": {}, "mappings": {"properties": {"a": {"type": "text"}}},
        "settings": {"index": {
            "number_of_shards": "1", "uuid": "u", "creation_date": "1", "provided_name": "i",
            "version": {"created": "1"}, "replication": {"type": "DOCUMENT"},
            "resize": {"source": {"name": "x"}},
            "routing": {"allocation": {"initial_recovery": {"_id": "n"}}},
        }},
    }  # fmt: skip
    assert written("create_index", document, "i") == {
        "index_name": "i",
        "configurations": {
            "settings": {"index": {"number_of_shards": "1"}},
            "mappings": {"properties": {"a": {"type": "text"}}},
        },
    }


def test_a_pipeline_is_written_as_it_is() -> None:
    body = {"processors": [], "description": "d"}
    assert written("create_ingest_pipeline", body, "p") == {
        "pipeline_id": "p", "configurations": body,
    }  # fmt: skip


def test_a_type_that_says_nothing_lists_and_writes_nothing() -> None:
    assert Step().listing(None) == {}  # type: ignore[arg-type]
    assert Step().written("id", {}) is None


@pytest.mark.parametrize("type_name", ["create_index", "create_search_pipeline"])
def test_a_listing_that_is_no_object_is_not_opensearch_s(type_name: str) -> None:
    from flowplan.errors import ProviderError

    class Odd:
        def request(self, *_: Any, **__: Any) -> Response:
            return Response(200, [])

    with pytest.raises(ProviderError) as caught:
        Registry().step(type_name).listing(Odd())  # type: ignore[arg-type]
    assert caught.value.diagnostics[0].code == "FP324"


def test_a_group_is_implied_by_one_model_of_its_name_and_description() -> None:
    groups = {
        "own": {"name": "a", "description": "d"}, "shared": {"name": "b"},
        "renamed": {"name": "c"}, "empty": {"name": "d"},
    }  # fmt: skip
    models = {
        "1": {"name": "a", "description": "d", "model_group_id": "own"},
        "2": {"name": "b", "model_group_id": "shared"},
        "3": {"name": "b", "model_group_id": "shared"},
        "4": {"name": "other", "model_group_id": "renamed"},
    }
    assert implied_groups(groups, models) == {"own"}
