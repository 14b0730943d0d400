from __future__ import annotations

import time
from threading import Event

import pytest

from flowplan.errors import LockLost, StateError, Unreachable
from flowplan.state.backends import lease as module
from flowplan.state.backends.lease import HeldLease, lease_seconds, take
from flowplan.state.lock import here
from tests.state.backends.memory_store import MemoryStore

ME = here("apply")


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def clock(monkeypatch):
    """The clock that leases are measured by, to be put forward."""

    class Clock:
        ahead = 0.0

    monkeypatch.setattr(module, "_now", lambda: time.monotonic() + Clock.ahead)
    return Clock


@pytest.fixture
def hold(store):
    held = []

    def start(ttl=30.0):
        lease, _ = take(store, ME, ttl, 0)
        held.append(lease)
        return lease

    yield start
    for lease in held:
        lease.release()


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def problem_of(lease):
    with pytest.raises(LockLost) as caught:
        lease.check()
    return caught.value.diagnostics[0]


def fail_on(name, error):
    def before(called):
        if called == name:
            raise error

    return before


def test_a_lease_is_good_for_half_a_minute_unless_said_otherwise():
    assert lease_seconds({}) == 30
    assert lease_seconds({"FLOWPLAN_LEASE_SECONDS": " 90 "}) == 90


def test_a_lease_is_renewed_three_times_in_its_length(store, hold):
    hold(0.3)
    time.sleep(0.95)
    assert 5 <= store.calls.count("renew") <= 10


def test_checking_asks_nobody(store, hold):
    lease = hold()
    store.calls.clear()
    for _ in range(1000):
        lease.check()
    assert store.calls == []


def test_a_holder_that_slept_sees_it_at_once_and_for_good(hold, clock):
    lease = hold()
    lease.check()
    clock.ahead = 31
    assert "not renewed in time" in problem_of(lease).detail
    clock.ahead = 0
    assert problem_of(lease).code == "FP502"


def test_a_lease_is_given_up_before_it_ends_elsewhere(hold, clock):
    lease = hold()
    clock.ahead = 29
    problem_of(lease)


def test_a_network_that_comes_back_in_time_loses_nothing(store, hold):
    lease = hold(0.6)
    store.before = fail_on("renew", StateError.of("FP441", "no route"))
    until(lambda: store.calls.count("renew") >= 2)
    store.before = lambda _name: None
    time.sleep(0.8)
    lease.check()


def test_a_network_that_stays_away_ends_the_lease_and_is_named(store, hold):
    lease = hold(0.3)
    store.before = fail_on("renew", Unreachable.of("FP441", "no route to db"))
    until(lambda: not lease._thread.is_alive())
    assert "It could not be renewed: no route to db." in problem_of(lease).detail


def test_whatever_goes_wrong_in_a_renewal_is_a_failed_renewal(store, hold):
    lease = hold(0.3)
    store.before = fail_on("renew", ZeroDivisionError())
    until(lambda: not lease._thread.is_alive())
    assert "ZeroDivisionError" in problem_of(lease).detail


def test_a_lease_that_was_taken_is_not_renewed_again(store, hold):
    lease = hold(0.3)
    store.release(ME.id)
    until(lambda: not lease._thread.is_alive())
    assert problem_of(lease).code == "FP502"


def test_giving_back_does_not_wait_for_a_renewal_that_hangs(store, hold):
    free = Event()
    store.before = lambda name: name == "renew" and free.wait(20)
    lease = hold(0.2)
    until(lambda: "renew" in store.calls)
    begun = time.monotonic()
    lease.release()
    assert time.monotonic() - begun < 5
    assert store.lease is None
    free.set()
    lease._thread.join()


def test_a_place_that_is_gone_does_not_keep_a_command_from_ending(store, hold):
    lease = hold()
    store.before = fail_on("release", StateError.of("FP441", "gone"))
    lease.release()


def test_who_is_in_the_way_is_given_when_the_time_is_up(store, hold):
    hold()
    other = here("destroy")
    begun = time.monotonic()
    lease, there = take(store, other, 1.0, 0.4)
    assert lease is None
    assert there.holder == ME
    assert 0.3 < time.monotonic() - begun < 3


def test_waiting_is_told_once(store, hold):
    hold()
    told = []
    take(store, here("destroy"), 0.3, 0.5, told.append)
    assert told == [ME]


def test_an_expired_lease_is_taken_and_given_with_its_age(store):
    store.acquire(ME, 0.05)
    time.sleep(0.1)
    lease, before = take(store, here("destroy"), 30, 0)
    assert before.holder == ME
    assert before.age >= 0.1
    lease.release()


def test_a_lease_whose_taking_went_wrong_is_not_left_behind(store):
    def lose(name):
        if name == "acquire":
            raise StateError.of("FP441", "the answer was lost")

    store.after = lose
    with pytest.raises(StateError, match="FP441"):
        take(store, ME, 30, 0)
    assert store.lease is None


def test_a_lost_lock_is_a_new_error_each_time(hold, clock):
    lease: HeldLease = hold()
    clock.ahead = 60
    errors = []
    for _ in range(2):
        with pytest.raises(LockLost) as caught:
            lease.check()
        errors.append(caught.value)
    assert errors[0] is not errors[1]
