"""What every remote place does alike: leases, and that who lost one can do nothing more."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from threading import Barrier, Thread

import pytest

from flowplan.errors import FlowplanError, LockHeld, LockLost, StateError
from flowplan.state.backends import Backend, open_backend
from flowplan.state.backends.store import Store
from flowplan.state.codec import encode
from flowplan.state.journal import header_of
from flowplan.state.lines import frame, unframe
from flowplan.state.lock import here
from flowplan.state.model import ClusterIdentity, OutputRecord, ResourceRecord, State
from tests.contract.backends.conftest import REMOTE

pytestmark = pytest.mark.parametrize("location", REMOTE, indirect=True)

NEW = State("8xL8bowB8y25Tqfenm50", 0, "chat", "ab" * 32, ClusterIdentity("u", "https://x"))
LONG = 600.0
WRITES = {
    "begin": lambda store, lock_id: store.begin(lock_id, frame(header_of(NEW, "destroy"))),
    "append": lambda store, lock_id: store.append(lock_id, frame({"kind": "drop", "node": "late"})),
    "save": lambda store, lock_id: store.save(lock_id, encode(replace(NEW, serial=9)), 9, 1),
    "renew": lambda store, lock_id: store.renew(lock_id, LONG),
}


def store_of(backend: Backend) -> Store:
    store: Store = backend._store
    return store


@pytest.fixture
def store(location) -> Store:
    return store_of(open_backend(location))


@contextmanager
def frozen(backend: Backend) -> Iterator[str]:
    """A holder that does nothing any more, its lease included; gives its lock's id."""
    with suppress(LockLost), backend.lock("apply") as me:
        backend._lease._left.set()
        backend._lease._thread.join()
        yield me.id


def code_of(call) -> str:
    with pytest.raises(FlowplanError) as caught:
        call()
    return caught.value.diagnostics[0].code


def test_who_is_kept_out_is_told_how_to_get_in(backend, location):
    with backend.lock("apply") as me, pytest.raises(LockHeld) as caught:
        open_backend(location).lock("destroy").__enter__()
    problem = caught.value.diagnostics[0]
    assert f"process {me.pid}" in problem.detail
    assert re.search(r"renewed \d+ s ago", problem.detail)
    assert f"flowplan state unlock --lock-id {me.id} --state " in problem.hint


def test_who_waits_gets_the_lock_when_it_is_given_back(backend, location):
    told = []
    with backend.lock("apply") as me:
        waiter = Thread(target=lambda: _wait_for(location, told))
        waiter.start()
        while not told:
            time.sleep(0.01)
    waiter.join()
    assert told == [me.id, "got it"]


def _wait_for(location, told):
    with open_backend(location).lock("destroy", 30, lambda holder: told.append(holder.id)):
        told.append("got it")


def test_a_held_lease_is_renewed_for_as_long_as_it_is_held(hurried, location):
    with hurried().lock("apply"):
        time.sleep(2.5)
        with pytest.raises(LockHeld):
            open_backend(location).lock("destroy").__enter__()


def test_an_expired_lease_is_taken_over_and_that_is_told(hurried, backend):
    told = []
    with (
        frozen(hurried()) as old,
        backend.lock("destroy", 30, took_over=lambda holder, age: told.append((holder.id, age))),
    ):
        pass
    assert [name for name, _ in told] == [old]
    assert told[0][1] >= 1


def test_a_lease_that_was_given_back_is_not_taken_over(backend, location):
    told = []
    with backend.lock("apply"):
        pass
    with open_backend(location).lock("apply", took_over=lambda *who: told.append(who)):
        pass
    assert told == []


@pytest.mark.parametrize("write", sorted(WRITES))
def test_who_lost_the_lease_can_do_nothing_and_nothing_of_it_is_visible(
    hurried, backend, location, write
):
    late = hurried()
    with frozen(late) as old:
        journal = late.start(NEW, "apply")
        journal.put(ResourceRecord("a", "create_connector", "connector_id", "id-a"))
        journal.close()
        with backend.lock("destroy", 30):
            state = replace(backend.load().state, serial=1)
            backend.save(state)
            backend.start(state, "destroy").close()
            before = store_of(open_backend(location)).read()
            assert code_of(lambda: WRITES[write](store_of(late), old)) == "FP502"
            after = store_of(open_backend(location)).read()
            assert (after.document, after.journal) == (before.document, before.journal)
            assert after.lease.holder == before.lease.holder


def overtaken(late: Backend, other: Backend, stack: ExitStack) -> None:
    """Freeze a holder, let the other one take its lock for as long as `stack` is open, go on."""
    with late.lock("apply"):
        late._lease._left.set()
        stack.enter_context(other.lock("destroy", 30))
        late.check()


def test_who_lost_the_lease_is_told_who_has_it_and_stops(hurried, backend):
    with ExitStack() as stack:
        with pytest.raises(LockLost) as caught:
            overtaken(hurried(), backend, stack)
        problem = caught.value.diagnostics[0]
    assert problem.code == "FP502"
    assert f"process {os.getpid()}) has it now, for destroy" in problem.detail


def test_a_lost_lease_refuses_every_further_intent(hurried, backend):
    late = hurried()
    with frozen(late):
        journal = late.start(NEW, "apply")
        with backend.lock("destroy", 30):
            with pytest.raises(LockLost):
                journal._log.check()
            journal._log.append({"kind": "drop", "node": "late"})
            with pytest.raises(LockLost):
                journal.close()


def test_a_state_that_somebody_else_wrote_is_not_replaced(held, location):
    held.save(replace(NEW, serial=1))
    store, lock_id = store_of(held), held._lease.id
    assert code_of(lambda: store.save(lock_id, encode(NEW), 2, 0)) == "FP410"
    assert code_of(lambda: store.save(lock_id, encode(NEW), 8, 7)) == "FP410"
    assert open_backend(location).load().base_serial == 1


def test_giving_back_another_lock_does_nothing(held, location):
    store_of(open_backend(location)).release("another")
    assert open_backend(location).load().holder is not None
    held.check()


def test_unlocking_by_its_id_lets_the_next_one_in_and_stops_the_holder(backend, location):
    with frozen(backend) as old:
        released = open_backend(location).unlock(old)
        assert released.id == old
        with open_backend(location).lock("destroy"):
            assert code_of(lambda: WRITES["append"](store_of(backend), old)) == "FP502"


def test_unlocking_by_another_id_is_refused(backend, location):
    with backend.lock("apply") as me:
        other = open_backend(location)
        with pytest.raises(LockHeld) as caught:
            other.unlock("feedfacefeedface")
        assert caught.value.holder["id"] == me.id
        assert caught.value.diagnostics[0].code == "FP503"
        assert other.load().holder.id == me.id


def test_unlocking_what_nobody_holds_is_refused(backend):
    assert code_of(lambda: backend.unlock("feedfacefeedface")) == "FP504"


def test_of_two_who_try_at_once_one_can_work_each_time(location):
    rounds, won = 100, [0] * 100
    header = frame(header_of(NEW, "apply"))
    ready, done = Barrier(2), Barrier(2)

    def contend() -> None:
        store = store_of(open_backend(location))
        for number in range(rounds):
            me = here("apply")
            ready.wait(30)
            got = store.acquire(me, LONG) is None
            with suppress(LockLost):
                if got:
                    store.begin(me.id, header)
                    won[number] += 1
            done.wait(30)
            if got:
                store.release(me.id)

    workers = [Thread(target=contend) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert won == [1] * rounds


def test_an_append_that_is_repeated_is_there_once(held, location, monkeypatch):
    journal = held.start(NEW, "apply")
    store, real = store_of(held), type(store_of(held)).append
    failed = []

    def lose_the_answer(self, lock_id, lines):
        real(self, lock_id, lines)
        if not failed:
            failed.append(1)
            raise StateError.of("FP441", "the answer was lost")

    monkeypatch.setattr(type(store), "append", lose_the_answer)
    with pytest.raises(StateError, match="FP414"):
        journal._log.commit(journal._log.append({"kind": "drop", "node": "a"}))
    journal.drop("b")
    journal.close()
    lines = unframe(store_of(open_backend(location)).read().journal, "j").entries
    nodes = [entry.get("node") for entry in lines]
    assert nodes[-1] == "b"
    assert nodes.count("b") == 1
    assert open_backend(location).load().state.resources == {}


def test_a_large_document_comes_back_equal(held, location):
    value = "x" * 5_000_000
    state = replace(NEW, serial=1, outputs={"o": OutputRecord(value)})
    held.save(state)
    assert open_backend(location).load().state == state


def test_a_long_journal_comes_back_in_order(held, location):
    journal = held.start(NEW, "apply")
    for number in range(10_000):
        journal.put(ResourceRecord(f"n{number}", "noop"))
    journal.close()
    found = open_backend(location).load()
    assert found.journal_length == 10_000
    assert list(found.state.resources) == [f"n{number}" for number in range(10_000)]


def test_a_run_that_ended_without_closing_leaves_all_of_its_journal(backend, location):
    with backend.lock("apply"):
        backend.start(NEW, "apply").put(ResourceRecord("a", "noop"))
    assert list(open_backend(location).load().state.resources) == ["a"]


def test_no_credential_is_in_what_people_see(backend, location):
    password = re.search(r"://[^/@]*:([^/@]+)@", location)
    secrets = [password[1]] if password else []
    secrets += [os.environ[name] for name in ("AWS_SECRET_ACCESS_KEY",) if name in os.environ]
    told = [backend.location]
    with backend.lock("apply"):
        told += [repr(store_of(open_backend(location)).read())]
        for act in (open_backend(location).lock("x").__enter__, lambda: backend.unlock("no")):
            with pytest.raises(FlowplanError) as caught:
                act()
            told.append(repr([item.as_json() for item in caught.value.diagnostics]))
    assert [secret for secret in secrets if any(secret in text for text in told)] == []
