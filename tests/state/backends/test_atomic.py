from __future__ import annotations

import errno
import os
import stat

import pytest

from flowplan.state.backends.atomic import remove, write_all, write_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state"


def names(path):
    return sorted(item.name for item in path.parent.iterdir())


def failing(number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_file_is_replaced_and_nothing_else_is_left(path):
    path.write_bytes(b"old")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(path) == ["state"]


def test_a_written_file_is_private(path):
    path.write_bytes(b"")
    path.chmod(0o644)
    write_file(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_file_is_durable_before_it_takes_its_place_and_the_directory_after(path, monkeypatch):
    calls = []
    real_replace, real_sync = type(path).replace, os.fsync

    def sync(handle):
        calls.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_sync(handle)

    def replace(self, target):
        calls.append("replace")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(type(path), "replace", replace)
    write_file(path, b"x")
    assert calls == ["file", "replace", "directory"]


def test_what_was_there_can_be_kept(path):
    kept = path.with_name("backup")
    for text in (b"1", b"2", b"3"):
        write_file(path, text, keep=kept)
    assert (path.read_bytes(), kept.read_bytes()) == (b"3", b"2")
    assert names(path) == ["backup", "state"]


def test_the_first_write_keeps_nothing(path):
    write_file(path, b"1", keep=path.with_name("backup"))
    assert names(path) == ["state"]


def test_without_hard_links_a_copy_is_kept(path, monkeypatch):
    path.write_bytes(b"1")
    monkeypatch.setattr(os, "link", failing(errno.EPERM))
    write_file(path, b"2", keep=path.with_name("backup"))
    assert (path.read_bytes(), path.with_name("backup").read_bytes()) == (b"2", b"1")
    assert names(path) == ["backup", "state"]


@pytest.mark.parametrize("name", ["write", "fsync"])
def test_a_failed_write_leaves_everything_as_it_was(path, monkeypatch, name):
    kept = path.with_name("backup")
    path.write_bytes(b"old")
    kept.write_bytes(b"older")
    monkeypatch.setattr(os, name, failing(errno.ENOSPC))
    with pytest.raises(OSError, match="No space"):
        write_file(path, b"new", keep=kept)
    assert (path.read_bytes(), kept.read_bytes()) == (b"old", b"older")
    assert names(path) == ["backup", "state"]


def test_what_a_crash_left_does_not_stand_in_the_way(path):
    path.with_name("state.tmp").write_bytes(b"half")
    path.with_name("backup.tmp").write_bytes(b"half")
    path.write_bytes(b"1")
    write_file(path, b"2", keep=path.with_name("backup"))
    assert names(path) == ["backup", "state"]


def test_short_writes_are_continued(path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:3]))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    write_all(handle, b"0123456789")
    os.close(handle)
    assert path.read_bytes() == b"0123456789"


def test_removing_what_is_gone_is_fine(path):
    path.write_bytes(b"")
    remove(path)
    remove(path)
    assert not path.exists()
