"""Searching for templates and statuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.bench import Bench
from tests.server.templates import chat

STATES = "state/_search"


@pytest.fixture
def two(bench: Bench) -> Bench:
    first = chat("first chat")
    first["use_case"] = "CHAT"
    bench.create(first)
    second = chat("second thing")
    second["use_case"] = "OTHER"
    bench.create(second, "provision=true&wait_for_completion_timeout=20s")
    return bench


def found(bench: Bench, query: Any, path: str = "_search") -> list[dict[str, Any]]:
    status, body = bench.ask("POST", path, {"query": query})
    assert status == 200, body
    hits: list[dict[str, Any]] = body["hits"]["hits"]
    assert body["hits"]["total"] == {"value": len(hits), "relation": "eq"}
    return [hit["_source"] for hit in hits]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"match_all": {}}, ["first chat", "second thing"]),
        ({"match": {"name": "chat"}}, ["first chat"]),
        ({"match": {"use_case": "OTHER"}}, ["second thing"]),
        ({"term": {"use_case": "CHAT"}}, ["first chat"]),
        ({"term": {"name.keyword": "second thing"}}, ["second thing"]),
        ({"bool": {"must_not": {"term": {"use_case": "CHAT"}}}}, ["second thing"]),
        ({"term": {"use_case": "nothing"}}, []),
    ],
)
def test_templates_are_found_by_their_fields(two: Bench, query: Any, names: list[str]) -> None:
    assert [item["name"] for item in found(two, query)] == names


def test_states_are_found_by_theirs(two: Bench) -> None:
    (one,) = found(two, {"term": {"state": "COMPLETED"}}, STATES)
    assert len(one["resources_created"]) == 3
    (other,) = found(two, {"match": {"state": "NOT_STARTED"}}, STATES)
    assert "resources_created" not in other


def test_a_search_without_a_body_finds_all(two: Bench) -> None:
    assert two.ask("GET", "_search")[1]["hits"]["total"]["value"] == 2


def test_pages_and_chosen_fields(two: Bench) -> None:
    body = {"size": 1, "from": 1, "_source": ["name"]}
    hits = two.ask("POST", "_search", body)[1]["hits"]
    assert hits["total"]["value"] == 2
    assert [hit["_source"] for hit in hits["hits"]] == [{"name": "second thing"}]


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"fuzzy": {"name": "x"}}},
        {"query": {}},
        {"size": -1},
        {"size": 20_000},
        {"bogus": 1},
        {"query": {"bool": {"must": [{"nope": {}}]}}},
    ],
)
def test_a_query_that_is_not_understood_is_refused(two: Bench, body: Any) -> None:
    status, answer = two.ask("POST", "_search", body)
    assert status == 400
    assert answer["error"]
