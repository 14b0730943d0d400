from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import StateError
from flowplan.protocol import Owned
from flowplan.state.journal import JournalWriter, header_of
from flowplan.state.model import ClusterIdentity, OutputRecord, ProvisionStatus
from flowplan.state.replay import replay


class Entries(list[Any]):
    """A journal in memory that continues `base`."""

    def __init__(self, base, operation="apply"):
        super().__init__([header_of(base, operation)])

    def append(self, entry) -> int:  # type: ignore[override]
        super().append(entry)
        return len(self)

    def check(self) -> None: ...
    def close(self) -> None: ...
    def commit(self, position) -> None: ...

    def write(self):
        return JournalWriter(self)


def problem_of(state, entries):
    with pytest.raises(StateError) as caught:
        replay(state, entries, "t.journal")
    return caught.value.diagnostics[0]


def test_without_a_journal_the_state_is_as_it_is(state):
    base = state("a")
    replayed = replay(base, (), "j")
    assert replayed.state is base
    assert (replayed.open, replayed.length, replayed.operation) == ((), 0, None)


def test_a_journal_without_a_state_gives_one_of_serial_0(state):
    base = state(cluster=ClusterIdentity("u", "e"))
    replayed = replay(None, Entries(base), "j")
    assert replayed.state == base
    assert replayed.operation == "apply"


def test_a_header_alone_counts_nothing(state):
    assert replay(state(), Entries(state()), "j").length == 0


def test_every_entry_after_the_header_counts(state, record):
    entries = Entries(state())
    entries.write().put(record())
    entries.write().drop("a")
    assert replay(state(), entries, "j").length == 2


def test_a_done_intent_puts_its_record(state, record, intent):
    entries = Entries(state("a"))
    entries.write().intent(intent("i", "b"))
    entries.write().done("i", put=record("b"))
    replayed = replay(state("a"), entries, "j")
    assert replayed.state == state("a", "b")
    assert replayed.open == ()


def test_a_done_intent_drops_its_node(state, intent):
    entries = Entries(state("a", "b"))
    entries.write().intent(intent("i", "a", "delete"))
    entries.write().done("i", drop="a")
    assert replay(state("a", "b"), entries, "j").state == state("b")


def test_dropping_what_is_not_there_is_fine(state):
    entries = Entries(state("a"))
    entries.write().drop("b")
    entries.write().done("i", drop="c")
    assert replay(state("a"), entries, "j").state == state("a")


def test_a_failed_intent_changes_nothing(state, intent):
    entries = Entries(state("a"))
    entries.write().intent(intent("i", "b"))
    entries.write().failed("i", "refused")
    replayed = replay(state("a"), entries, "j")
    assert (replayed.state, replayed.open) == (state("a"), ())


def test_an_intent_without_an_outcome_stays_open(state, intent):
    entries = Entries(state())
    for name in ("i1", "i2"):
        entries.write().intent(intent(name, name))
    entries.write().done("i1")
    (only,) = replay(state(), entries, "j").open
    assert only.intent == intent("i2", "i2")
    assert (only.resource_id, only.task_id, only.owned) == (None, None, ())


def test_progress_adds_up(state, intent):
    group, other = Owned("model_group", "g"), Owned("model_group", "h")
    entries = Entries(state())
    journal = entries.write()
    journal.intent(intent("i"))
    journal.progress("i", task_id="T", owned=(group,))
    journal.progress("i", resource_id="R", owned=(group, other))
    (only,) = replay(state(), entries, "j").open
    assert (only.task_id, only.resource_id, only.owned) == ("T", "R", (group, other))


def test_progress_of_an_unknown_intent_is_left_out(state):
    entries = Entries(state())
    entries.write().progress("i", task_id="T")
    assert replay(state(), entries, "j").open == ()


def test_a_record_that_is_put_again_keeps_its_place(state, record):
    entries = Entries(state("a", "b"))
    entries.write().put(record("a", resource_id="new"))
    resources = replay(state("a", "b"), entries, "j").state.resources
    assert list(resources) == ["a", "b"]
    assert resources["a"].resource_id == "new"


def test_the_last_status_and_outputs_stand(state):
    base = state(outputs={"old": OutputRecord(0)})
    entries = Entries(base)
    journal = entries.write()
    journal.status(ProvisionStatus("PROVISIONING"))
    journal.status(ProvisionStatus("COMPLETED", None, 1, 2, "ann"))
    journal.output({"new": OutputRecord(None, sensitive=True)})
    after = replay(base, entries, "j").state
    assert after.status == ProvisionStatus("COMPLETED", None, 1, 2, "ann")
    assert after.outputs == {"new": OutputRecord(None, sensitive=True)}


def test_replaying_does_not_touch_the_state_it_began_with(state, record):
    base = state("a")
    entries = Entries(base)
    entries.write().put(record("b"))
    replay(base, entries, "j")
    assert list(base.resources) == ["a"]


def test_a_journal_of_an_older_serial_is_left_out(state, record, intent):
    entries = Entries(state(serial=1))
    entries.write().put(record("b"))
    entries.write().intent(intent())
    now = state("a", serial=2)
    replayed = replay(now, entries, "j")
    assert replayed.state is now
    assert replayed.stale
    assert (replayed.length, replayed.open, replayed.operation) == (0, (), None)


def test_a_journal_of_another_lineage_is_refused_with_both(state):
    problem = problem_of(state(), Entries(state(lineage="other")))
    assert problem.code == "FP412"
    assert "other" in problem.detail
    assert "8xL8bowB8y25Tqfenm50" in problem.detail


def test_a_journal_of_a_newer_serial_is_refused(state):
    problem = problem_of(state(serial=6), Entries(state(serial=7)))
    assert problem.code == "FP413"
    assert "serial 7" in problem.detail
    assert "serial 6" in problem.detail


def test_a_journal_whose_state_is_gone_is_refused(state):
    problem = problem_of(None, Entries(state(serial=7)))
    assert problem.code == "FP413"
    assert "there is no state" in problem.detail


def test_a_newer_journal_format_asks_for_an_upgrade(state):
    entries = Entries(state())
    entries[0] = {**entries[0], "version": 2}
    assert problem_of(state(), entries).code == "FP415"


@pytest.mark.parametrize(
    "header",
    [
        {"kind": "put"},
        {"kind": "header"},
        {"kind": "header", "version": 1},
        {"kind": "header", "version": 1, "header": {"lineage": 1}},
    ],
)
def test_a_header_that_is_none_is_refused(state, header):
    problem = problem_of(state(), [header])
    assert problem.code == "FP416"
    assert "line 1" in problem.summary


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"kind": "dance"}, "'dance'"),
        ({"kind": ["put"]}, "kind"),
        ({}, "kind"),
        ({"kind": "put"}, "the field 'record' is missing"),
        ({"kind": "put", "record": {"node": 1, "type": "noop"}}, "record.node: a string"),
        ({"kind": "output", "outputs": []}, "items"),
        ({"kind": "drop", "node": []}, "unhashable"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused_with_its_line(state, record, entry, words):
    entries = Entries(state())
    entries.write().put(record())
    entries.append(entry)
    problem = problem_of(state(), entries)
    assert problem.code == "FP416"
    assert "line 3" in problem.summary
    assert words in problem.detail
