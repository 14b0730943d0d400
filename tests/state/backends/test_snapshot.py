"""A document and its journal together: how often a document is decoded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowplan.errors import StateError
from flowplan.state.backends import snapshot
from flowplan.state.backends.snapshot import snapshot_of
from flowplan.state.codec import encode
from flowplan.state.journal import header_of
from flowplan.state.lines import frame


@pytest.fixture
def decoded(monkeypatch):
    """What was decoded since, in order."""
    found = []

    def decode(document, location, *, backup=None):
        found.append(document)
        return real(document, location, backup=backup)

    real = snapshot.decode
    monkeypatch.setattr(snapshot, "decode", decode)
    snapshot._decoded.cache_clear()
    yield found
    snapshot._decoded.cache_clear()


def test_a_document_that_is_read_again_is_decoded_once(state, decoded):
    data = encode(state("a"))
    first = snapshot_of(data, None, "t")
    assert snapshot_of(bytes(bytearray(data)), None, "t") == first
    assert len(decoded) == 1


def test_a_document_that_was_written_meanwhile_is_decoded_anew(state, decoded):
    one, two = state("a", serial=1), state("a", "b", serial=2)
    assert snapshot_of(encode(one), None, "t").state == one
    assert snapshot_of(encode(two), None, "t").state == two
    assert len(decoded) == 2


def test_a_journal_leaves_the_decoded_document_as_it_is(state, record, decoded):
    base = state("a", serial=1)
    lines = [header_of(base, "apply"), {"kind": "drop", "node": "a"}]
    with_journal = snapshot_of(encode(base), b"".join(map(frame, lines)), "t")
    assert not with_journal.state.resources
    assert snapshot_of(encode(base), None, "t").state == base
    assert len(decoded) == 1


def test_a_damaged_document_is_told_with_the_name_of_each_place(state, decoded):
    for name in ("one", "two", "one"):
        with pytest.raises(StateError, match=name):
            snapshot_of(b"{", None, name)
    assert snapshot_of(encode(replace(state(), serial=4)), None, "one").base_serial == 4
