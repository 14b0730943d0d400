"""A process that is killed at any moment, and readers that never wait.

`CRASH` runs one history (two applies) again and again, each time in a fork that kills itself
at the next system call that changes something; a write dies with half of its bytes written.
What a fork was promised, it tells on standard output with one write a promise.
"""

from __future__ import annotations

import json

import pytest

from flowplan.state.backends.local import LocalBackend

CRASH = """
import json, os, pathlib, signal, sys
from dataclasses import replace
from flowplan.state.backends import open_backend
from flowplan.state.model import IntentRecord, ResourceRecord, State

real_write = os.write

def promise(*words):
    real_write(1, (json.dumps(words) + "\\n").encode())

def die_at(last):
    count = [0]
    def counted(real, half):
        def call(*arguments, **options):
            count[0] += 1
            if count[0] == last:
                if half:
                    real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)
        return call
    for name in ("write", "fsync", "link", "rename", "replace", "unlink"):
        setattr(os, name, counted(getattr(os, name), name == "write"))

def apply(backend, nodes):
    with backend.lock("apply"):
        state = backend.load().state or State("L" * 20, 0, "chat", "ab" * 32)
        journal = backend.start(state, "apply")
        for node in nodes:
            record = ResourceRecord(node, "create_connector", "connector_id", "id-" + node)
            journal.intent(IntentRecord(node, node, record.type, "create", 1.0, record))
            promise("intent", node)
            journal.progress(node, resource_id="id-" + node)
            journal.done(node, put=record)
            promise("done", node)
        journal.close()
        backend.save(replace(backend.load().state, serial=state.serial + 1))
        promise("saved", state.serial + 1)

for last in range(1, 200):
    place = pathlib.Path(sys.argv[1], str(last))
    child = os.fork()
    if not child:
        promise("begin", last)
        die_at(last)
        backend = open_backend(str(place / "t.state.json"))
        apply(backend, ["a", "b"])
        apply(backend, ["c"])
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        promise("survived", last)
        break
"""


@pytest.fixture
def crashes(run_python, tmp_path):
    """What each fork was promised before it died, by its directory."""
    output, _ = run_python(CRASH, tmp_path).communicate(timeout=60)
    *lines, end = [json.loads(line) for line in output.splitlines()]
    assert end[0] == "survived"
    promises = {}
    for kind, value in lines:
        if kind == "begin":
            current = promises.setdefault(tmp_path / str(value), [])
        else:
            current.append((kind, value))
    assert len(promises) > 30
    return promises


def test_whatever_was_promised_is_there_after_a_kill_at_any_system_call(crashes):
    for place, promised in crashes.items():
        found = LocalBackend(place / "t.state.json").load()
        nodes = set(found.state.resources) if found.state else set()
        known = nodes | {item.intent.node for item in found.open}
        assert {node for kind, node in promised if kind == "done"} <= nodes, place.name
        assert {node for kind, node in promised if kind == "intent"} <= known, place.name
        saved = [serial for kind, serial in promised if kind == "saved"]
        assert found.base_serial >= max(saved, default=0), place.name
        assert found.holder is None, place.name


def test_the_next_apply_goes_on_after_a_kill_at_any_system_call(crashes, state):
    for place in crashes:
        backend = LocalBackend(place / "t.state.json")
        with backend.lock("apply"):
            found = backend.load()
            now = found.state or state()
            backend.save(state("a", "b", "c", serial=now.serial + 1, lineage=now.lineage))
            saved = backend.load().state
            assert saved is not None
            backend.start(saved, "apply").close()
        found = backend.load()
        assert (len(found.state.resources), found.journal_length) == (3, 0), place.name


def test_a_killed_process_leaves_two_temporary_files_at_most(crashes):
    for place in crashes:
        left = [item.name for item in place.glob("*.tmp")] if place.exists() else []
        assert len(left) <= 2, left


WRITER = """
import sys
from dataclasses import replace
from flowplan.state.backends import open_backend
from flowplan.state.model import IntentRecord, ResourceRecord, State

backend = open_backend(sys.argv[1])
state = State("L" * 20, 0, "chat", "ab" * 32)
for turn in range(60):
    with backend.lock("apply"):
        journal = backend.start(state, "apply")
        for number in range(3):
            record = ResourceRecord(f"n{turn}-{number}", "noop")
            journal.intent(IntentRecord(record.node, record.node, "noop", "create", 1.0, record))
            journal.done(record.node, put=record)
        journal.close()
        state = replace(backend.load().state, serial=state.serial + 1)
        backend.save(state)
"""


def test_a_reader_sees_every_state_whole_while_another_process_writes(run_python, tmp_path):
    backend = LocalBackend(tmp_path / "t.state.json")
    writer = run_python(WRITER, backend.location)
    seen = reads = 0
    while writer.poll() is None:
        found = backend.load()
        count = len(found.state.resources) if found.state else 0
        assert count >= seen, "a resource was forgotten"
        assert 3 * found.base_serial <= count <= 3 * found.base_serial + 3
        seen, reads = count, reads + 1
    assert writer.returncode == 0
    assert reads > 20
    assert len(backend.load().state.resources) == 180
