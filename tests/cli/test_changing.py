"""What apply and destroy refuse before the first write."""

from __future__ import annotations

import pytest

from flowplan.cli.changing import refuse_blocked
from flowplan.cli.flags import Flags
from flowplan.cli.next_step import next_after_failure, next_after_plan
from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.plan import NodeChange, Plan
from flowplan.render.validation import not_in_place

TOLD = Diagnostic("error", "FP230", "needs permission", node="index", hint="--allow-delete index")
OTHER = Diagnostic("warning", "FP211", "old", node="other")


def blocked_plan(*diagnostics: Diagnostic) -> Plan:
    change = NodeChange("index", "create_index", "delete", "removed", blocked="index")
    return Plan("w", "e", "apply", (change,), diagnostics=diagnostics)


def test_a_blocked_delete_is_refused_in_the_words_of_the_plan():
    with pytest.raises(PlanError) as caught:
        refuse_blocked(blocked_plan(OTHER, TOLD))
    assert caught.value.diagnostics == (TOLD,)
    assert caught.value.exit_code == 1


def test_a_blocked_delete_is_refused_even_if_the_plan_has_no_words():
    with pytest.raises(PlanError) as caught:
        refuse_blocked(blocked_plan())
    assert "--allow-delete index" in caught.value.diagnostics[0].hint


def test_a_plan_without_blocked_deletes_is_not_refused():
    refuse_blocked(Plan("w", "e", "apply", (), diagnostics=(OTHER,)))


def test_what_stands_at_the_node_is_not_told_twice():
    assert not_in_place(blocked_plan(OTHER, TOLD)) == (OTHER,)


def test_the_next_step_of_a_blocked_plan_allows_it_or_keeps_it():
    step = next_after_plan(Flags(verb="plan", argument="a b.yaml"), blocked_plan(), None)
    assert step == "flowplan apply 'a b.yaml' --allow-delete index, or keep the node."


def test_a_blocked_plan_that_was_saved_is_planned_again():
    step = next_after_plan(Flags(verb="plan", out="p.json"), blocked_plan(), None)
    assert step == "flowplan plan --allow-delete index, or keep the node."


def test_a_blocked_destroy_has_no_node_to_keep():
    step = next_after_plan(Flags(verb="plan", destroy=True), blocked_plan(), None)
    assert step == "flowplan destroy --allow-delete index"


def test_the_next_step_repeats_where_but_no_credentials():
    flags = Flags(verb="destroy", state="s.json", endpoint="https://u:pw@host")
    assert next_after_failure(flags, None) == "flowplan plan --state s.json --destroy"


def test_a_param_from_a_file_is_repeated():
    flags = Flags(verb="apply", param=("key=@secret.txt",), params_file=("p.json",))
    step = next_after_failure(flags, None)
    assert step == "flowplan plan --params-file p.json -p key=@secret.txt"
