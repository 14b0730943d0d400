"""Properties over random states and histories."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowplan.protocol import Owned
from flowplan.state.codec import decode, encode
from flowplan.state.journal import JournalWriter, header_of
from flowplan.state.lines import frame, unframe
from flowplan.state.model import (
    ClusterIdentity,
    Deposed,
    IntentRecord,
    OutputRecord,
    ProvisionStatus,
    ResourceRecord,
    State,
)
from flowplan.state.replay import replay

NODES = st.sampled_from(["a", "b", "c", "d-e", 'group["eu"]', "ü"])
TEXTS = st.text(max_size=6)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=3)
MAYBE = st.none() | TEXTS
OWNED = st.lists(st.builds(Owned, TEXTS, TEXTS), max_size=2).map(tuple)
NAMES = st.lists(TEXTS, max_size=2).map(tuple)
DEPOSED = st.builds(Deposed, TEXTS, MAYBE, MAYBE, OBJECTS, OBJECTS, OWNED, TEXTS)


def records(nodes=NODES):
    return st.builds(
        ResourceRecord,
        node=nodes,
        type=TEXTS,
        resource_type=MAYBE,
        resource_id=MAYBE,
        inputs=OBJECTS,
        observed=st.none() | OBJECTS,
        outputs=OBJECTS,
        dependencies=NAMES,
        status=st.sampled_from(["ready", "pending", "tainted"]),
        owned=OWNED,
        deposed=st.lists(DEPOSED, max_size=1).map(tuple),
        pending=NAMES,
        lifecycle=OBJECTS,
    )


STATUSES = st.builds(
    ProvisionStatus,
    st.sampled_from(["NOT_STARTED", "PROVISIONING", "COMPLETED", "FAILED"]),
    MAYBE,
    st.none() | st.integers(0),
    st.none() | st.integers(0),
    MAYBE,
)
OUTPUTS = st.dictionaries(TEXTS, st.builds(OutputRecord, JSON, st.booleans()), max_size=2)
STATES = st.builds(
    State,
    lineage=st.just("8xL8bowB8y25Tqfenm50"),
    serial=st.integers(0),
    workflow=TEXTS,
    salt=st.binary(max_size=4).map(bytes.hex),
    cluster=st.builds(ClusterIdentity, MAYBE, TEXTS),
    status=STATUSES,
    resources=st.lists(records(), max_size=4).map(lambda found: {r.node: r for r in found}),
    outputs=OUTPUTS,
)
ENTRIES = st.dictionaries(TEXTS.filter(lambda key: key != "crc"), JSON, min_size=1, max_size=3)


class Entries(list[Any]):
    def append(self, entry) -> int:  # type: ignore[override]
        super().append(entry)
        return len(self)

    def check(self) -> None: ...
    def close(self) -> None: ...
    def commit(self, position) -> None: ...


@settings(deadline=None)
@given(STATES)
def test_every_state_comes_back_equal_and_in_order(state):
    again = decode(encode(state), "t")
    assert again == state
    assert list(again.resources) == list(state.resources)


@settings(deadline=None)
@given(st.lists(ENTRIES, min_size=1, max_size=4))
def test_every_entry_comes_back_equal(entries):
    assert unframe(b"".join(map(frame, entries)), "j").entries == tuple(entries)


@settings(deadline=None)
@given(st.lists(ENTRIES, min_size=1, max_size=3), st.data())
def test_a_journal_cut_anywhere_loses_at_most_its_last_line(entries, data):
    lines = [frame(entry) for entry in entries]
    rest = b"".join(lines[1:])
    kept = data.draw(st.integers(0, len(rest)))
    whole = 1 + rest[:kept].count(b"\n")
    found = unframe(lines[0] + rest[:kept], "j")
    assert found.entries == tuple(entries[:whole])
    assert found.torn == (not (lines[0] + rest[:kept]).endswith(b"\n"))


STEPS = st.one_of(
    st.tuples(st.just("put"), records()),
    st.tuples(st.just("drop"), NODES),
    st.tuples(st.just("done"), records()),
    st.tuples(st.just("gone"), NODES),
    st.tuples(st.just("failed"), NODES),
    st.tuples(st.just("open"), NODES),
    st.tuples(st.just("status"), STATUSES),
    st.tuples(st.just("output"), OUTPUTS),
)


def begin(journal, number, node):
    wish = ResourceRecord(node, "create_connector")
    journal.intent(IntentRecord(f"i{number}", node, wish.type, "create", 1.0, wish))


def take(journal, state, number, kind, value):
    """Write one step to the journal; what the state is after it."""
    if kind in {"done", "gone", "failed", "open"}:
        begin(journal, number, value.node if kind == "done" else value)
    match kind:
        case "put":
            journal.put(value)
        case "drop":
            journal.drop(value)
        case "done":
            journal.done(f"i{number}", put=value)
        case "gone":
            journal.done(f"i{number}", drop=value)
        case "failed":
            journal.failed(f"i{number}", "refused")
        case "status":
            journal.status(value)
            return replace(state, status=value)
        case "output":
            journal.output(value)
            return replace(state, outputs=value)
    if kind in {"put", "done"}:
        return state.put(value)
    return state.drop(value) if kind in {"drop", "gone"} else state


@settings(deadline=None)
@given(STATES, st.lists(STEPS, max_size=8))
def test_replaying_a_journal_equals_doing_it_directly(base, steps):
    entries = Entries([header_of(base, "apply")])
    journal = JournalWriter(entries)
    expected = base
    for number, (kind, value) in enumerate(steps):
        expected = take(journal, expected, number, kind, value)
    read = unframe(b"".join(map(frame, entries)), "j").entries
    replayed = replay(base, read, "j")
    assert replayed.state == expected
    assert list(replayed.state.resources) == list(expected.resources)
    wanted = [f"i{number}" for number, (kind, _) in enumerate(steps) if kind == "open"]
    assert [item.intent.id for item in replayed.open] == wanted
