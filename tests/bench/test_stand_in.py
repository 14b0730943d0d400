"""The stand-in takes a whole life of triples and counts; bare threads work on it, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import bare
from bench.graphs import build
from bench.measure import Failed
from bench.stand_in import StandIn, requests_so_far, running
from bench.subject import Flowplan

ML = "/_plugins/_ml"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(polls=1) as found:
        yield found


def test_flowplan_makes_finds_and_deletes_triples_on_it(url: str, tmp_path: Path) -> None:
    own = Flowplan(tmp_path, build("triples", 6), "real", endpoint=url)
    requests_so_far(url)
    own.verb("apply")
    made = requests_so_far(url)
    assert made[f"POST {ML}/connectors/_create"] == 2
    assert made[f"POST {ML}/models/ID/_deploy"] == 2
    own.verb("no change")  # ends with 2 if anything were to change
    own.verb("destroy")
    assert requests_so_far(url)[f"DELETE {ML}/connectors/ID"] == 2


def test_bare_threads_make_and_delete_what_a_template_would(url: str) -> None:
    triples = bare.triples_of(build("triples", 9))
    requests_so_far(url)
    assert bare.create(url, triples, threads=2) > 0
    assert requests_so_far(url)[f"POST {ML}/connectors/_create"] == 3
    bare.delete(url, triples, threads=2)
    gone = requests_so_far(url)
    assert gone[f"DELETE {ML}/models/ID"] == gone[f"DELETE {ML}/model_groups/ID"] == 3


def test_a_failure_of_a_bare_thread_is_told(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(bare.Client, "call", lambda *_: (_ for _ in ()).throw(Failed("no")))
    with pytest.raises(Failed, match="no"):
        bare.create(url, bare.triples_of(build("triples", 3)), threads=2)


def test_a_model_serves_after_as_many_polls_as_asked() -> None:
    app = StandIn(polls=2)
    model = app.answer("POST", f"{ML}/models/_register", {"name": "m"})[1]["model_id"]
    app.answer("POST", f"{ML}/models/{model}/_deploy", {})
    seen = [app.answer("GET", f"{ML}/models/{model}", {})[1]["model_state"] for _ in range(3)]
    assert seen == ["DEPLOYING", "DEPLOYING", "DEPLOYED"]


def test_models_are_undeployed_one_by_one_and_together() -> None:
    stand_in = StandIn(polls=0)
    made = [stand_in.answer("POST", f"{ML}/models/_register", {"name": name})[1] for name in "ab"]
    ids = [it["model_id"] for it in made]
    several = stand_in.answer("POST", f"{ML}/models/_undeploy", {"model_ids": [*ids, "nope"]})
    stats = {**dict.fromkeys(ids, "undeployed"), "nope": "not_found"}
    assert several == (200, {"node": {"stats": stats}})
    assert stand_in.answer("POST", f"{ML}/models/{ids[0]}/_undeploy", {})[0] == 200
    assert stand_in.answer("POST", f"{ML}/models/_undeploy", {"model_ids": ["nope"]})[0] == 404


def test_a_search_understands_names_within_a_bool() -> None:
    app = StandIn()
    for name in ("a", "b"):
        app.answer("POST", f"{ML}/connectors/_create", {"name": name})
    query = {"bool": {"filter": [{"terms": {"name.keyword": ["b"]}}]}}
    found = app.answer("POST", f"{ML}/connectors/_search", {"query": query})[1]
    assert [hit["_source"]["name"] for hit in found["hits"]["hits"]] == ["b"]


def test_what_is_unknown_is_not_there() -> None:
    app = StandIn()
    assert app.answer("GET", f"{ML}/models/id-0000000000000099", {})[0] == 404
    assert app.answer("GET", "/elsewhere", {})[0] == 404
