from __future__ import annotations

from typing import Any

import pytest


def test_an_unknown_path_is_400_as_recorded(api: Any) -> None:
    assert api.send("GET", "/_plugins/_nope/x") == (
        400,
        {"error": "no handler found for uri [/_plugins/_nope/x] and method [GET]"},
    )
    assert api.send("GET", "/_plugins/_ml/connectors/") == (
        400,
        {"error": "no handler found for uri [/_plugins/_ml/connectors/] and method [GET]"},
    )
    assert (
        api.send("GET", "/_nope?a=1")[1]["error"]
        == "no handler found for uri [/_nope?a=1] and method [GET]"
    )


def test_a_wrong_method_is_405_as_recorded(api: Any) -> None:
    assert api.send("DELETE", "/_plugins/_ml/connectors/_create") == (
        405,
        {
            "error": "Incorrect HTTP method for uri [/_plugins/_ml/connectors/_create] and method [DELETE], allowed: [POST]",
            "status": 405,
        },
    )


def test_an_unknown_parameter_is_refused_as_recorded(api: Any) -> None:
    path = f"/_plugins/_ml/connectors/{api.connector()}"
    assert api.refused("GET", f"{path}?bogus=1") == (
        400,
        f"request [{path}] contains unrecognized parameter: [bogus]",
    )
    assert api.refused("GET", f"{path}?b=1&a=1")[1].endswith(
        "contains unrecognized parameters: [a], [b]"
    )
    api.ok("GET", f"{path}?pretty&human=true")


def test_options_lists_the_methods(api: Any) -> None:
    assert api.send("OPTIONS", "/_plugins/_ml/connectors/x") == (200, None)
    assert api.send("OPTIONS", "/_nope")[0] == 400


@pytest.mark.parametrize("plugins", ["plugins=", "plugins=opensearch-knn"])
def test_a_node_without_the_plugin_has_no_endpoint(open_api: Any, plugins: Any) -> None:
    api = open_api(plugins)
    assert api.send("GET", "/_plugins/_ml/models/x")[0] == 400
    assert api.ok("GET", "/")


def test_requests_are_counted_by_method_and_route(api: Any) -> None:
    api.get_model(api.model(api.connector()))
    api.search("models", {"match_all": {}})
    api.send("GET", "/_nope")
    assert api.app.counts == {
        "POST /_plugins/_ml/connectors/_create": 1,
        "POST /_plugins/_ml/models/_register": 1,
        "GET /_plugins/_ml/models/{id}": 1,
        "POST /_plugins/_ml/models/_search": 1,
        "GET *": 1,
    }
