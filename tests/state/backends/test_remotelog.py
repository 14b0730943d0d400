from __future__ import annotations

import time
from threading import Event, Thread, Timer

import pytest

from flowplan.errors import FlowplanError, StateError
from flowplan.state.backends.remotelog import RemoteLog
from flowplan.state.lines import frame, unframe
from flowplan.state.lock import lost

LOST = lost("memory://x", "it was not renewed in time")


class Place:
    """Where batches go; `failures` are raised first, one a call."""

    def __init__(self):
        self.batches = []
        self.calls = 0
        self.failures = []
        self.open = Event()
        self.open.set()

    def send(self, lines):
        self.calls += 1
        assert self.open.wait(20)
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(lines)

    @property
    def entries(self):
        found = unframe(frame({"kind": "header"}) + b"".join(self.batches), "j").entries[1:]
        return [entry["n"] for entry in found]


@pytest.fixture
def place():
    return Place()


@pytest.fixture
def log(place):
    made = RemoteLog(place.send, lambda: None, "the journal of memory://x")
    yield made
    place.failures.clear()
    place.open.set()
    made.close()


def code_of(call):
    with pytest.raises(FlowplanError) as caught:
        call()
    return caught.value.diagnostics[0].code


def failing(*codes):
    return [StateError.of(code, "no route to db") for code in codes]


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_what_is_committed_is_there(log, place):
    log.commit(log.append({"n": 1}))
    assert place.entries == [1]


def test_a_result_is_sent_without_being_waited_for(log, place):
    log.append({"n": 1})
    until(lambda: place.entries == [1])


def test_what_comes_together_meanwhile_is_one_batch(log, place):
    place.open.clear()
    log.append({"n": 0})
    until(lambda: place.calls == 1)
    positions = [log.append({"n": number}) for number in range(1, 50)]
    place.open.set()
    log.commit(positions[-1])
    assert len(place.batches) == 2
    assert place.entries == list(range(50))


def test_threads_lose_nothing_and_keep_their_order(log, place):
    def work(name):
        for number in range(50):
            log.commit(log.append({"n": [name, number]}))

    workers = [Thread(target=work, args=(name,)) for name in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for name in range(8):
        assert [n for who, n in place.entries if who == name] == list(range(50))


def test_closing_sends_what_is_left(place):
    log = RemoteLog(place.send, lambda: None, "j")
    for number in range(100):
        log.append({"n": number})
    log.close()
    log.close()
    assert place.entries == list(range(100))
    assert code_of(lambda: log.append({"n": 0})) == "FP414"


def test_after_a_refused_batch_nothing_can_be_promised(log, place):
    place.failures = failing("FP441")
    position = log.append({"n": 1})
    with pytest.raises(StateError) as caught:
        log.commit(position)
    assert caught.value.diagnostics[0].summary == (
        "the journal of memory://x can't be written: no route to db"
    )
    assert code_of(log.check) == "FP414"


def test_a_batch_without_an_answer_is_sent_again_as_it_was_before_the_next(log, place):
    sent = []
    place.failures = failing("FP441")
    real, log._send = log._send, lambda lines: (sent.append(lines), real(lines))
    assert code_of(lambda: log.commit(log.append({"n": 1}))) == "FP414"
    log.append({"n": 2})
    until(lambda: place.entries == [1, 2])
    assert sent == [sent[0], sent[0], sent[2]]


def test_a_place_that_is_gone_is_asked_again_only_when_something_comes(log, place):
    place.failures = failing("FP441", "FP441", "FP441")
    assert code_of(lambda: log.commit(log.append({"n": 1}))) == "FP414"
    time.sleep(0.1)
    assert place.calls == 1


def test_closing_tries_once_more_and_tells_a_failure_once(place):
    log = RemoteLog(place.send, lambda: None, "j")
    place.failures = failing("FP441", "FP441")
    assert code_of(lambda: log.commit(log.append({"n": 1}))) == "FP414"
    log.close()
    assert place.calls == 2


def test_closing_tells_a_failure_that_nobody_has_seen(place):
    log = RemoteLog(place.send, lambda: None, "j")
    place.failures = failing("FP441", "FP441")
    place.open.clear()
    log.append({"n": 1})
    until(lambda: place.calls == 1)
    Timer(0.1, place.open.set).start()
    assert code_of(log.close) == "FP414"


def test_a_lost_lock_is_told_as_that_and_nothing_is_sent_again(log, place):
    place.failures = [LOST]
    assert code_of(lambda: log.commit(log.append({"n": 1}))) == "FP502"
    assert code_of(lambda: log.append({"n": 2})) == "FP502"
    assert code_of(log.check) == "FP502"
    assert place.calls == 1


def test_a_lock_that_is_not_ours_refuses_the_next_promise(place):
    def held():
        raise LOST

    log = RemoteLog(place.send, held, "j")
    assert code_of(log.check) == "FP502"
    log.close()


def test_whatever_goes_wrong_while_sending_is_told_to_who_waits(log, place):
    place.failures = [ZeroDivisionError()]
    assert code_of(lambda: log.commit(log.append({"n": 1}))) == "FP414"
