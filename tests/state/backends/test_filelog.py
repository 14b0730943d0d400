from __future__ import annotations

import errno
import os
import time
from threading import Event, Thread

import pytest

from flowplan.errors import StateError
from flowplan.state.backends.filelog import FileLog
from flowplan.state.journal import JournalWriter
from flowplan.state.lines import frame, unframe

HEADER = {"kind": "header"}


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "journal"
    found.write_bytes(frame(HEADER))
    return found


@pytest.fixture
def log(path):
    made = FileLog(path, "t.journal")
    yield made
    made.close()


def entries(path):
    return unframe(path.read_bytes(), "j").entries[1:]


def fail_with(number, times=1):
    """A call that fails the first `times` times."""
    left = [times]

    def call(real, *arguments):
        if left[0]:
            left[0] -= 1
            raise OSError(number, os.strerror(number))
        return real(*arguments)

    return call


def patched(monkeypatch, name, call):
    real = getattr(os, name)
    monkeypatch.setattr(os, name, lambda *arguments: call(real, *arguments))


def problem_of(call):
    with pytest.raises(StateError) as caught:
        call()
    return caught.value.diagnostics[0]


def test_an_entry_is_in_the_file_at_once(log, path):
    log.append({"n": 1})
    assert entries(path) == ({"n": 1},)


def test_an_entry_is_one_write(log, monkeypatch):
    calls = []
    patched(monkeypatch, "write", lambda real, *a: calls.append(1) or real(*a))
    log.append({"n": 1})
    assert len(calls) == 1


def test_appending_does_not_sync_and_committing_does_once(log, monkeypatch):
    calls = []
    patched(monkeypatch, "fsync", lambda real, *a: calls.append(1) or real(*a))
    first = log.append({"n": 1})
    second = log.append({"n": 2})
    assert calls == []
    log.commit(second)
    log.commit(first)
    assert len(calls) == 1


def test_the_file_is_not_inherited_by_child_processes(log):
    assert not os.get_inheritable(log._handle)


def test_many_threads_share_a_sync(log, path, monkeypatch):
    threads, syncs, all_written = 16, [], Event()

    def sync(real, handle):
        syncs.append(1)
        assert all_written.wait(10)
        real(handle)

    patched(monkeypatch, "fsync", sync)
    positions = []

    def work(number):
        position = log.append({"n": number})
        positions.append(position)
        log.commit(position)

    workers = [Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + 10
    while len(positions) < threads and time.monotonic() < deadline:
        time.sleep(0.001)
    all_written.set()
    for worker in workers:
        worker.join()
    # The first leader may have seen only its own line; the second one syncs for all others.
    assert 1 <= len(syncs) <= 2
    assert sorted(entry["n"] for entry in entries(path)) == list(range(threads))


def test_what_was_committed_survives_a_power_cut_at_any_time(log, path, monkeypatch):
    durable = [path.stat().st_size]
    known = []

    def sync(real, handle):
        size = os.fstat(handle).st_size
        real(handle)
        durable.append(size)

    patched(monkeypatch, "fsync", sync)

    def work(name):
        for number in range(20):
            entry = {"who": name, "n": number}
            log.commit(log.append(entry))
            known.append((entry, durable[-1]))

    workers = [Thread(target=work, args=(name,)) for name in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    data = path.read_bytes()
    for entry, size in known:
        assert entry in unframe(data[:size], "j").entries


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_failed_write_is_told_and_leaves_no_trace(log, path, monkeypatch, number):
    patched(monkeypatch, "write", fail_with(number))
    problem = problem_of(lambda: log.append({"n": 1}))
    assert problem.code == "FP414"
    assert problem.summary == f"t.journal can't be written: {os.strerror(number)}"
    assert path.read_bytes() == frame(HEADER)


def test_a_write_that_fails_half_way_is_cut_back(log, path, monkeypatch):
    calls = []

    def half(real, handle, data):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "full")
        return real(handle, data[: len(data) // 2])

    patched(monkeypatch, "write", half)
    problem_of(lambda: log.append({"n": 1}))
    assert path.read_bytes() == frame(HEADER)


def test_an_interrupt_half_way_through_a_line_is_cut_back_and_no_failure(log, path, monkeypatch):
    real = os.write

    def interrupted(handle, data):
        real(handle, data[:5])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            log.append({"n": 1})
    log.commit(log.append({"n": 2}))
    assert entries(path) == ({"n": 2},)


def test_after_a_failed_write_nothing_can_be_promised(log, monkeypatch):
    patched(monkeypatch, "write", fail_with(errno.ENOSPC))
    problem_of(lambda: log.append({"n": 1}))
    assert problem_of(log.check).code == "FP414"
    position = log.append({"n": 2})
    assert problem_of(lambda: log.commit(position)).code == "FP414"


def test_after_a_failed_write_every_intent_is_refused_and_results_are_kept(
    log, path, monkeypatch, intent, record
):
    journal = JournalWriter(log)
    journal.intent(intent("i1", "a"))
    patched(monkeypatch, "write", fail_with(errno.ENOSPC))
    problem_of(lambda: journal.intent(intent("i2", "b")))
    journal.done("i1", put=record("a"))
    for name in ("i3", "i4"):
        assert problem_of(lambda name=name: journal.intent(intent(name, name))).code == "FP414"
    assert [entry["kind"] for entry in entries(path)] == ["intent", "done"]


def test_a_line_that_can_not_be_cut_back_is_the_last(log, path, monkeypatch):
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", lambda *_: fail_with(errno.EIO)(None))
        patch.setattr(
            os, "write", lambda handle, data: real(handle, data[:5]) and fail_with(errno.EIO)(None)
        )
        problem_of(lambda: log.append({"n": 1}))
    problem_of(lambda: log.append({"n": 2}))
    lines = unframe(path.read_bytes(), "j")
    assert (lines.entries, lines.torn) == ((HEADER,), True)


def test_an_interrupted_line_that_can_not_be_cut_back_is_a_failure(log, monkeypatch):
    def interrupted(handle, data):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", lambda *_: fail_with(errno.EIO)(None))
        patch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            log.append({"n": 1})
    assert problem_of(log.check).code == "FP414"


def test_a_failed_sync_is_never_tried_again(log, monkeypatch):
    position = log.append({"n": 1})
    patched(monkeypatch, "fsync", fail_with(errno.EIO))
    assert "Input/output error" in problem_of(lambda: log.commit(position)).summary
    assert problem_of(lambda: log.commit(position)).code == "FP414"
    assert problem_of(log.check).code == "FP414"


def test_what_was_durable_before_a_failed_sync_stays_committed(log, monkeypatch):
    first = log.append({"n": 1})
    log.commit(first)
    patched(monkeypatch, "fsync", fail_with(errno.EIO))
    second = log.append({"n": 2})
    problem_of(lambda: log.commit(second))
    log.commit(first)


def test_a_failed_sync_is_told_to_everyone_who_waits(log, monkeypatch):
    begun, go, told = Event(), Event(), []

    def sync(real, handle):
        begun.set()
        assert go.wait(10)
        raise OSError(errno.EIO, "gone")

    patched(monkeypatch, "fsync", sync)

    def work():
        try:
            log.commit(log.append({"n": 1}))
        except StateError:
            told.append(1)

    workers = [Thread(target=work) for _ in range(4)]
    workers[0].start()
    assert begun.wait(10)
    for worker in workers[1:]:
        worker.start()
    go.set()
    for worker in workers:
        worker.join()
    assert len(told) == 4


def test_an_interrupt_while_syncing_leaves_the_log_usable(log, monkeypatch):
    position = log.append({"n": 1})

    def interrupted(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            log.commit(position)
    log.commit(position)


def test_closing_makes_everything_durable(log, monkeypatch):
    calls = []
    patched(monkeypatch, "fsync", lambda real, *a: calls.append(1) or real(*a))
    log.append({"n": 1})
    log.close()
    log.close()
    assert len(calls) == 1


def test_closing_waits_for_a_sync_that_is_under_way(log, monkeypatch):
    begun, go = Event(), Event()

    def sync(real, handle):
        begun.set()
        assert go.wait(10)
        real(handle)

    patched(monkeypatch, "fsync", sync)
    worker = Thread(target=lambda: log.commit(log.append({"n": 1})))
    worker.start()
    assert begun.wait(10)
    closer = Thread(target=log.close)
    closer.start()
    closer.join(0.05)
    assert closer.is_alive()
    go.set()
    closer.join()
    worker.join()


def test_a_failure_while_closing_is_told(path, monkeypatch):
    log = FileLog(path, "t.journal")
    log.append({"n": 1})
    patched(monkeypatch, "fsync", fail_with(errno.EIO))
    assert problem_of(log.close).code == "FP414"
    log.close()


def test_a_failure_that_was_told_is_not_told_again_by_closing(path, monkeypatch):
    log = FileLog(path, "t.journal")
    patched(monkeypatch, "write", fail_with(errno.ENOSPC))
    problem_of(lambda: log.append({"n": 1}))
    log.close()


def test_a_closed_log_takes_nothing(path):
    log = FileLog(path, "t.journal")
    log.close()
    assert "it is closed" in problem_of(lambda: log.append({"n": 1})).summary


def test_a_file_that_can_not_be_opened_is_told(tmp_path):
    assert problem_of(lambda: FileLog(tmp_path / "none", "j")).code == "FP414"
