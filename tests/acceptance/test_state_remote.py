"""`state migrate`, `push` and `unlock` with a remote place, which keeps documents in memory here."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from flowplan.state import backends
from flowplan.state.backends.local import LocalBackend
from flowplan.state.backends.remote import RemoteBackend
from flowplan.state.backends.store import Lease, Stored
from flowplan.state.lock import LockHolder, here

STATE = "template.state.json"
PLACE = "memory://states/chat"


@dataclass
class Memory:
    """A store that keeps one state, and its lease, in this process."""

    location: str = PLACE
    document: bytes | None = None
    journal: bytes = b""
    holder: LockHolder | None = None
    garbled: bool = False
    warnings = ()

    def read(self):
        lease = Lease(self.holder, 1.0, 30.0) if self.holder else None
        return Stored(self.document, self.journal, lease)

    def acquire(self, holder, ttl):
        if self.holder is not None:
            return Lease(self.holder, 1.0, ttl)
        self.holder = holder
        return None

    def renew(self, lock_id, ttl):
        assert self.holder.id == lock_id

    def release(self, lock_id):
        if self.holder is not None and self.holder.id == lock_id:
            self.holder = None

    def begin(self, lock_id, header):
        self.journal = header

    def append(self, lock_id, lines):
        self.journal += lines

    def save(self, lock_id, document, serial, expected):
        assert self.holder.id == lock_id
        assert expected == (json.loads(self.document)["serial"] if self.document else 0)
        self.document, self.journal = document, b""
        if self.garbled:
            self.document = document.replace(b'"serial": ', b'"serial": 9')


@pytest.fixture
def memory(monkeypatch):
    """A place that commands reach by `memory://`, until the test ends."""
    store = Memory()
    known = backends.open_backend

    def open_backend(location, *environ):
        return RemoteBackend(store) if location == PLACE else known(location, *environ)

    monkeypatch.setattr(backends, "open_backend", open_backend)
    monkeypatch.setattr("flowplan.state.backends.open_backend", open_backend)
    return store


def test_a_state_moves_to_a_remote_place_and_plans_nothing_there(applied, flowplan, memory):
    before = (applied / STATE).read_bytes()
    told = flowplan("state", "migrate", "--to", PLACE, "--format", "json")
    assert (told.code, told.json["left"]) == (0, f"{STATE}.migrated")
    assert memory.document == before
    assert memory.holder is None
    assert flowplan("plan", "--state", PLACE, "--template", "template.yaml").out.startswith("No changes.")  # fmt: skip


def test_a_place_that_keeps_something_else_is_not_trusted(applied, flowplan, memory):
    memory.garbled = True
    told = flowplan("state", "migrate", "--to", PLACE, "--format", "json")
    assert (told.code, told.codes) == (1, ["FP465"])
    assert (applied / STATE).exists()


def test_a_remote_state_that_moved_is_left_to_be_deleted(applied, flowplan, memory):
    flowplan("state", "migrate", "--to", PLACE)
    told = flowplan("state", "migrate", "--state", PLACE, "--to", "back.json", "--format", "json")
    assert told.json["left"] is None
    assert [item["code"] for item in told.json["diagnostics"]] == ["FP467"]
    assert LocalBackend("back.json").load().state is not None


def test_a_remote_place_keeps_the_backup_by_itself(applied, flowplan, memory):
    flowplan("state", "migrate", "--to", PLACE)
    told = flowplan("state", "rename", "chat", "--state", PLACE)
    assert f"{PLACE} has serial 2 now." in told.out
    assert "before is in" not in told.out
    assert "rm " not in flowplan("state", "rename", "chat", "--state", PLACE).out


def test_a_remote_state_is_pushed_and_pulled(applied, flowplan, memory):
    flowplan("state", "push", STATE, "--state", PLACE)
    assert flowplan("state", "pull", "--state", PLACE).out == (applied / STATE).read_text()


def test_the_lock_of_a_dead_run_is_released_by_its_id(applied, flowplan, memory, conforms):
    flowplan("state", "migrate", "--to", PLACE)
    memory.holder = here("apply", "chat")
    refused = flowplan("state", "rename", "x", "--state", PLACE, "--format", "json")
    assert refused.code == 4
    lock = memory.holder.id
    assert flowplan("state", "unlock", "--lock-id", "other", "--state", PLACE, "--format", "json").codes == ["FP503"]  # fmt: skip
    told = flowplan("state", "unlock", "--lock-id", lock, "--state", PLACE, "--format", "json")
    assert conforms(told.json, "state-unlock")["released"]["id"] == lock
    assert memory.holder is None


def test_releasing_says_whose_lock_it_was(applied, flowplan, memory):
    memory.holder = here("apply", "chat")
    told = flowplan("state", "unlock", "--lock-id", memory.holder.id, "--state", PLACE)
    assert told.out.startswith(f"Released the lock {told.out.split()[3]} on {PLACE}.")
    assert "apply" in told.out


def test_there_may_be_nothing_to_unlock(applied, flowplan):
    told = flowplan("state", "unlock", "--lock-id", "x", "--format", "json")
    assert (told.code, told.codes) == (1, ["FP504"])


def test_a_process_that_lives_keeps_its_lock(applied, flowplan):
    with LocalBackend(STATE).lock("apply") as holder:
        told = flowplan("state", "unlock", "--lock-id", holder.id, "--format", "json")
    assert (told.code, told.codes) == (4, ["FP505"])


def test_unlocking_wants_an_id(applied, flowplan):
    assert flowplan("state", "unlock").code == 64
