from __future__ import annotations

from itertools import pairwise

from flowplan.planner.users import Users


def chain(*names: str, transparent: tuple[str, ...] = ()) -> Users:
    direct = {one: [two] for one, two in pairwise(names)}
    return Users(direct, frozenset(transparent))


def test_a_node_s_users_are_those_made_with_its_output() -> None:
    assert chain("model", "agent", "pipeline").of("model") == ["agent"]


def test_what_uses_a_node_that_makes_nothing_uses_what_that_one_uses() -> None:
    assert chain("model", "tool", "agent", transparent=("tool",)).of("model") == ["tool", "agent"]


def test_nothing_is_looked_for_behind_an_end() -> None:
    users = chain("model", "tool", "agent", transparent=("tool",))
    assert users.of("model", ends={"tool"}) == ["tool"]


def test_a_user_by_two_ways_counts_once() -> None:
    users = Users({"m": ["t", "a"], "t": ["a"]}, frozenset({"t"}))
    assert sorted(users.of("m")) == ["a", "t"]


def test_a_node_that_nobody_uses_has_no_users() -> None:
    assert chain("model").of("model") == []
