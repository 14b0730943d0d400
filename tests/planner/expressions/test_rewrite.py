"""Names in expressions get other text in their place, and values are written as expressions."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.planner.expressions import NameScope, evaluate
from flowplan.planner.expressions.rewrite import as_expression, literal, members_of, renamed


def each_key(name: tuple[str, ...]) -> tuple[int, str] | None:
    return (2, '"eu"') if name[:2] == ("each", "key") else None


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("${{ each.key }}", '${{ "eu" }}'),
        ("a ${{ each.key }} b ${{ each['key'] }}", 'a ${{ "eu" }} b ${{ "eu" }}'),
        ("${{ group[each.key].id }}", '${{ group["eu"].id }}'),
        ("${{ each.key | upper }}", '${{ "eu" | upper }}'),
        ("${{ x.each.key }}", "${{ x.each.key }}"),
        ("${{ 'each.key' }}", "${{ 'each.key' }}"),
        ("${{ x | each }}", "${{ x | each }}"),
        ("${{ x | default(each=1) }}", "${{ x | default(each=1) }}"),
        ("each.key {{ each.key }} ${each.key}", "each.key {{ each.key }} ${each.key}"),
        ("${{ each.key } ", "${{ each.key } "),
        ("${{ each.other }}", "${{ each.other }}"),
    ],
)
def test_only_whole_names_inside_expressions_are_replaced(text: str, made: str) -> None:
    assert renamed(text, each_key) == made


def test_members_that_are_not_replaced_stay_behind_the_text() -> None:
    assert renamed("${{ each.key.a['b'][0] }}", each_key) == "${{ \"eu\".a['b'][0] }}"


@pytest.mark.parametrize(
    "value",
    ["", "a", 'q"\\\n\tü', 0, -1, 1.5, -0.5, 1e22, True, None, [], {}, [1, {"a": [-2, "}}"]}]],
)
def test_a_value_written_as_an_expression_is_that_value(value: Any) -> None:
    assert evaluate(f"${{{{ {as_expression(value)} }}}}", NameScope()) == value


@pytest.mark.parametrize("value", ["${{ env }}", "x-${{ env }}", {"a": ["${{ env | upper }}!"]}])
def test_expressions_inside_a_value_are_evaluated_with_it(value: Any) -> None:
    scope = NameScope({"env": "dev"})
    written = f"${{{{ {as_expression(value)} }}}}"
    assert evaluate(written, scope) == evaluate(value, scope)


def test_a_name_stays_a_name_so_that_members_can_follow() -> None:
    assert as_expression("${{ tenants }}") + members_of(["eu", "a b"]) == 'tenants["eu"]["a b"]'


def test_a_literal_text_is_not_read_as_an_expression() -> None:
    value = {"a": "${{ secret }}", "b": [1, "plain"]}
    assert evaluate(literal(value), NameScope({"secret": "s"})) == value
