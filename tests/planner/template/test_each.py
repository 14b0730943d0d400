"""What `each.key` and `each.value` become in one of the nodes that a `for_each` makes."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.planner.expressions import NameScope, evaluate
from flowplan.planner.template.each import Each, NoMember, instance, names_behind
from flowplan.planner.template.model import Presence

VALUE = {"name": "x-${{ env }}", "size": 3, "tags": ["a", {"b": "c"}], "cost": "$", "none": None}
EU = Each("eu", VALUE)
SCOPE = NameScope({"env": "dev"})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${{ each.key }}", "eu"),
        ("${{ each.value.size }}", 3),
        ("${{ each.value.none }}", None),
        ("${{ each.value.tags }}", ["a", {"b": "c"}]),
        ("${{ each.value.tags[1].b }}", "c"),
        ("${{ each.value.tags['1'].b }}", "c"),
        ("${{ each.value['size'] + 1 }}", 4),
        ("${{ each.value.name }}", "x-dev"),
        ("${{ each.value.name | upper }}", "X-DEV"),
        ("${{ each.key ~ each.value.name }}", "eux-dev"),
        ("n ${{ each.value.size }} ${{ each.value.name }}!", "n 3 x-dev!"),
        ("${{ each.value.cost }}{{x}}", "${{x}}"),
        ("${{ each.value.gone | default(7) }}", 7),
        ("${{ each.value.gone is defined }}", False),
        ("${{ (each.key) }}", "eu"),
    ],
)
def test_what_is_written_with_each_evaluates_to(text: str, value: Any) -> None:
    assert evaluate(EU.fill(text), SCOPE) == value


def test_a_value_keeps_what_is_written_in_it() -> None:
    assert EU.fill({"a": ["${{ each.value }}"]}) == {"a": [VALUE]}


def test_texts_without_each_are_left_as_they_are() -> None:
    value = {"a": "${{ env }}", "b": ["each.key", 1], "c": "${parameters.x}"}
    assert EU.fill(value) == value


def test_a_member_that_is_not_there_is_told_with_its_place() -> None:
    with pytest.raises(NoMember) as error:
        EU.fill({"a": ["x", "${{ each.value.gone }}"]})
    assert (error.value.name, error.value.path) == (("each", "value", "gone"), ("a", 1))


def test_the_key_has_no_members() -> None:
    with pytest.raises(NoMember):
        EU.fill("${{ each.key.x }}")


def test_a_value_from_a_param_is_looked_into_when_it_is_evaluated() -> None:
    each = Each("eu", '${{ tenants["eu"] }}')
    scope = NameScope({"tenants": {"eu": {"name": "Europe"}}})
    assert evaluate(each.fill("${{ each.value.name }}"), scope) == "Europe"
    assert evaluate(each.fill("${{ each.value.gone | default('no') }}"), scope) == "no"


def test_a_node_is_called_by_its_key() -> None:
    assert instance("group", "eu 1") == 'group["eu 1"]'


@pytest.mark.parametrize(
    ("items", "name", "names"),
    [
        ({"eu": {"a": "${{ x }}", "b": "${{ y }}"}}, ("each", "value", "a"), [("x",)]),
        ({"eu": {"a": "${{ x }}"}}, ("each", "value"), [("x",)]),
        ("${{ tenants }}", ("each", "value", "a"), [("tenants",)]),
        ({"eu": "${{ x }}"}, ("each", "key"), []),
        ({"eu": "${{ x }}"}, ("other",), []),
    ],
)
def test_the_names_behind_a_value_are_those_that_it_may_come_from(
    items: Any, name: tuple[str, ...], names: list[tuple[str, ...]]
) -> None:
    assert list(names_behind(Presence(True, items), name)) == names
