from __future__ import annotations

from typing import Any

import pytest


def settings(api: Any, name: Any = "i") -> Any:
    return api.ok("GET", f"/{name}/_settings")[name]["settings"]["index"]


def test_a_new_index_has_the_recorded_defaults(api: Any) -> None:
    assert api.ok("PUT", "/i") == {"acknowledged": True, "shards_acknowledged": True, "index": "i"}
    got = api.ok("GET", "/i")["i"]
    found = got["settings"]["index"]
    assert len(found.pop("uuid")) == 22
    assert found == {
        "number_of_shards": "1",
        "number_of_replicas": "1",
        "replication": {"type": "DOCUMENT"},
        "provided_name": "i",
        "creation_date": str(api.app._node.now()),
        "version": {"created": "137277827"},
    }
    assert (got["aliases"], got["mappings"]) == ({}, {})


@pytest.mark.parametrize(
    "given",
    [
        {"index": {"refresh_interval": "5s", "knn": True}},
        {"index.refresh_interval": "5s", "index.knn": True},
        {"refresh_interval": "5s", "knn": "true"},
    ],
)
def test_settings_come_back_nested_and_as_strings_however_they_are_written(
    api: Any, given: Any
) -> None:
    api.ok(
        "PUT",
        "/i",
        {
            "settings": given
            | {"number_of_shards": 2, "analysis": {"analyzer": {"a": {"filter": ["x", 1]}}}}
        },
    )
    got = settings(api)
    assert (got["refresh_interval"], got["knn"], got["number_of_shards"]) == ("5s", "true", "2")
    assert got["analysis"] == {"analyzer": {"a": {"filter": ["x", "1"]}}}


def test_a_setting_below_another_stays_dotted(api: Any) -> None:
    api.ok("PUT", "/i", {"settings": {"knn": True, "knn.algo_param.ef_search": 100}})
    got = settings(api)
    assert (got["knn"], got["knn.algo_param.ef_search"]) == ("true", "100")


def test_mappings_are_normalised_as_measured(api: Any) -> None:
    mappings = {
        "dynamic": False,
        "properties": {
            "a": {"type": "text", "fields": {"k": {"type": "keyword"}}},
            "o": {"enabled": "false", "properties": {"x": {"type": "long"}}},
        },
    }
    api.ok("PUT", "/i", {"mappings": mappings, "aliases": {"al": {}}})
    got = api.ok("GET", "/i/_mapping")["i"]["mappings"]
    assert got["dynamic"] == "false"
    assert got["properties"]["o"]["enabled"] is False
    assert api.ok("GET", "/al")["i"]["aliases"] == {"al": {}}


@pytest.mark.parametrize(
    ("path", "body", "type_", "reason"),
    [
        (
            "/Demo",
            {},
            "invalid_index_name_exception",
            "Invalid index name [Demo], must be lowercase",
        ),
        ("/a+b*", {}, "invalid_index_name_exception", "must not contain the following characters"),
        ("/-a", {}, "invalid_index_name_exception", "must not start with '_', '-', or '+'"),
        (
            "/i",
            {"mappings": {"properties": {"x": {"type": "nope"}}}},
            "mapper_parsing_exception",
            "Failed to parse mapping [_doc]: No handler for type [nope] declared on field [x]",
        ),
        (
            "/i",
            {"mappings": {"properties": {"x": {"index": False}}}},
            "mapper_parsing_exception",
            "No type specified for field [x]",
        ),
        ("/i", {"mappings": {"properties": {"x": 1}}}, "mapper_parsing_exception", "Expected map"),
        (
            "/i",
            {"mappings": {"_doc": {}}},
            "illegal_argument_exception",
            "The mapping definition cannot be nested under a type",
        ),
        (
            "/i",
            {"settings": {"index.nope": 1}},
            "settings_exception",
            "unknown setting [index.nope] did you mean [index.codec]?",
        ),
        (
            "/i",
            {"settings": {"zzzzzzzzz": 1}},
            "settings_exception",
            "please check that any required plugins",
        ),
        ("/i", {"bogus": 1}, "parse_exception", "unknown key [bogus] for create index"),
    ],
)
def test_a_wrong_index_is_refused_as_recorded(
    api: Any, path: Any, body: Any, type_: Any, reason: Any
) -> None:
    status, answer = api.send("PUT", path, body)
    assert (status, answer["error"]["type"]) == (400, type_)
    assert reason in answer["error"]["reason"]


def test_a_vector_needs_its_plugin(open_api: Any) -> None:
    body = {"mappings": {"properties": {"v": {"type": "knn_vector", "dimension": 8}}}}
    assert open_api("plugins=opensearch-ml").refused("PUT", "/i", body)[0] == 400
    open_api().ok("PUT", "/i", body)


def test_an_index_is_made_once_and_deleted_once(api: Any) -> None:
    api.ok("PUT", "/i")
    uuid = settings(api)["uuid"]
    assert api.refused("PUT", "/i") == (400, f"index [i/{uuid}] already exists")
    assert api.ok("DELETE", "/i") == {"acknowledged": True}
    status, answer = api.send("DELETE", "/i")
    assert status == 404
    assert answer["error"]["resource.type"] == "index_or_alias"
    assert (api.send("HEAD", "/i")[0], api.send("GET", "/i")[0]) == (404, 404)


def test_several_indices_are_read_at_once(api: Any) -> None:
    for name in ("a", "b"):
        api.ok("PUT", f"/{name}")
    assert api.ok("GET", "/a,b").keys() == api.ok("GET", "/*").keys() == {"a", "b"}
    assert api.refused("GET", "/a,nope")[1] == "no such index [nope]"
    assert api.ok("GET", "/a,nope?ignore_unavailable=true").keys() == {"a"}
    assert api.send("HEAD", "/a,b") == (200, None)
    assert [row["index"] for row in api.ok("GET", "/_cat/indices?format=json&h=index")] == [
        "a",
        "b",
    ]
    assert "green open a" in api.ok("GET", "/_cat/indices")


def test_dynamic_settings_change_in_place_and_null_resets(api: Any) -> None:
    api.ok("PUT", "/i", {"settings": {"number_of_replicas": 0}})
    api.ok("PUT", "/i/_settings", {"index": {"refresh_interval": "5s"}, "number_of_replicas": 2})
    assert (settings(api)["refresh_interval"], settings(api)["number_of_replicas"]) == ("5s", "2")
    api.ok(
        "PUT",
        "/i/_settings",
        {"settings": {"index.number_of_replicas": None, "index.refresh_interval": None}},
    )
    assert settings(api)["number_of_replicas"] == "1"
    assert "refresh_interval" not in settings(api)
    api.ok("PUT", "/i/_settings", {"index.default_pipeline": "does-not-exist"})


def test_static_settings_are_refused(api: Any) -> None:
    api.ok("PUT", "/i")
    uuid = settings(api)["uuid"]
    assert api.refused("PUT", "/i/_settings", {"number_of_shards": 2, "analysis": {"a": 1}}) == (
        400,
        f"Can't update non dynamic settings [[index.analysis.a, index.number_of_shards]] for open indices [[i/{uuid}]]",
    )


def test_mappings_grow_and_never_change_a_type(api: Any) -> None:
    api.ok(
        "PUT",
        "/i",
        {
            "mappings": {
                "properties": {"o": {"properties": {"k": {"type": "keyword", "ignore_above": 256}}}}
            }
        },
    )
    api.ok(
        "PUT",
        "/i/_mapping",
        {
            "dynamic": "strict",
            "properties": {
                "n": {"type": "integer"},
                "o": {"properties": {"k": {"type": "keyword", "ignore_above": 10}}},
            },
        },
    )
    got = api.ok("GET", "/i/_mapping")["i"]["mappings"]
    assert got == {
        "dynamic": "strict",
        "properties": {
            "n": {"type": "integer"},
            "o": {"properties": {"k": {"type": "keyword", "ignore_above": 10}}},
        },
    }
    change = {"properties": {"o": {"properties": {"k": {"type": "text"}}}}}
    assert api.refused("PUT", "/i/_mapping", change) == (
        400,
        "mapper [o.k] cannot be changed from type [keyword] to [text]",
    )


def test_aliases_come_and_go(api: Any) -> None:
    api.ok("PUT", "/i")
    api.ok("PUT", "/i/_alias/al", {"filter": {"term": {"a": 1}}})
    assert api.ok("GET", "/al/_alias")["i"]["aliases"] == {"al": {"filter": {"term": {"a": 1}}}}
    api.ok("DELETE", "/i/_alias/al")
    assert api.refused("DELETE", "/i/_alias/al") == (404, "aliases [al] missing")


def test_reindexing_nothing_makes_no_destination(api: Any) -> None:
    body = {"source": {"index": "a"}, "dest": {"index": "b"}}
    assert api.refused("POST", "/_reindex", body) == (404, "no such index [a]")
    api.ok("PUT", "/a")
    answer = api.ok("POST", "/_reindex", body)
    assert (answer["failures"], answer["created"]) == ([], 0)
    assert api.refused("GET", "/b")[0] == 404


def test_a_reindex_that_is_not_waited_for_keeps_its_result(api: Any) -> None:
    body = {"source": {"index": "a"}, "dest": {"index": "b"}}
    failed = api.ok("POST", "/_reindex?wait_for_completion=false", body)["task"]
    answer = api.ok("GET", f"/_tasks/{failed}")
    assert (answer["completed"], answer["error"]["reason"]) == (True, "no such index [a]")
    api.ok("PUT", "/a", {"aliases": {"c": {}}})
    body["source"]["index"] = "c"
    done = api.ok("POST", "/_reindex?wait_for_completion=false", body)["task"]
    assert api.ok("GET", f"/_tasks/{done}")["response"]["failures"] == []
    assert api.refused("GET", "/_tasks/x:1")[0] == 404


def test_aliases_are_added_and_removed_together(api: Any) -> None:
    api.ok("PUT", "/i", {"aliases": {"old": {"routing": "1"}}})
    both = {"index_routing": "1", "search_routing": "1"}
    assert api.ok("GET", "/i")["i"]["aliases"] == {"old": both}
    add = {"add": {"index": "i", "alias": "new", "is_hidden": True}}
    drop = {"remove": {"index": "i", "alias": "old"}}
    api.ok("POST", "/_aliases", {"actions": [add, drop]})
    assert api.ok("GET", "/i")["i"]["aliases"] == {"new": {"is_hidden": True}}
    none = {"remove": {"index": "i", "alias": "gone"}}
    refused = api.refused(
        "POST", "/_aliases", {"actions": [{"add": {"index": "i", "alias": "x"}}, none]}
    )
    assert refused == (404, "aliases [gone] missing")
    assert "x" not in api.ok("GET", "/i")["i"]["aliases"]
    lost = {"add": {"index": "none", "alias": "x"}}
    assert api.refused("POST", "/_aliases", {"actions": [lost]})[0] == 404
    assert api.refused("POST", "/_aliases", {"actions": [{"bend": {}}]})[0] == 400


def test_documents_are_counted_by_index(api: Any) -> None:
    api.ok("PUT", "/a")
    api.ok("PUT", "/b")
    found = api.ok("GET", "/a,b,c/_stats/docs?ignore_unavailable=true")["indices"]
    assert {name: item["primaries"]["docs"]["count"] for name, item in found.items()} == {
        "a": 0, "b": 0,
    }  # fmt: skip


def test_a_parameter_of_a_field_that_is_left_out_goes_back_to_its_default(api: Any) -> None:
    field = {
        "type": "keyword",
        "ignore_above": 9,
        "store": False,
        "fields": {"t": {"type": "text"}},
    }
    api.ok("PUT", "/i", {"mappings": {"properties": {"f": field}}})
    api.ok("PUT", "/i/_mapping", {"properties": {"f": {"type": "keyword"}}})
    assert api.ok("GET", "/i")["i"]["mappings"]["properties"]["f"] == {
        "type": "keyword", "fields": {"t": {"type": "text"}},
    }  # fmt: skip


def test_most_parameters_of_a_field_stay(api: Any) -> None:
    api.ok("PUT", "/i", {"mappings": {"properties": {"f": {"type": "text", "analyzer": "m"}}}})
    changed = {"properties": {"f": {"type": "text", "analyzer": "standard"}}}
    status, reason = api.refused("PUT", "/i/_mapping", changed)
    assert status == 400
    assert reason == (
        "Mapper for [f] conflicts with existing mapper:\n\tCannot update parameter [analyzer] "
        "from [m] to [standard]"
    )
