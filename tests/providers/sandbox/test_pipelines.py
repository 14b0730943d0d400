from __future__ import annotations

from typing import Any

import pytest

INGEST, SEARCH = "/_ingest/pipeline", "/_search/pipeline"
SET = {"processors": [{"set": {"field": "a", "value": 1.5}}], "version": 3}


@pytest.mark.parametrize(("base", "body"), [(INGEST, SET), (SEARCH, {"request_processors": []})])
def test_a_pipeline_comes_back_as_posted_and_can_be_replaced(
    api: Any, base: Any, body: Any
) -> None:
    assert api.ok("PUT", f"{base}/p", body) == {"acknowledged": True}
    assert api.ok("GET", f"{base}/p") == {"p": body}
    changed = body | {"description": "new"}
    api.ok("PUT", f"{base}/p", changed)
    assert api.ok("GET", f"{base}/p") == {"p": changed}


@pytest.mark.parametrize("base", [INGEST, SEARCH])
def test_several_are_read_at_once_and_missing_ones_left_out(api: Any, base: Any) -> None:
    for name in ("a", "ab"):
        api.ok("PUT", f"{base}/{name}", {"processors": []} if base == INGEST else {})
    assert api.ok("GET", f"{base}/a,nope").keys() == {"a"}
    assert api.ok("GET", f"{base}/a*").keys() == {"a", "ab"}
    assert api.ok("GET", base).keys() == {"a", "ab"}
    assert api.send("GET", f"{base}/nope") == (404, {})
    assert api.send("GET", f"{base}/z*") == (404, {})


@pytest.mark.parametrize("base", [INGEST, SEARCH])
def test_a_pipeline_is_deleted_once(api: Any, base: Any) -> None:
    api.ok("PUT", f"{base}/p", {"processors": []} if base == INGEST else {})
    assert api.ok("DELETE", f"{base}/p") == {"acknowledged": True}
    assert api.refused("DELETE", f"{base}/p") == (404, "pipeline [p] is missing")


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        (
            INGEST,
            {"processors": [{"nope": {}}]},
            {
                "type": "parse_exception",
                "reason": "No processor type exists with name [nope]",
                "processor_type": "nope",
            },
        ),
        (
            INGEST,
            {"processors": [{"set": {"value": 1}}]},
            {
                "type": "parse_exception",
                "reason": "[field] required property is missing",
                "processor_type": "set",
                "property_name": "field",
            },
        ),
        (
            INGEST,
            {"description": "x"},
            {
                "type": "parse_exception",
                "reason": "[processors] required property is missing",
                "property_name": "processors",
            },
        ),
        (
            INGEST,
            {"processors": [], "_meta": {}},
            {
                "type": "parse_exception",
                "reason": "pipeline [bad] doesn't support one or more provided configuration parameters [_meta]",
            },
        ),
        (
            INGEST,
            {"processors": ["set"]},
            {
                "type": "parse_exception",
                "reason": "[processors] must be a list of objects with one processor each",
            },
        ),
        (
            SEARCH,
            {"request_processors": [{"nope": {}}]},
            {"type": "illegal_argument_exception", "reason": "Invalid processor type nope"},
        ),
        (
            SEARCH,
            {"bogus": []},
            {
                "type": "parse_exception",
                "reason": "pipeline [bad] doesn't support one or more provided configuration parameters [bogus]",
            },
        ),
        (SEARCH, None, {"type": "parse_exception", "reason": "request body is required"}),
    ],
)
def test_a_wrong_pipeline_is_refused_as_recorded(
    api: Any, path: Any, body: Any, error: Any
) -> None:
    status, answer = api.send("PUT", f"{path}/bad", body)
    assert status == 400
    assert answer["error"] == {"root_cause": [error], **error}


def test_processors_come_with_their_plugins(open_api: Any) -> None:
    embedding = {"processors": [{"text_embedding": {"model_id": "m", "field_map": {"a": "b"}}}]}
    hybrid: dict[str, Any] = {"phase_results_processors": [{"normalization-processor": {}}]}
    api = open_api()
    api.ok("PUT", f"{INGEST}/p", embedding)
    api.ok("PUT", f"{SEARCH}/p", hybrid)
    few = open_api("plugins=opensearch-ml")
    assert few.refused("PUT", f"{INGEST}/p", embedding)[0] == 400
    assert few.refused("PUT", f"{SEARCH}/p", hybrid)[0] == 400
    few.ok("PUT", f"{INGEST}/p", {"processors": [{"ml_inference": {"model_id": "m"}}]})
