"""What the workflows of a store know of each other where an answer was lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flowplan.server import neighbours
from flowplan.server.documents import Workflow
from flowplan.server.neighbours import Neighbourhood
from flowplan.server.store_directory import DirectoryStore
from flowplan.state.identity import new_salt
from flowplan.state.journal import JournalWriter
from flowplan.state.model import IntentRecord, ResourceRecord, State


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DirectoryStore]:
    made = DirectoryStore(tmp_path)
    yield made
    made.close()


def begun(store: DirectoryStore, workflow_id: str) -> State:
    """A workflow that has run, with nothing in its state."""
    store.put(Workflow(workflow_id, template={"name": "m"}, state="PROVISIONING", start_time=1))
    backend, state = store.backend(workflow_id), State(workflow_id, 1, "m", new_salt())
    with backend.lock("provision"):
        backend.save(state)
    return state


def asked(journal: JournalWriter, node: str) -> IntentRecord:
    """A create whose answer is not there yet."""
    record = ResourceRecord(node, "create_connector")
    intent = IntentRecord(f"intent-{node}", node, record.type, "create", time.time(), record)
    journal.intent(intent)
    return intent


def answered(journal: JournalWriter, intent: IntentRecord, resource_id: str) -> None:
    journal.done(intent.id, put=replace(intent.record, resource_id=resource_id, status="ready"))


def test_what_others_have_recorded_is_told_and_what_one_has_itself_is_not(
    store: DirectoryStore,
) -> None:
    for name in ("ours", "theirs"):
        backend, state = store.backend(name), begun(store, name)
        with backend.lock("provision"):
            journal = backend.start(state, "apply")
            answered(journal, asked(journal, "a"), f"id-of-{name}")
            journal.close()
    assert Neighbourhood(store).of("ours").look() == (frozenset({"id-of-theirs"}), [])


def test_a_create_that_was_cut_off_is_told_with_what_seals_it(store: DirectoryStore) -> None:
    backend, state = store.backend("theirs"), begun(store, "theirs")
    with backend.lock("provision"):
        journal = backend.start(state, "apply")
        intent = asked(journal, "a")
        journal.close()
    recorded, (lost,) = Neighbourhood(store).of("ours").look()
    assert recorded == frozenset()
    assert (lost.intent.id, lost.salt) == (intent.id, state.salt)


def test_an_answer_that_is_under_way_is_waited_for(store: DirectoryStore) -> None:
    state, asking, told = begun(store, "theirs"), threading.Event(), []

    def work() -> None:
        backend = store.backend("theirs")
        with backend.lock("provision"):
            journal = backend.start(state, "apply")
            intent = asked(journal, "a")
            asking.set()
            time.sleep(0.3)
            told.append("id")
            answered(journal, intent, "id")
            # More is under way when it is answered, which nobody has to wait for.
            asked(journal, "b")
            journal.close()
            looked.wait(20)

    looked = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    asking.wait(20)
    found = Neighbourhood(store).of("ours").look()
    looked.set()
    thread.join(20)
    assert told
    assert found == (frozenset({"id"}), [])


def test_one_that_recovers_as_well_is_not_waited_for(store: DirectoryStore) -> None:
    neighbourhood, backend = Neighbourhood(store), store.backend("theirs")
    state = begun(store, "theirs")
    with backend.lock("provision"):
        journal = backend.start(state, "apply")
        asked(journal, "a")
        journal.close()
        with neighbourhood.recovering("theirs"):
            _, lost = neighbourhood.of("ours").look()
    assert [item.intent.node for item in lost] == ["a"]


def test_who_never_answers_is_not_waited_for_for_ever(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_PATIENCE", 0.2)
    backend, state = store.backend("theirs"), begun(store, "theirs")
    with backend.lock("provision"):
        journal = backend.start(state, "apply")
        asked(journal, "a")
        found = Neighbourhood(store).of("ours").look()
        journal.close()
    # Neither: whoever looks can't tell, and says so.
    assert found == (frozenset(), [])
