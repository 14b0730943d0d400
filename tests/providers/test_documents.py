from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import ProviderError, Refused
from flowplan.providers.documents import named, path_to, read_documents, required, search


def searching(answer: Any, got: Any = (404, "Failed to find model")) -> Any:
    """Answers every search with `answer` and every GET with `got`."""
    return lambda method, *_: got if method == "GET" else answer


def code_of(caught: Any) -> str:
    return str(caught.value.diagnostics[0].code)


def test_ids_are_read_a_thousand_a_request(fake: Any, hits: Any) -> None:
    cluster = fake(searching(hits(id7={"name": "seven"})))
    found = read_documents(cluster, "models", [f"id{i}" for i in range(2500)])
    sizes = [len(body["query"]["ids"]["values"]) for _, _, body in cluster.sent if body]
    assert sizes == [1000, 1000, 500]
    assert found["id7"] == {"name": "seven"}
    assert found["id8"] is None
    assert len(found) == 2500


def test_no_ids_are_no_request(fake: Any) -> None:
    cluster = fake(lambda *_: {})
    assert read_documents(cluster, "models", []) == {}
    assert cluster.sent == []


def test_an_index_that_is_not_there_yet_holds_nothing(fake: Any) -> None:
    cluster = fake(lambda *_: (404, "no such index [.plugins-ml-model]"))
    assert read_documents(cluster, "models", ["a"]) == {"a": None}


def test_only_the_first_missing_one_is_asked_for_by_its_id(fake: Any, hits: Any) -> None:
    cluster = fake(searching(hits(a={"name": "a"})))
    read_documents(cluster, "models", ["a", "b", "c"])
    assert [path for method, path, _ in cluster.sent if method == "GET"] == [
        "/_plugins/_ml/models/b"
    ]


@pytest.mark.parametrize("got", [(403, "no permissions"), {"name": "a"}])
def test_what_a_search_hides_does_not_count_as_gone(fake: Any, hits: Any, got: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        read_documents(fake(searching(hits(), got)), "models", ["a"])
    assert code_of(caught) == "FP327"


def test_another_404_is_no_empty_result(fake: Any) -> None:
    with pytest.raises(Refused):
        read_documents(fake(lambda *_: (404, "no handler")), "models", ["a"])


@pytest.mark.parametrize(
    "answer",
    [
        {"timed_out": True, "hits": {"hits": []}},
        {"timed_out": False, "_shards": {"failed": 1}, "hits": {"hits": []}},
    ],
)
def test_a_partial_result_is_an_error_and_nothing_counts_as_gone(fake: Any, answer: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        read_documents(fake(lambda *_: answer), "models", ["a"])
    assert code_of(caught) == "FP326"


@pytest.mark.parametrize(
    "answer", [None, [], "text", {}, {"hits": {}}, {"hits": {"hits": [{"_id": "a"}]}}]
)
def test_what_is_no_search_result_is_said_to_be_none(fake: Any, answer: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        read_documents(fake(lambda *_: answer), "models", ["a"])
    assert code_of(caught) == "FP324"


def test_a_search_goes_on_to_the_next_page(fake: Any, hits: Any) -> None:
    full = {f"m{i}": {"name": "n"} for i in range(1000)}
    pages = [hits(**full), hits(last={"name": "n"})]
    cluster = fake(lambda *_: pages.pop(0))
    assert len(list(search(cluster, "models", "connector_id.keyword", ["c"]))) == 1001
    assert [body.get("from") for _, _, body in cluster.sent] == [None, 1000]


def test_chunks_of_local_models_are_left_out(fake: Any, hits: Any) -> None:
    cluster = fake(lambda *_: hits(a={"name": "n"}, b={"name": "n", "chunk_number": 0}))
    assert [key for key, _ in search(cluster, "models", "name.keyword", ["n"])] == ["a"]


def test_a_name_is_searched_for_exactly(fake: Any, hits: Any) -> None:
    cluster = fake(lambda *_: hits())
    list(named(cluster, "models", "my model"))
    assert cluster.sent[0][2]["query"] == {"terms": {"name.keyword": ["my model"]}}


@pytest.mark.parametrize("name", [{"$flowplan.sealed": "0f"}, "x" * 257])
def test_a_name_that_cannot_be_searched_for_brings_all(fake: Any, hits: Any, name: Any) -> None:
    cluster = fake(lambda *_: hits(a={"name": "n"}))
    assert [key for key, _ in named(cluster, "models", name)] == ["a"]
    assert cluster.sent[0][2]["query"] == {"match_all": {}}


def test_an_id_can_not_leave_its_place_in_the_path() -> None:
    assert path_to("models", "../a b?c") == "/_plugins/_ml/models/..%2Fa%20b%3Fc"
    assert path_to("models", "x", "_deploy") == "/_plugins/_ml/models/x/_deploy"


@pytest.mark.parametrize("body", [None, [], {}, {"model_id": ""}, {"model_id": 1}])
def test_an_answer_without_its_id_is_an_error(body: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        required(body, "model_id", "POST x")
    assert code_of(caught) == "FP324"
