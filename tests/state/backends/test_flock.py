from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from threading import Event, Thread

import pytest

from flowplan.errors import FlowplanError, LockHeld, StateError
from flowplan.state.backends import flock
from flowplan.state.backends.flock import current_holder
from flowplan.state.backends.local import LocalBackend

HOLD = """
import sys
from flowplan.state.backends import open_backend
with open_backend(sys.argv[1]).lock("destroy") as me:
    print(me.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.state.json"


@pytest.fixture
def lock_file(path):
    return path.with_name("t.state.json.lock")


@pytest.fixture
def other(run_python, path):
    """Another process that holds the lock until its input ends."""
    child = run_python(HOLD, path)
    assert int(child.stdout.readline()) == child.pid
    return child


def refused(path, **options):
    with pytest.raises(LockHeld) as caught, LocalBackend(path).lock("apply", **options):
        pass
    return caught.value


def test_a_second_process_is_told_about_the_first(path, other):
    error = refused(path)
    (problem,) = error.diagnostics
    assert error.holder["pid"] == other.pid
    assert error.holder["host"] == os.uname().nodename
    assert f"process {other.pid}" in problem.detail
    assert "for   destroy, since " in problem.detail
    assert "--lock-timeout 5m" in problem.hint
    assert "nothing to unlock" in problem.hint


def test_the_lock_of_a_killed_process_is_free(path, other):
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    with LocalBackend(path).lock("apply") as me:
        assert me.pid == os.getpid()


def test_the_details_of_a_killed_process_are_not_a_lock(path, lock_file, other):
    assert LocalBackend(path).load().holder.pid == other.pid
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    assert lock_file.with_name("t.state.json.lock.json").exists()
    assert LocalBackend(path).load().holder is None


def test_a_lock_is_waited_for(path, other):
    seen = []

    def let_go(holder):
        seen.append(holder.pid)
        other.stdin.close()

    with LocalBackend(path).lock("apply", timeout=20, waiting=let_go):
        pass
    assert seen == [other.pid]


def test_waiting_ends(path, other):
    refused(path, timeout=0.8)


def test_a_look_at_the_lock_keeps_nobody_out(path):
    """Readers take a shared lock for an instant; a locker tries for longer than that."""
    backend, done = LocalBackend(path), Event()
    with backend.lock("apply"):
        pass
    path.with_name("t.state.json.lock.json").write_text("{}")

    def look():
        while not done.is_set():
            LocalBackend(path).load()

    reader = Thread(target=look)
    reader.start()
    try:
        for _ in range(20):
            with backend.lock("apply"):
                path.with_name("t.state.json.lock.json").write_text("{}")
    finally:
        done.set()
        reader.join()


def test_a_child_of_the_holder_does_not_keep_the_lock(path, run_python):
    script = """
import subprocess, sys
from flowplan.state.backends import open_backend
with open_backend(sys.argv[1]).lock("apply"):
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], close_fds=False)
    print(child.pid, flush=True)
    child.wait()
"""
    holder = run_python(script, path)
    grandchild = int(holder.stdout.readline())
    refused(path)
    holder.kill()
    holder.wait()
    os.kill(grandchild, 0)
    with LocalBackend(path).lock("apply"):
        pass


def test_a_fork_of_the_holder_does_not_keep_the_lock(path, run_python):
    script = """
import os, sys
from flowplan.state.backends import open_backend
with open_backend(sys.argv[1]).lock("apply"):
    child = os.fork()
    if not child:
        print(os.getpid(), flush=True)
        sys.stdin.read()
        os._exit(0)
    os.waitpid(child, 0)
"""
    holder = run_python(script, path)
    fork = int(holder.stdout.readline())
    refused(path)
    holder.kill()
    holder.wait()
    os.kill(fork, 0)
    with LocalBackend(path).lock("apply"):
        pass


def test_the_lock_file_stays_so_that_nobody_locks_another_one(path, lock_file):
    with LocalBackend(path).lock("apply"):
        before = lock_file.stat().st_ino
    assert lock_file.stat().st_ino == before
    assert [item.name for item in path.parent.iterdir()] == ["t.state.json.lock"]


def test_the_details_lie_beside_the_lock_while_it_is_held(path):
    backend = LocalBackend(path)
    with backend.lock("apply") as me:
        text = path.with_name("t.state.json.lock.json").read_text()
        assert json.loads(text) == me.as_json()


def test_the_workflow_is_named_once_it_was_read(path, state):
    backend = LocalBackend(path)
    backend.save(state(serial=1))
    backend.load()
    with backend.lock("apply") as me:
        assert me.workflow == "chat"


def test_two_links_to_one_state_share_its_lock(path, other):
    path.touch()
    link = path.with_name("link.json")
    link.symlink_to(path)
    assert refused(link).holder["pid"] == other.pid


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', "[" * 100_000])
def test_details_that_can_not_be_read_are_an_unknown_holder(path, other, text):
    path.with_name("t.state.json.lock.json").write_text(text)
    error = refused(path)
    assert error.holder["pid"] is None
    assert "has not said yet" in error.diagnostics[0].detail
    assert "on " not in error.diagnostics[0].hint.split(":")[0].split("process")[1]


def test_details_of_a_dead_process_are_waited_to_be_replaced(path, lock_file, other, monkeypatch):
    details = path.with_name("t.state.json.lock.json")
    mine = details.read_text()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    details.write_text(json.dumps({**json.loads(mine), "pid": ended.pid}))
    monkeypatch.setattr(flock.time, "sleep", lambda _: details.write_text(mine))
    assert current_holder(lock_file).pid == other.pid


@pytest.mark.parametrize("change", [{"host": "elsewhere"}, {"pid": 1}, {"pid": 2**70}])
def test_details_that_can_not_be_checked_are_believed(path, lock_file, other, change):
    details = path.with_name("t.state.json.lock.json")
    details.write_text(json.dumps({**json.loads(details.read_text()), **change}))
    holder = current_holder(lock_file)
    assert {name: getattr(holder, name) for name in change} == change


def test_details_without_a_lock_file_are_nobody(path, lock_file):
    path.with_name("t.state.json.lock.json").write_text("{}")
    assert current_holder(lock_file) is None


def test_a_place_that_can_not_be_locked_is_told(path):
    path.parent.joinpath("file").touch()
    with (
        pytest.raises(StateError) as caught,
        LocalBackend(path.parent / "file" / "t").lock("apply"),
    ):
        pass
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP417"
    assert "can't be locked" in problem.summary
    assert problem.hint


def test_a_lock_without_its_details_is_as_good(path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(flock, "write_file", full)
    with LocalBackend(path).lock("apply"):
        assert refused(path).holder["pid"] is None


def released(path, lock_id):
    with pytest.raises(FlowplanError) as caught:
        LocalBackend(path).unlock(lock_id)
    return caught.value.diagnostics[0]


def test_the_lock_of_a_living_process_is_not_released(path, other):
    problem = released(path, LocalBackend(path).load().holder.id)
    assert problem.code == "FP505"
    assert f"kill {other.pid}" in problem.hint
    assert LocalBackend(path).load().holder.pid == other.pid


def test_another_lock_than_the_named_one_is_not_released(path, other):
    problem = released(path, "feedface")
    assert problem.code == "FP503"
    assert LocalBackend(path).load().holder.id in problem.hint


def test_what_a_killed_process_left_is_cleared_by_its_id_only(path, other, lock_file):
    holder = LocalBackend(path).load().holder
    other.kill()
    other.wait()
    assert released(path, "feedface").code == "FP503"
    assert LocalBackend(path).unlock(holder.id) == holder
    assert not lock_file.with_name("t.state.json.lock.json").exists()
    assert released(path, holder.id).code == "FP504"


def test_what_can_not_be_cleared_is_told(path, other, monkeypatch):
    holder = LocalBackend(path).load().holder
    other.kill()
    other.wait()

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    assert released(path, holder.id).code == "FP417"


def test_a_local_lock_is_never_lost(path):
    backend = LocalBackend(path)
    with backend.lock("apply"):
        assert backend.check() is None
