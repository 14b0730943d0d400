"""Workflows in PostgreSQL, also those of two servers. Skipped where none is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from flowplan.errors import FlowplanError
from flowplan.server.documents import Order, Workflow
from flowplan.server.store import Changed, open_store
from tests.live.postgres import start
from tests.server.bench import Bench
from tests.server.templates import KEY, chat

FERNET = {"FLOWPLAN_SERVE_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}
_numbers = count()


@pytest.fixture(scope="module")
def server() -> Iterator[Callable[[str], str]]:
    with start() as url:
        yield url


@pytest.fixture
def url(server: Callable[[str], str]) -> str:
    return server(f"pool{next(_numbers)}")


def test_a_document_is_kept_whole(url: str, tmp_path: Path) -> None:
    store = open_store(url, tmp_path, {})
    order = Order("run", "sealed", ("books",))
    made = store.put(Workflow("w1", template={"name": "é"}, created=1, order=order))
    assert made.version == 1
    again = open_store(url, tmp_path, {})
    assert again.get("w1") == made
    assert again.get("w2") is None
    store.close()
    again.close()


def test_a_document_is_replaced_only_by_who_has_read_it(url: str, tmp_path: Path) -> None:
    store = open_store(url, tmp_path, {})
    made = store.put(Workflow("w1"))
    store.put(replace(made, error="first"))
    with pytest.raises(Changed):
        store.put(replace(made, error="second"))
    with pytest.raises(Changed):
        store.put(Workflow("w1"))
    found = store.get("w1")
    assert found is not None
    assert found.error == "first"
    store.close()


def test_pools_of_one_database_are_apart_and_the_oldest_is_first(
    server: Callable[[str], str], tmp_path: Path
) -> None:
    one, other = (open_store(server(f"apart{name}"), tmp_path, {}) for name in "ab")
    for name, created in (("x", 2), ("y", 1)):
        one.put(Workflow(name, created=created))
    assert [item.id for item in one.all()] == ["y", "x"]
    assert other.all() == []
    one.close()
    other.close()


def test_a_whole_life_leaves_nothing_behind(url: str, tmp_path: Path) -> None:
    wait = "wait_for_completion_timeout=30s"
    with Bench(tmp_path, store=url, environ=FERNET) as bench:
        workflow = bench.create(chat(), f"provision=true&{wait}")
        assert bench.ask("GET", f"{workflow}/_status")[1]["state"] == "COMPLETED"
        assert KEY not in str(bench.service.kept.store.all())
        assert bench.ask("POST", f"{workflow}/_deprovision")[0] == 200
        assert bench.ask("DELETE", workflow)[1]["result"] == "deleted"
        assert bench.service.kept.store.all() == []
        assert bench.service.kept.store.backend(workflow).load().state is None
    assert not list(tmp_path.glob("serve/**/workflow.json"))


def test_another_server_shows_what_the_first_one_does(url: str, tmp_path: Path) -> None:
    with (
        Bench(tmp_path, "latency=60ms", store=url, environ=FERNET) as first,
        Bench(tmp_path, store=url, environ=FERNET) as second,
    ):
        workflow = first.create(chat(), "provision=true")
        assert second.ask("GET", f"{workflow}/_status")[1]["state"] == "PROVISIONING"
        assert second.ask("POST", f"{workflow}/_deprovision")[0] == 409
        first.settle()
        body = second.ask("GET", f"{workflow}/_status")[1]
        assert body["state"] == "COMPLETED"
        assert len(body["resources_created"]) == 3
        assert second.ask("POST", f"{workflow}/_deprovision")[0] == 200


def test_a_database_that_takes_no_writes_is_told_by_the_probe(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(url, tmp_path, {})
    store.put(Workflow("w1"))
    store.probe()
    store.close()
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    store = open_store(url, tmp_path, {})
    with pytest.raises(FlowplanError, match="FP684"):
        store.probe()
    store.close()
