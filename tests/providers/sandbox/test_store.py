from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from flowplan.providers.sandbox.store import Doc, Store


@pytest.fixture
def store(tmp_path: Path) -> Any:
    found = Store(tmp_path / "deep" / "er" / "s.db")
    yield found
    found.close()


def test_what_is_written_is_read_by_another_store(store: Any) -> None:
    with store.writing() as tx:
        done = tx.put(Doc("kind", "a", {"name": "n", "x": "ä"}, {"p": 1}))
    assert (done.result, done.version, done.seq_no) == ("created", 1, 0)
    other = Store(store.path)
    with other.reading() as tx:
        doc: Any = tx.get("kind", "a")
        assert [found.id for found in tx.find("kind", "name", ["n", "n", "m"])] == ["a"]
        assert tx.get("other", "a") is None
    other.close()
    assert (doc.source, doc.private, doc.version) == ({"name": "n", "x": "ä"}, {"p": 1}, 1)


def test_an_exception_undoes_the_whole_transaction(store: Any) -> None:
    def broken() -> None:
        with store.writing() as tx:
            tx.put(Doc("kind", "a", {}))
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    with store.reading() as tx:
        assert tx.get("kind", "a") is None


def test_versions_go_on_after_a_deletion(store: Any) -> None:
    with store.writing() as tx:
        tx.put(Doc("kind", "a", {}))
        assert (tx.delete("kind", "a").version, tx.delete("kind", "a").version) == (2, 3)
        assert tx.delete("kind", "b").result == "not_found"
        assert tx.put(Doc("kind", "a", {})).version == 4


def test_a_reader_sees_one_state_while_another_writes(store: Any) -> None:
    with store.writing() as tx:
        tx.put(Doc("kind", "a", {"n": 1}))
    with store.reading() as before:
        assert before.get("kind", "a").source == {"n": 1}
        with store.writing() as tx:
            tx.put(Doc("kind", "a", {"n": 2}))
        assert before.get("kind", "a").source == {"n": 1}
    with store.reading() as after:
        assert after.get("kind", "a").source == {"n": 2}


def test_many_ids_are_looked_up_in_batches(store: Any) -> None:
    with store.writing() as tx:
        for number in range(1200):
            tx.put(Doc("kind", str(number), {}))
    with store.reading() as tx:
        assert len(list(tx.find("kind", "id", [str(number) for number in range(2000)]))) == 1200


def test_stores_opened_at_once_make_one_database(tmp_path: Path) -> None:
    errors = []

    def opened() -> None:
        try:
            Store(tmp_path / "s.db").close()
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=opened) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_text("not a database, but long enough to look like one" * 100)
    with pytest.raises(ValueError, match=r"s\.db can't be used as a sandbox.*sandbox:other\.db"):
        Store(tmp_path / "s.db")


def test_a_database_of_another_format_is_refused(tmp_path: Path) -> None:
    sql = sqlite3.connect(tmp_path / "s.db")
    sql.execute("PRAGMA user_version = 99")
    sql.close()
    with pytest.raises(ValueError, match="its format is 99"):
        Store(tmp_path / "s.db")


def test_a_fork_opens_connections_of_its_own(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(store._idle)
    real = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: real + 1)
    with store.reading():
        pass
    assert not set(map(id, store._idle)) & set(map(id, before))
    for sql in before:
        sql.close()
