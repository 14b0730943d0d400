"""What every state backend does alike: documents, journals and the lock."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from threading import Thread

import pytest

from flowplan.errors import LockHeld, StateError
from flowplan.state.backends import open_backend
from flowplan.state.model import (
    ClusterIdentity,
    IntentRecord,
    OutputRecord,
    ProvisionStatus,
    ResourceRecord,
    State,
)

NEW = State("8xL8bowB8y25Tqfenm50", 0, "chat", "ab" * 32, ClusterIdentity("u", "https://x"))


def record(node, **fields):
    return ResourceRecord(node, "create_connector", "connector_id", f"id-{node}", **fields)


def intent(name, node):
    return IntentRecord(name, node, "create_connector", "create", 1.0, record(node))


def saved(backend, *nodes, serial=1):
    state = replace(NEW, serial=serial, resources={node: record(node) for node in nodes})
    backend.save(state)
    return state


def seen(reader, length):
    """What a reader sees once that many entries are there: results are not waited for."""
    deadline = time.monotonic() + 10
    while (found := reader.load()).journal_length < length and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def test_a_new_place_holds_nothing(backend):
    found = backend.load()
    assert (found.state, found.base_serial, found.journal_length) == (None, 0, 0)
    assert (found.open, found.holder, found.torn, found.operation) == ((), None, False, None)
    assert not found.interrupted


def test_a_saved_state_comes_back_equal(held, location):
    state = saved(held, "a", "b")
    found = open_backend(location).load()
    assert (found.state, found.base_serial) == (state, 1)


def test_a_second_save_takes_the_place_of_the_first(held):
    saved(held, "a", serial=1)
    state = saved(held, serial=2)
    assert held.load().state == state


def test_a_journal_is_seen_while_it_is_written(held, location):
    saved(held, "a")
    journal = held.start(held.load().state, "apply")
    reader = open_backend(location)
    journal.intent(intent("i1", "b"))
    journal.progress("i1", task_id="T")
    found = seen(reader, 2)
    assert [(item.intent.id, item.task_id) for item in found.open] == [("i1", "T")]
    assert (found.journal_length, found.operation) == (2, "apply")
    journal.done("i1", put=record("b"))
    found = seen(reader, 3)
    assert list(found.state.resources) == ["a", "b"]
    assert (found.open, found.base_serial, found.state.serial) == ((), 1, 1)
    journal.close()


def test_a_journal_alone_gives_the_first_state(held):
    journal = held.start(NEW, "apply")
    journal.put(record("a"))
    journal.status(ProvisionStatus("PROVISIONING"))
    journal.output({"o": OutputRecord("v")})
    journal.close()
    found = held.load()
    assert found.state == replace(
        NEW,
        resources={"a": record("a")},
        status=ProvisionStatus("PROVISIONING"),
        outputs={"o": OutputRecord("v")},
    )
    assert found.base_serial == 0
    assert found.interrupted


def test_saving_ends_the_journal(held):
    journal = held.start(NEW, "apply")
    journal.put(record("a"))
    journal.close()
    state = replace(held.load().state, serial=1)
    held.save(state)
    found = held.load()
    assert (found.state, found.journal_length, found.operation) == (state, 0, None)


def test_a_journal_with_work_in_it_is_not_replaced(held):
    journal = held.start(NEW, "apply")
    journal.intent(intent("i1", "a"))
    journal.close()
    with pytest.raises(StateError) as caught:
        held.start(NEW, "apply")
    assert caught.value.diagnostics[0].code == "FP418"
    assert len(held.load().open) == 1


def test_a_journal_without_entries_is_replaced(held):
    held.start(NEW, "apply").close()
    held.start(NEW, "destroy").close()
    assert held.load().operation == "destroy"


def test_threads_share_a_journal(held):
    journal = held.start(NEW, "apply")

    def work(name):
        for number in range(10):
            node = f"{name}-{number}"
            journal.intent(intent(node, node))
            journal.done(node, put=record(node))

    workers = [Thread(target=work, args=(name,)) for name in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    journal.close()
    found = held.load()
    assert len(found.state.resources) == 80
    assert (found.open, found.journal_length) == ((), 160)


def test_only_one_holds_the_lock(backend, location):
    with backend.lock("apply") as me:
        second = open_backend(location).lock("destroy")
        with pytest.raises(LockHeld) as caught:
            second.__enter__()
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP501"
    assert me.host in problem.detail
    assert str(me.pid) in problem.detail
    assert (caught.value.holder["id"], caught.value.holder["operation"]) == (me.id, "apply")


def test_the_holder_of_a_lock_is_seen_by_others_and_not_by_itself(backend, location):
    with backend.lock("apply") as me:
        assert open_backend(location).load().holder.id == me.id
        assert backend.load().holder is None
    assert open_backend(location).load().holder is None


def test_a_lock_ends_with_an_error(backend, location):
    with pytest.raises(ZeroDivisionError), backend.lock("apply"):
        _ = 1 / 0
    with open_backend(location).lock("apply"):
        pass


def test_a_lock_can_be_taken_again(backend):
    for _ in range(3):
        with backend.lock("apply"):
            pass


def test_work_in_progress_is_not_interrupted_work(backend, location):
    with backend.lock("apply"):
        journal = backend.start(NEW, "apply")
        journal.put(record("a"))
        journal.close()
        assert not open_backend(location).load().interrupted
    assert open_backend(location).load().interrupted


def test_the_location_is_told_as_it_was_given_without_a_password(backend, location):
    assert backend.location == re.sub(r":[^:/@]+@", "@", location)
