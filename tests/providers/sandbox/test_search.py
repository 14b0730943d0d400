from __future__ import annotations

from typing import Any

import pytest

ML = "/_plugins/_ml"


@pytest.fixture
def filled(api: Any) -> Any:
    api.first = api.connector()
    api.second = api.connector(name="Other one", description="about bananas")
    api.models = [api.model(api.first, name=name) for name in ("a-1", "a-2")] + [
        api.model(api.second, name="b-1")
    ]
    return api


def ids(api: Any, kind: Any, query: Any, **more: Any) -> Any:
    return [hit["_id"] for hit in api.search(kind, query, **more)]


def test_a_hit_has_the_recorded_shape(filled: Any) -> None:
    answer = filled.ok(
        "POST", f"{ML}/models/_search", {"query": {"ids": {"values": [filled.models[0]]}}}
    )
    answer["took"] = 0
    hit = answer["hits"]["hits"][0]
    assert hit.pop("_source") == filled.get_model(filled.models[0])
    assert answer == {
        "took": 0,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": {
            "total": {"value": 1, "relation": "eq"},
            "max_score": 1.0,
            "hits": [
                {
                    "_index": ".plugins-ml-model",
                    "_id": filled.models[0],
                    "_version": 1,
                    "_seq_no": 0,
                    "_primary_term": 1,
                    "_score": 1.0,
                }
            ],
        },
    }


def test_nothing_found_is_200(api: Any) -> None:
    answer = api.ok("POST", f"{ML}/connectors/_search", {"query": {"match_all": {}}})
    assert answer["hits"] == {
        "total": {"value": 0, "relation": "eq"},
        "max_score": None,
        "hits": [],
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"match_all": {}}, [0, 1, 2]),
        ({"match_none": {}}, []),
        ({"term": {"name.keyword": "a-1"}}, [0]),
        ({"term": {"name.keyword": {"value": "a-1"}}}, [0]),
        ({"terms": {"name.keyword": ["a-1", "b-1"]}}, [0, 2]),
        ({"term": {"name": "a"}}, [0, 1]),
        ({"term": {"name": "a-1"}}, []),
        ({"match": {"name": "A nothing"}}, [0, 1]),
        ({"match": {"name": {"query": "a 2", "operator": "and"}}}, [1]),
        ({"match": {"name.keyword": "a-2"}}, [1]),
        ({"match": {"algorithm": "REMOTE"}}, [0, 1, 2]),
        ({"term": {"algorithm": "REMOTE"}}, [0, 1, 2]),
        ({"term": {"is_hidden": False}}, [0, 1, 2]),
        ({"term": {"is_hidden": "true"}}, []),
        ({"exists": {"field": "description"}}, []),
        ({"exists": {"field": "connector_id"}}, [0, 1, 2]),
        ({"term": {"model_group_id.keyword": "x"}}, []),
        ({"range": {"created_time": {"gte": 0}}}, [0, 1, 2]),
        ({"range": {"created_time": {"gt": 0, "lt": 5}}}, []),
        ({"bool": {"must": {"term": {"name": "a"}}, "must_not": [{"term": {"name": "2"}}]}}, [0]),
        (
            {
                "bool": {
                    "filter": [{"terms": {"name.keyword": ["a-1", "a-2"]}}],
                    "should": [{"term": {"name": "2"}}],
                }
            },
            [0, 1],
        ),
        ({"bool": {"should": [{"term": {"name": "2"}}, {"term": {"name": "b"}}]}}, [1, 2]),
        (
            {
                "bool": {
                    "should": [{"term": {"name": "a"}}, {"term": {"name": "2"}}],
                    "minimum_should_match": 2,
                }
            },
            [1],
        ),
        ({"bool": {}}, [0, 1, 2]),
    ],
)
def test_a_known_query_finds_what_it_names(filled: Any, query: Any, found: Any) -> None:
    assert ids(filled, "models", query) == [filled.models[number] for number in found]


def test_ids_of_other_documents_are_found_exactly(filled: Any) -> None:
    assert (
        ids(filled, "models", {"term": {"connector_id.keyword": filled.first}}) == filled.models[:2]
    )
    assert ids(filled, "models", {"terms": {"_id": filled.models[1:]}}) == filled.models[1:]
    assert ids(filled, "models", {"ids": {"values": [*filled.models, "nope"]}}) == filled.models
    group = filled.get_model(filled.models[0])["model_group_id"]
    assert ids(filled, "models", {"term": {"model_group_id": group}}) == filled.models[:1]
    assert ids(filled, "connectors", {"match": {"description": "Bananas"}}) == [filled.second]
    assert ids(filled, "connectors", {"term": {"parameters.model": "gpt-3.5-turbo"}}) == [
        filled.first,
        filled.second,
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"wildcard": {"name": "a*"}}, "unknown query [wildcard]"),
        ({}, "one query clause expected"),
        ({"term": {}, "ids": {}}, "one query clause expected"),
        ([], "one query clause expected"),
        ({"term": {"a": 1, "b": 2}}, "doesn't support multiple fields"),
        ({"term": "x"}, "malformed"),
        ({"term": {"a": {"value": 1, "fuzzy": 2}}}, "does not support"),
        ({"terms": {"a": "x"}}, "requires an array"),
        ({"ids": {"values": "x"}}, "requires an array"),
        ({"ids": []}, "requires an array"),
        ({"exists": {}}, "must be provided with a [field]"),
        ({"range": {"created_time": {"gte": "now-1d"}}}, "compares numbers only"),
        ({"range": {"created_time": {"from": 1}}}, "does not support"),
        ({"bool": {"must": [{"nope": {}}]}}, "unknown query [nope]"),
        ({"bool": {"most": []}}, "does not support"),
        ({"bool": {"minimum_should_match": "50%"}}, "is a number"),
    ],
)
def test_an_unknown_query_is_refused_and_never_finds_everything(
    filled: Any, query: Any, said: Any
) -> None:
    status, answer = filled.send("POST", f"{ML}/models/_search", {"query": query})
    assert (status, answer["error"]["type"]) == (400, "parsing_exception")
    assert said in answer["error"]["reason"]


@pytest.mark.parametrize(
    "body",
    [{"aggs": {}}, {"size": -1}, {"from": "1"}, {"size": 10_001}, {"sort": [1]}, {"size": True}],
)
def test_an_unknown_part_of_a_search_is_refused(filled: Any, body: Any) -> None:
    assert filled.send("POST", f"{ML}/models/_search", body)[0] == 400


def test_pages_are_ten_long_unless_told(api: Any) -> None:
    made = [api.connector() for _ in range(12)]
    assert ids(api, "connectors", {"match_all": {}}) == made[:10]
    assert ids(api, "connectors", {"match_all": {}}, size=5, **{"from": 10}) == made[10:]
    assert ids(api, "connectors", {"match_all": {}}, size=0) == []
    assert len(api.ok("GET", f"{ML}/connectors/_search")["hits"]["hits"]) == 10


def test_the_source_can_be_chosen(filled: Any) -> None:
    def sources(wanted: Any) -> Any:
        return filled.search("models", {"term": {"name.keyword": "a-1"}}, _source=wanted)[0].get(
            "_source"
        )

    assert sources(["name", "connector_id"]) == {"name": "a-1", "connector_id": filled.first}
    assert sources("model_*").keys() == {"model_group_id", "model_version", "model_state"}
    assert sources({"includes": ["name", "model_*"], "excludes": "model_group_id"}).keys() == {
        "name",
        "model_version",
        "model_state",
    }
    assert sources(True) == filled.get_model(filled.models[0])
    assert sources(False) is None


def test_hits_can_be_sorted(filled: Any) -> None:
    hits = filled.search("models", {"match_all": {}}, sort=[{"name.keyword": {"order": "desc"}}])
    assert [hit["sort"] for hit in hits] == [["b-1"], ["a-2"], ["a-1"]]
    assert hits[0]["_score"] is None
    assert (
        ids(filled, "models", {"match_all": {}}, sort=["model_version", {"name.keyword": "asc"}])
        == filled.models
    )


def test_documents_without_the_sort_field_come_last(filled: Any) -> None:
    filled.ok("PUT", f"{ML}/models/{filled.models[2]}", {"description": "d"})
    assert (
        ids(filled, "models", {"match_all": {}}, sort={"description": "asc"})[0] == filled.models[2]
    )
    assert (
        ids(filled, "models", {"match_all": {}}, sort={"description": "desc"})[0]
        == filled.models[2]
    )


def test_a_write_is_seen_by_the_next_search(filled: Any) -> None:
    filled.ok("DELETE", f"{ML}/models/{filled.models[0]}")
    assert ids(filled, "models", {"match_all": {}}) == filled.models[1:]


def test_a_thousand_ids_are_one_search(filled: Any) -> None:
    many = [f"missing-{number}" for number in range(999)]
    assert ids(filled, "models", {"ids": {"values": [*many, filled.models[0]]}}, size=1000) == [
        filled.models[0]
    ]
