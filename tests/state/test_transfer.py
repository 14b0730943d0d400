from __future__ import annotations

from dataclasses import replace

import pytest

from flowplan.errors import StateError
from flowplan.state.backends import Snapshot
from flowplan.state.backends.local import LocalBackend
from flowplan.state.transfer import at_rest, check_push, copy, digest, finished, pushed

HERE = "t.state.json"


@pytest.fixture
def place(tmp_path):
    return LocalBackend(tmp_path / "new" / HERE)


def code(call, *arguments):
    with pytest.raises(StateError) as caught:
        call(*arguments)
    return caught.value.diagnostics[0].code


def test_equal_states_have_equal_digests_and_others_have_not(state):
    assert digest(state("a")) == digest(state("a"))
    assert digest(state("a")) != digest(state("a", serial=1))


def test_a_state_without_a_journal_is_at_rest(state):
    at_rest(Snapshot(state("a")), HERE)


@pytest.mark.parametrize(("operation", "words"), [("apply", "an apply"), ("destroy", "a destroy"), (None, "a run")])  # fmt: skip
def test_a_journal_has_to_be_finished_first(state, operation, words):
    with pytest.raises(StateError) as caught:
        at_rest(Snapshot(state("a"), journal_length=2, operation=operation), HERE)
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP455"
    assert words in problem.summary
    assert "flowplan apply" in problem.hint


def test_a_journal_that_is_folded_in_counts_as_a_write(state):
    found = state("a", serial=4)
    assert finished(Snapshot(found, base_serial=4), found).serial == 4
    assert finished(Snapshot(found, base_serial=4, journal_length=1), found).serial == 5


def test_a_later_version_may_be_pushed(state):
    check_push(state("a", serial=2), state("a", "b", serial=3), HERE)


@pytest.mark.parametrize("serial", [1, 2])
def test_a_serial_that_is_not_higher_is_refused(state, serial):
    assert code(check_push, state("a", serial=2), state(serial=serial), HERE) == "FP461"


def test_another_lineage_is_refused_before_anything_else(state):
    assert code(check_push, state(serial=2), state(lineage="x", serial=1), HERE) == "FP460"


def test_another_workflow_is_refused(state):
    assert code(check_push, state(), state(workflow="search", serial=1), HERE) == "FP462"


@pytest.mark.parametrize(
    ("there", "given", "force", "serial"),
    [(None, 1, False, 1), (None, 1, True, 1), (2, 3, False, 3), (7, 3, True, 8), (2, 9, True, 9)],
)
def test_a_forced_push_never_counts_back(state, there, given, force, serial):
    before = None if there is None else state(serial=there)
    assert pushed(before, state("a", serial=given), force=force).serial == serial


def test_a_copy_is_the_same_document_with_the_same_serial(state, place):
    found = state("a", "b", serial=3)
    assert copy(found, place) is True
    assert place.load().state == found


def test_a_copy_that_is_there_already_is_left_alone(state, place):
    found = state("a", serial=3)
    place.save(found)
    assert copy(found, place) is False
    assert not place.backup


def test_a_copy_never_replaces_another_state(state, place):
    place.save(state("a", serial=3))
    assert code(copy, state("a", serial=4), place) == "FP464"
    assert place.load().state.serial == 3


def test_a_copy_waits_for_an_unfinished_run(state, place, record):
    place.save(state("a", serial=3))
    journal = place.start(place.load().state, "apply")
    journal.put(record("b"))
    journal.close()
    assert code(copy, state("a", serial=3), place) == "FP455"


@pytest.mark.parametrize("back", [lambda state: None, lambda state: replace(state, serial=9)])
def test_a_place_that_gives_back_something_else_is_told(state, place, monkeypatch, back):
    found = state("a", serial=3)
    answers = iter([Snapshot(), Snapshot(back(found))])
    monkeypatch.setattr(place, "load", lambda: next(answers))
    assert code(copy, found, place) == "FP465"


def test_a_retired_state_is_kept_under_another_name_and_not_made_anew(state, tmp_path):
    backend = LocalBackend(tmp_path / HERE)
    backend.save(state("a", serial=1))
    left = backend.retire()
    assert left == f"{backend.location}.migrated"
    assert LocalBackend(left).load().state == state("a", serial=1)
    assert code(backend.load) == "FP472"


def test_a_second_retirement_keeps_the_first(state, tmp_path):
    backend = LocalBackend(tmp_path / HERE)
    for serial in (1, 2):
        backend.save(state("a", serial=serial))
        left = backend.retire()
    assert left.endswith(".migrated.1")
    assert LocalBackend(f"{backend.location}.migrated").load().state.serial == 1


def test_a_state_beside_a_retired_one_is_used(state, tmp_path):
    backend = LocalBackend(tmp_path / HERE)
    backend.save(state("a", serial=1))
    backend.retire()
    backend.save(state("a", serial=2))
    assert backend.load().state.serial == 2


def test_a_state_that_can_not_be_renamed_is_told(state, tmp_path):
    backend = LocalBackend(tmp_path / HERE)
    assert code(backend.retire) == "FP405"
