"""An apply whose lock becomes somebody else's while it works."""

from __future__ import annotations

import pytest

from flowplan.errors import LockLost
from flowplan.state.backends import open_backend
from tests.state.backends.document_service import document_service


@pytest.fixture
def remote(lab):
    """The lab with its state in a remote place."""
    with document_service() as service:
        lab.location = f"{service.url.replace('http', 'opensearch', 1)}/states"
        yield lab


def unlock(lab):
    """Somebody releases the lock and goes on in another process."""
    other = open_backend(lab.location)
    other.unlock(other.load().holder.id)


def apply_until(lab, type, node):
    def listen(event):
        if (event.type, event.node) == (type, node):
            unlock(lab)

    with pytest.raises(LockLost) as caught:
        lab.apply(listen=listen)
    return caught.value


def settled(lab):
    assert lab.apply().state == "COMPLETED"
    assert not lab.plan().pending
    assert lab.counts() == (1, 1, 1)


def test_a_remote_state_serves_like_a_local_one(remote):
    assert remote.apply().created == 3
    assert not remote.plan().pending
    assert remote.destroy().deleted == 3


def test_nothing_is_started_after_the_lock_was_lost_and_what_was_done_is_part_way(remote):
    error = apply_until(remote, "step_completed", "connector")
    assert error.exit_code == 3
    assert "model" not in [e.node for e in remote.events if e.type == "step_completed"]
    assert remote.counts() == (1, 0, 0)
    assert open_backend(remote.location).load().base_serial == 0
    settled(remote)


def test_a_lock_lost_before_anything_was_done_is_exit_code_4(remote):
    error = apply_until(remote, "step_started", "connector")
    assert error.exit_code == 4
    assert remote.counts() == (0, 0, 0)
    settled(remote)


def test_nothing_is_written_by_who_lost_the_lock(remote):
    remote.apply()
    remote.inputs("connector")["description"] = "another one"
    before = open_backend(remote.location).load()
    apply_until(remote, "step_started", "connector")
    after = open_backend(remote.location).load()
    assert (after.state.resources, after.base_serial) == (before.state.resources, 1)
    settled(remote)


def test_a_request_is_held_back_once_the_lock_is_no_longer_ours(remote, monkeypatch):
    monkeypatch.setenv("FLOWPLAN_LEASE_SECONDS", "600")
    seen = []

    def sleep(event):
        if (event.type, event.node) == ("step_started", "model"):
            # As after a night with the lid closed: nobody took it, and nobody knows.
            monkeypatch.setattr("flowplan.state.backends.lease._now", lambda: float("inf"))
        seen.append((event.type, event.node))

    with pytest.raises(LockLost) as caught:
        remote.apply(listen=sleep)
    assert caught.value.exit_code == 3
    assert remote.counts() == (1, 0, 0)
    monkeypatch.undo()
    settled(remote)
