from __future__ import annotations

from pathlib import Path
from typing import Any

ALL = [
    "opensearch-flow-framework",
    "opensearch-job-scheduler",
    "opensearch-knn",
    "opensearch-ml",
    "opensearch-neural-search",
]


def test_the_root_names_cluster_and_version(api: Any) -> None:
    got = api.ok("GET", "/")
    assert (got["version"]["number"], got["version"]["distribution"]) == ("3.6.0", "opensearch")
    assert len(got["cluster_uuid"]) == 22


def test_the_cluster_keeps_its_identity_and_others_have_their_own(
    open_api: Any, tmp_path: Path
) -> None:
    first = open_api().ok("GET", "/")["cluster_uuid"]
    assert open_api().ok("GET", "/")["cluster_uuid"] == first
    (tmp_path / "sandbox.db").rename(tmp_path / "moved.db")
    assert open_api().ok("GET", "/")["cluster_uuid"] != first


def test_every_plugin_is_there_unless_some_are_named(open_api: Any) -> None:
    api = open_api()
    assert [row["component"] for row in api.ok("GET", "/_cat/plugins?format=json")] == ALL
    nodes = api.ok("GET", "/_nodes/plugins")["nodes"]
    assert [plugin["name"] for plugin in nodes[api.app._node.id]["plugins"]] == ALL
    few = open_api("plugins=opensearch-ml&version=2.19.1")
    assert few.ok("GET", "/_cat/plugins?format=json&h=component,version") == [
        {"component": "opensearch-ml", "version": "2.19.1.0"}
    ]
    assert few.ok("GET", "/_cat/plugins") == "flowplan-sandbox opensearch-ml 2.19.1.0\n"


def test_settings_are_merged_stringified_and_reset(api: Any) -> None:
    put = api.ok(
        "PUT",
        "/_cluster/settings",
        {
            "persistent": {"plugins.a.b": 1, "c": [True]},
            "transient": {"plugins": {"a": {"d": "x"}}},
        },
    )
    assert put == {
        "acknowledged": True,
        "persistent": {"plugins": {"a": {"b": "1"}}, "c": ["true"]},
        "transient": {"plugins": {"a": {"d": "x"}}},
    }
    assert api.ok("GET", "/_cluster/settings?flat_settings=true") == {
        "persistent": {"plugins.a.b": "1", "c": ["true"]},
        "transient": {"plugins.a.d": "x"},
    }
    api.ok(
        "PUT",
        "/_cluster/settings",
        {"persistent": {"plugins.a.b": None, "c": None}, "transient": {}},
    )
    assert api.ok("GET", "/_cluster/settings?include_defaults=true") == {
        "persistent": {},
        "transient": {"plugins": {"a": {"d": "x"}}},
        "defaults": {},
    }
    assert api.refused("PUT", "/_cluster/settings")[0] == 400
    assert api.refused("PUT", "/_cluster/settings", {"transient": [1]})[0] == 400


def test_a_filter_path_leaves_what_it_names(api: Any) -> None:
    assert api.ok("GET", "/?filter_path=version.num*,name") == {
        "version": {"number": "3.6.0"},
        "name": "flowplan-sandbox",
    }
    assert "number" not in api.ok("GET", "/?filter_path=-version.number")["version"]
    assert api.ok("GET", "/?filter_path=nothing") == {}
    assert api.ok("GET", "/_nodes/plugins?filter_path=**.component,nodes.*.plugins.name")["nodes"]
    assert api.ok("GET", "/_nodes/settings?filter_path=nodes.*.settings.plugins.*") == {}


def test_the_health_is_green(api: Any) -> None:
    assert api.ok("GET", "/_cluster/health")["status"] == "green"
