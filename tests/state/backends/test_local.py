from __future__ import annotations

import errno
import os
from dataclasses import replace

import pytest

from flowplan.errors import StateError
from flowplan.state.backends import local
from flowplan.state.backends.local import LocalBackend
from flowplan.state.codec import encode


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.state.json"


@pytest.fixture
def backend(path):
    return LocalBackend(path)


def beside(path, suffix):
    return path.with_name(f"{path.name}.{suffix}")


def problem_of(call):
    with pytest.raises(StateError) as caught:
        call()
    return caught.value.diagnostics[0]


def failing(number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


def test_directories_are_made_when_something_is_written(tmp_path, state):
    deep = LocalBackend(tmp_path / "a" / "b" / "t.json")
    assert deep.load().state is None
    deep.save(state(serial=1))
    assert deep.load().base_serial == 1


def test_directories_are_made_for_a_journal(tmp_path, state):
    LocalBackend(tmp_path / "a" / "b" / "t.json").start(state(), "apply").close()
    assert (tmp_path / "a" / "b" / "t.json.journal").exists()


def test_all_files_are_private(path, backend, state):
    backend.save(state(serial=1))
    backend.save(state(serial=2))
    backend.start(state(serial=2), "apply").close()
    with backend.lock("apply"):
        modes = {item.name: item.stat().st_mode & 0o777 for item in path.parent.iterdir()}
    assert len(modes) == 5
    assert set(modes.values()) == {0o600}


def test_the_state_before_the_last_write_is_kept(path, backend, state):
    for serial in (1, 2, 3):
        backend.save(state(serial=serial))
    assert LocalBackend(beside(path, "backup")).load().base_serial == 2


def test_a_damaged_state_names_its_backup(path, backend, state):
    backend.save(state(serial=1))
    backend.save(state(serial=2))
    path.write_bytes(b"{")
    problem = problem_of(backend.load)
    assert problem.code == "FP402"
    assert f"cp {path}.backup {path}" in problem.hint


def test_a_damaged_state_without_a_backup_promises_none(path, backend):
    path.write_bytes(b"{")
    assert "backup" not in problem_of(backend.load).hint


def test_the_backup_of_a_linked_state_is_named_where_it_is(path, tmp_path, state):
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "t.json"
    link.symlink_to(path)
    for serial in (1, 2):
        LocalBackend(link).save(state(serial=serial))
    path.write_bytes(b"{")
    assert f"cp {path}.backup {link}" in problem_of(LocalBackend(link).load).hint


def test_a_link_is_followed_and_stays_a_link(path, tmp_path, state):
    link = tmp_path / "link.json"
    link.symlink_to(path)
    LocalBackend(link).save(state(serial=1))
    assert link.is_symlink()
    assert LocalBackend(path).load().base_serial == 1


def test_the_location_is_shown_as_it_was_given(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert LocalBackend("t.state.json").location == "t.state.json"


def test_the_state_stays_where_it_was_when_the_working_directory_changes(
    monkeypatch, tmp_path, state
):
    monkeypatch.chdir(tmp_path)
    backend = LocalBackend("t.state.json")
    monkeypatch.chdir("/")
    backend.save(state(serial=1))
    assert (tmp_path / "t.state.json").exists()


def test_a_directory_in_the_place_of_a_state_is_told(tmp_path):
    problem = problem_of(LocalBackend(tmp_path).load)
    assert problem.code == "FP401"
    assert "Is a directory" in problem.summary


def test_a_state_that_may_not_be_read_is_told(backend, path, monkeypatch):
    monkeypatch.setattr(type(path), "read_bytes", failing(errno.EACCES))
    problem = problem_of(backend.load)
    assert problem.code == "FP401"
    assert problem.summary == f"{path} can't be read: Permission denied"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_failed_save_keeps_state_and_journal(path, backend, state, record, monkeypatch, number):
    backend.save(state(serial=1))
    journal = backend.start(state(serial=1), "apply")
    journal.put(record("a"))
    journal.close()
    before = backend.load()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", failing(number))
        problem = problem_of(lambda: backend.save(state(serial=2)))
    assert problem.code == "FP405"
    assert os.strerror(number) in problem.summary
    assert backend.load() == before


def test_a_failed_start_is_told(backend, state, monkeypatch):
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    problem = problem_of(lambda: backend.start(state(), "apply"))
    assert problem.code == "FP405"
    assert ".journal" in problem.summary


def test_a_torn_journal_is_read_up_to_its_last_whole_line(path, backend, state, record):
    journal = backend.start(state(), "apply")
    journal.put(record("a"))
    journal.put(record("b"))
    journal.close()
    data = beside(path, "journal").read_bytes()
    beside(path, "journal").write_bytes(data[:-4])
    found = backend.load()
    assert list(found.state.resources) == ["a"]
    assert (found.torn, found.journal_length) == (True, 1)


def test_a_crash_between_the_state_and_the_end_of_the_journal_does_no_harm(
    path, backend, state, record
):
    journal = backend.start(state(), "apply")
    journal.put(record("a"))
    journal.close()
    journal_then = beside(path, "journal").read_bytes()
    backend.save(replace(backend.load().state, serial=1))
    beside(path, "journal").write_bytes(journal_then + b"torn")
    found = backend.load()
    assert list(found.state.resources) == ["a"]
    assert (found.journal_length, found.torn, found.operation) == (0, False, None)
    backend.start(found.state, "apply").close()
    assert backend.load().operation == "apply"


def test_a_damaged_journal_is_not_replaced_by_a_new_one(path, backend, state):
    beside(path, "journal").write_bytes(b"garbage\n")
    assert problem_of(lambda: backend.start(state(), "apply")).code == "FP411"
    assert beside(path, "journal").read_bytes() == b"garbage\n"


def test_a_state_that_is_replaced_while_it_is_read_is_read_again(
    path, backend, state, record, monkeypatch
):
    backend.save(state(serial=1))
    journal = backend.start(state(serial=1), "apply")
    journal.put(record("a"))
    journal.close()
    real, writer = backend._read_file, LocalBackend(path)

    def read(place, name):
        data = real(place, name)
        if place == path and data == encode(state(serial=1)) and path.read_bytes() == data:
            # The writer finishes between the two reads: the journal is gone when it is read.
            writer.save(state("a", serial=2))
        return data

    monkeypatch.setattr(backend, "_read_file", read)
    found = backend.load()
    assert (found.base_serial, list(found.state.resources)) == (2, ["a"])


def test_a_state_that_never_stands_still_is_told(path, backend, state, monkeypatch):
    monkeypatch.setattr(local, "_PAUSE", 0)
    monkeypatch.setattr(local, "_TRIES", 3)
    serials = iter(range(100))
    real = backend._read_file

    def read(place, name):
        path.write_bytes(encode(state(serial=next(serials))))
        return real(place, name)

    monkeypatch.setattr(backend, "_read_file", read)
    assert problem_of(backend.load).code == "FP419"
