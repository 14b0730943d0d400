"""Which found resource belongs to which wish."""

from __future__ import annotations

import pytest

from flowplan.errors import StateError
from flowplan.planner.imports import import_command
from flowplan.planner.reconcile.match import MARGIN, assign, fits
from flowplan.planner.values import Sensitive, seal
from flowplan.protocol import Candidate
from flowplan.state.model import IntentRecord, ResourceRecord

SALT = "00" * 32


def wish(name: str, at: float = 100.0, **expected: object) -> IntentRecord:
    expected = {"name": "m", **expected}
    return IntentRecord(name, name, "t", "create", at, ResourceRecord(name, "t"), expected)


def check(intent: IntentRecord, candidate: Candidate, **kw: object) -> bool:
    options: dict[str, object] = {"known_ids": frozenset(), "offset": 0.0, "salt": SALT, **kw}
    return fits(intent, candidate, **options)  # type: ignore[arg-type]


def test_equal_content_made_since_and_owned_by_nobody_fits() -> None:
    assert check(wish("a"), Candidate("id", {"name": "m", "more": 1}, 100.5))


def test_other_content_does_not_fit() -> None:
    assert not check(wish("a"), Candidate("id", {"name": "other"}, 100.5))
    assert not check(wish("a", extra=1), Candidate("id", {"name": "m"}, 100.5))
    assert not check(wish("a", extra=1), Candidate("id", {"name": "m", "extra": True}, 100.5))


def test_what_was_made_before_the_wish_does_not_fit() -> None:
    assert not check(wish("a"), Candidate("id", {"name": "m"}, 100.0 - MARGIN - 0.1))


def test_the_clocks_are_compared_with_their_offset() -> None:
    assert check(wish("a"), Candidate("id", {"name": "m"}, 40.0), offset=-60.0)
    assert not check(wish("a"), Candidate("id", {"name": "m"}, 101.0), offset=60.0)


def test_a_resource_of_a_record_does_not_fit() -> None:
    assert not check(wish("a"), Candidate("id", {"name": "m"}), known_ids=frozenset({"id"}))


def test_secrets_are_compared_by_their_digests() -> None:
    sealed = seal({"p": {"key": Sensitive("s3cret")}}, SALT)
    assert check(wish("a", **sealed), Candidate("id", {"name": "m", "p": {"key": "s3cret"}}))
    assert not check(wish("a", **sealed), Candidate("id", {"name": "m", "p": {"key": "other"}}))


def test_equal_wishes_take_as_many_candidates_as_there_are() -> None:
    wishes = [wish("a"), wish("b"), wish("c")]
    found = [Candidate("2", {"name": "m"}, 2.0), Candidate("1", {"name": "m"}, 1.0)]
    taken = assign(wishes, {item.id: found for item in wishes})
    assert {key: item.resource_id for key, item in taken.items()} == {"a": "1", "b": "2"}


def test_more_candidates_than_wishes_are_listed_and_never_guessed() -> None:
    found = [Candidate("1", {"name": "m"}), Candidate("2", {"name": "m"})]
    with pytest.raises(StateError) as caught:
        assign([wish("a")], {"a": found})
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "FP421"
    assert "1, 2" in diagnostic.detail


def test_the_message_has_the_command_that_decides_it() -> None:
    found = [Candidate("1", {"name": "m"}), Candidate("2", {"name": "m"})]
    with pytest.raises(StateError) as caught:
        assign([wish("a node")], {"a node": found})
    assert "  flowplan import 'a node' 2" in caught.value.diagnostics[0].hint.splitlines()


def test_an_id_that_begins_with_a_dash_is_no_option_in_the_command_to_run() -> None:
    assert import_command("node", "-3kf") == "flowplan import -- node -3kf"


def test_what_somebody_chose_is_taken() -> None:
    found = [Candidate("1", {"name": "m"}), Candidate("2", {"name": "m"})]
    taken = assign([wish("a")], {"a": found}, {"a": "2"})
    assert {key: item.resource_id for key, item in taken.items()} == {"a": "2"}


def test_a_choice_leaves_the_rest_to_the_others() -> None:
    found = [Candidate("1", {"name": "m"}), Candidate("2", {"name": "m"})]
    wishes = [wish("a"), wish("b")]
    taken = assign(wishes, {item.id: found for item in wishes}, {"b": "1"})
    assert {key: item.resource_id for key, item in taken.items()} == {"a": "2", "b": "1"}


def test_several_lost_ones_are_decided_in_the_template() -> None:
    found = [Candidate(str(number), {"name": "m"}) for number in range(3)]
    wishes = [wish("a"), wish("b")]
    with pytest.raises(StateError) as caught:
        assign(wishes, {item.id: found for item in wishes}, {"a": "elsewhere"})
    assert "imports: [{node: a, id: ID}, {node: b, id: ID}]" in caught.value.diagnostics[0].hint
    taken = assign(wishes, {item.id: found for item in wishes}, {"a": "2", "b": "0"})
    assert {key: item.resource_id for key, item in taken.items()} == {"a": "2", "b": "0"}


def test_a_lost_request_of_another_workflow_counts_as_well() -> None:
    ours, theirs = wish("a", 100.0), wish("b", 101.0)
    found = [Candidate("2", {"name": "m"}, 101.5), Candidate("1", {"name": "m"}, 100.5)]
    rivals = {"2": [theirs], "1": [theirs]}
    assert assign([ours], {"a": found}, rivals=rivals)["a"].resource_id == "1"
    mirrored = {"2": [ours], "1": [ours]}
    assert assign([theirs], {"b": found}, rivals=mirrored)["b"].resource_id == "2"


def test_the_older_of_two_lost_requests_takes_the_only_candidate() -> None:
    ours, theirs = wish("a", 100.0), wish("b", 101.0)
    found = [Candidate("1", {"name": "m"}, 101.5)]
    assert assign([ours], {"a": found}, rivals={"1": [theirs]})["a"].resource_id == "1"
    assert assign([theirs], {"b": found}, rivals={"1": [ours]}) == {}


def test_more_candidates_than_all_workflows_lost_are_never_guessed() -> None:
    found = [Candidate(str(number), {"name": "m"}, 101.0) for number in range(3)]
    rivals = {item.resource_id: [wish("b")] for item in found}
    with pytest.raises(StateError):
        assign([wish("a")], {"a": found}, rivals=rivals)


def test_a_request_sent_later_is_no_rival_for_what_was_there_before() -> None:
    found = [Candidate("1", {"name": "m"}, 101.0), Candidate("2", {"name": "m"}, 102.0)]
    with pytest.raises(StateError):
        assign([wish("a")], {"a": found}, rivals={})
    taken = assign([wish("a", 100.0)], {"a": found}, rivals={"2": [wish("b", 90.0)]})
    assert taken["a"].resource_id == "1"
