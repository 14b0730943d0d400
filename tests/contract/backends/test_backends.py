"""What every state backend does alike. A backend joins by a line in `MAKERS`."""

from __future__ import annotations

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

MAKERS = {"local": lambda directory: f"{directory}/t.state.json"}
NEW = State("8xL8bowB8y25Tqfenm50", 0, "chat", "ab" * 32, ClusterIdentity("u", "https://x"))


@pytest.fixture(params=sorted(MAKERS))
def location(request, tmp_path):
    return MAKERS[request.param](tmp_path)


@pytest.fixture
def backend(location):
    return open_backend(location)


def record(node, **fields):
    return ResourceRecord(node, "create_connector", "connector_id", f"id-{node}", **fields)


def intent(name, node):
    return IntentRecord(name, node, "create_connector", "create", 1.0, record(node))


def saved(backend, *nodes, serial=1):
    state = replace(NEW, serial=serial, resources={node: record(node) for node in nodes})
    backend.save(state)
    return state


def test_a_new_place_holds_nothing(backend):
    found = backend.load()
    assert (found.state, found.base_serial, found.journal_length) == (None, 0, 0)
    assert (found.open, found.holder, found.torn, found.operation) == ((), None, False, None)
    assert not found.interrupted


def test_a_saved_state_comes_back_equal(backend, location):
    state = saved(backend, "a", "b")
    found = open_backend(location).load()
    assert (found.state, found.base_serial) == (state, 1)


def test_a_second_save_takes_the_place_of_the_first(backend):
    saved(backend, "a", serial=1)
    state = saved(backend, serial=2)
    assert backend.load().state == state


def test_a_journal_is_seen_while_it_is_written(backend, location):
    saved(backend, "a")
    journal = backend.start(backend.load().state, "apply")
    reader = open_backend(location)
    journal.intent(intent("i1", "b"))
    journal.progress("i1", task_id="T")
    found = reader.load()
    assert [(item.intent.id, item.task_id) for item in found.open] == [("i1", "T")]
    assert (found.journal_length, found.operation) == (2, "apply")
    journal.done("i1", put=record("b"))
    found = reader.load()
    assert list(found.state.resources) == ["a", "b"]
    assert (found.open, found.base_serial, found.state.serial) == ((), 1, 1)
    journal.close()


def test_a_journal_alone_gives_the_first_state(backend):
    journal = backend.start(NEW, "apply")
    journal.put(record("a"))
    journal.status(ProvisionStatus("PROVISIONING"))
    journal.output({"o": OutputRecord("v")})
    journal.close()
    found = backend.load()
    assert found.state == replace(
        NEW,
        resources={"a": record("a")},
        status=ProvisionStatus("PROVISIONING"),
        outputs={"o": OutputRecord("v")},
    )
    assert found.base_serial == 0
    assert found.interrupted


def test_saving_ends_the_journal(backend):
    journal = backend.start(NEW, "apply")
    journal.put(record("a"))
    journal.close()
    state = replace(backend.load().state, serial=1)
    backend.save(state)
    found = backend.load()
    assert (found.state, found.journal_length, found.operation) == (state, 0, None)


def test_a_journal_with_work_in_it_is_not_replaced(backend):
    journal = backend.start(NEW, "apply")
    journal.intent(intent("i1", "a"))
    journal.close()
    with pytest.raises(StateError) as caught:
        backend.start(NEW, "apply")
    assert caught.value.diagnostics[0].code == "FP418"
    assert len(backend.load().open) == 1


def test_a_journal_without_entries_is_replaced(backend):
    backend.start(NEW, "apply").close()
    backend.start(NEW, "destroy").close()
    assert backend.load().operation == "destroy"


def test_threads_share_a_journal(backend):
    journal = backend.start(NEW, "apply")

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
    found = backend.load()
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


def test_the_location_is_told_for_people(backend, location):
    assert backend.location == location
