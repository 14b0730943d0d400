from __future__ import annotations

import os
from dataclasses import replace

import pytest

from flowplan.errors import Diagnostic, FlowplanError, LockHeld, LockLost, StateError
from flowplan.state.backends.remote import RemoteBackend
from flowplan.state.lines import unframe
from flowplan.state.lock import here
from tests.state.backends.memory_store import MemoryStore


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def backend(store):
    return RemoteBackend(store)


@pytest.fixture
def held(backend):
    with backend.lock("apply"):
        yield backend


def code_of(call):
    with pytest.raises(FlowplanError) as caught:
        call()
    return caught.value.diagnostics[0].code


def fail_on(wanted, error):
    def before(name):
        if name == wanted:
            raise error

    return before


def test_opening_asks_nothing(store):
    RemoteBackend(store)
    assert store.calls == []


def test_a_write_without_the_lock_is_a_mistake_of_the_program(backend, state):
    with pytest.raises(RuntimeError):
        backend.save(state("a", serial=1))
    with pytest.raises(RuntimeError):
        backend.start(state(), "apply")


def test_checking_without_a_lock_finds_nothing_wrong(backend):
    assert backend.check() is None


def test_a_state_that_was_not_read_before_it_is_replaced_is_read_then(store, state):
    for serial in (1, 2):
        backend = RemoteBackend(store)
        with backend.lock("state push"):
            backend.save(state("a", serial=serial))
    assert backend.load().base_serial == 2


def test_a_state_that_changed_since_it_was_read_is_not_replaced(store, held, state):
    held.load()
    store.document = b'{"serial": 7}'
    assert code_of(lambda: held.save(state("a", serial=1))) == "FP410"


def test_a_lock_knows_the_workflow_once_the_state_was_read(store, held, state):
    held.save(state("a", serial=1))
    other = RemoteBackend(store)
    other.load()
    with pytest.raises(LockHeld):
        other.lock("destroy").__enter__()
    assert other._workflow == "chat"


def test_what_a_run_left_open_is_sent_before_the_lock_is_given_back(store, backend, state, record):
    with backend.lock("apply"):
        journal = backend.start(state(), "apply")
        for number in range(50):
            journal.put(record(f"n{number}"))
    assert backend.load().journal_length == 50
    assert store.calls.index("release") > max(
        index for index, name in enumerate(store.calls) if name == "append"
    )


def test_a_place_that_is_gone_at_the_end_does_not_hide_what_went_wrong(store, backend, state):
    def work():
        with backend.lock("apply"):
            backend.start(state(), "apply").drop("a")
            store.before = lambda name: fail_on(name, StateError.of("FP441", "gone"))(name)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        work()


def test_a_journal_goes_in_whole_lines_under_the_lock(store, held, state, record, intent):
    journal = held.start(state(), "apply")
    journal.intent(intent("i1", "a"))
    journal.done("i1", put=record("a"))
    journal.close()
    kinds = [entry["kind"] for entry in unframe(store.journal, "j").entries]
    assert kinds == ["header", "intent", "done"]


def test_a_lost_lock_is_told_with_its_taker_and_keeps_its_exit_code(store, backend):
    you = here("destroy")

    def work():
        with backend.lock("apply") as me:
            store.release(me.id)
            store.acquire(you, 30)
            try:
                store.renew(me.id, 30)
            except LockLost as error:
                error.exit_code = 3
                raise

    with pytest.raises(LockLost) as caught:
        work()
    assert caught.value.exit_code == 3
    detail = caught.value.diagnostics[0].detail
    assert detail.startswith(f"{you.who} (process {os.getpid()}) has it now, for destroy.")


def test_a_lost_lock_is_told_even_when_nobody_can_say_who_has_it(store, backend):
    def work():
        with backend.lock("apply") as me:
            store.release(me.id)
            store.before = fail_on("read", StateError.of("FP441", "gone"))
            store.renew(me.id, 30)

    assert code_of(work) == "FP502"


def test_a_reader_sees_since_when_the_holder_is_silent(store, backend):
    with backend.lock("apply"):
        found = RemoteBackend(store).load()
    assert found.renewed is not None
    assert 0 <= found.renewed < 5


def test_who_let_the_lease_expire_is_no_longer_at_work(store):
    store.acquire(here("apply"), -1)
    assert RemoteBackend(store).load().holder is None


def test_damage_is_told_with_the_journals_name(store, backend):
    store.journal = b"nonsense\n"
    with pytest.raises(StateError) as caught:
        backend.load()
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP411"
    assert "the journal of memory://states/chat" in problem.summary


def test_a_state_keeps_its_serial_while_its_journal_grows(held, state, record):
    held.save(state("a", serial=1))
    journal = held.start(held.load().state, "apply")
    journal.put(record("b"))
    journal.close()
    found = held.load()
    assert (found.base_serial, sorted(found.state.resources)) == (1, ["a", "b"])
    held.save(replace(found.state, serial=2))
    assert held.load().journal_length == 0


def test_what_the_store_warns_of_is_passed_on():
    store = MemoryStore()
    store.warnings = (Diagnostic("warning", "FP390", "certificates are not checked"),)
    assert RemoteBackend(store).warnings == store.warnings
