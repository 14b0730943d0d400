"""Secrets that are not given: which they are, and what they are compared with."""

from __future__ import annotations

import pytest

from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.absent import (
    absent_names,
    refuse_without_secrets,
    tell_of_absent,
    without_secrets,
)
from flowplan.planner.diff import Difference, compare, field_change
from flowplan.planner.expressions import NameScope, evaluate
from flowplan.planner.outputs import output_changes
from flowplan.planner.params import Params
from flowplan.planner.plan import Plan
from flowplan.planner.values import Sensitive, Unknown, not_given, seal, withheld
from flowplan.state.identity import new_salt
from flowplan.state.model import OutputRecord, State

SALT = new_salt()
GONE = withheld("key")


def test_a_missing_secret_is_not_given_and_no_longer_missing() -> None:
    params = without_secrets(Params(missing=("key", "model")), frozenset({"key"}))
    assert absent_names(params.values) == ("key",)
    assert params.missing == ("model",)


def test_an_empty_secret_is_not_given_and_not_warned_of_twice() -> None:
    empty = Diagnostic(
        "warning", "FP167", "the sensitive param key from FLOWPLAN_PARAM_key is empty"
    )
    other = Diagnostic("warning", "FP166", "the sensitive param key stands on the command line")
    given = Params({"key": Sensitive("")}, (), (empty, other), {"key": "FLOWPLAN_PARAM_key"})
    params = without_secrets(given, frozenset({"key"}))
    assert not_given(params.values["key"])
    assert params.warnings == (other,)


def test_an_empty_default_is_a_value() -> None:
    given = Params({"key": Sensitive("")}, sources={"key": "default"})
    assert without_secrets(given, frozenset({"key"})) == given


def test_a_secret_that_is_there_stays() -> None:
    given = Params({"key": Sensitive("s3cret")}, sources={"key": "-p key"})
    assert without_secrets(given, frozenset({"key"})) == given


@pytest.mark.parametrize(
    "recorded",
    [seal(Sensitive("s3cret"), SALT), "plain", {"a": 1}, [1], None],
    ids=["digest", "text", "object", "list", "null"],
)
def test_it_equals_whatever_is_recorded(recorded: object) -> None:
    assert list(compare({"x": recorded}, {"x": GONE}, SALT)) == []


def test_where_nothing_is_recorded_it_is_shown_as_not_known_and_from_nobody() -> None:
    (found,) = compare({}, {"x": {"y": GONE}}, SALT)
    assert found.path == ("x", "y")
    shown = field_change(found, forces_replace=False)
    assert (shown.known, shown.sensitive, shown.origin, shown.after) == (False, True, None, None)


def test_a_list_that_grew_around_it_is_a_change() -> None:
    (found,) = compare({"x": [1]}, {"x": [1, GONE]}, SALT)
    assert found.path == ("x", 1)


def test_a_node_that_is_waited_for_is_named_before_it() -> None:
    both = Difference(("x",), ["a"], [GONE, Unknown("model", "model_id")])
    assert field_change(both, forces_replace=False).origin == "model"


@pytest.mark.parametrize(
    "text", ["${{ key }}", "Bearer ${{ key | upper }}", "${{ key if key else 'x' }}"]
)
def test_what_is_built_from_it_is_not_given_either(text: str) -> None:
    assert not_given(evaluate(text, NameScope(params={"key": GONE})))


@pytest.mark.parametrize("text", ["${{ key }}${{ a.id }}", "${{ a.id }}${{ key }}"])
def test_what_waits_for_a_node_too_waits_for_the_node(text: str) -> None:
    scope = NameScope(params={"key": GONE}, outputs={"a": {"id": Unknown("a", "id")}})
    value = evaluate(text, scope)
    assert (value.node, value.sensitive) == ("a", True)


def test_params_without_it_have_a_digest_and_none_of_its_own() -> None:
    params = Params({"key": GONE, "other": Sensitive("x"), "plain": 1})
    assert params.digest(SALT) == Params({"other": Sensitive("x"), "plain": 1}).digest(SALT)
    assert set(params.secret_digests(SALT)) == {"other"}


def test_without_a_salt_no_secret_has_a_digest() -> None:
    assert Params({"key": Sensitive("x")}).secret_digests("") == {}


def test_an_output_that_is_recorded_stays_and_a_new_one_is_not_known() -> None:
    state = State("l", 1, "w", SALT, outputs={"old": OutputRecord(None, sensitive=True)})
    found = output_changes(state, {"old": GONE, "new": GONE})
    assert (found["old"].before, found["old"].after) == ("(sensitive)", "(sensitive)")
    assert found["old"].known
    assert not found["new"].known


def test_a_plan_with_all_its_secrets_says_nothing_and_may_be_carried_out() -> None:
    assert list(tell_of_absent(())) == []
    refuse_without_secrets(Plan("w", "e", "apply"))


def test_a_plan_without_some_says_which_and_may_not() -> None:
    (told,) = tell_of_absent(("a", "b"))
    assert told.summary == "made without the secrets a, b"
    with pytest.raises(PlanError, match="FP646"):
        refuse_without_secrets(Plan("w", "e", "apply", not_given=("a", "b")))
