"""Finding expressions in a string, and leaving everything else alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowplan.planner.expressions import Expression, ExpressionError, contains, references, scan


def only(text: str) -> Expression:
    (part,) = scan(text)
    assert isinstance(part, Expression)
    return part


def refused(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        scan(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "${parameters.model}",
        "{{ mustache }}",
        "{% raw %}",
        "{# comment #}",
        "a\r\nb\r\n",
        "$ {{ x }}",
        "}}",
        "$${",
        '{"input": "${parameters.prompt}"}',
    ],
)
def test_what_is_no_expression_passes_untouched(text):
    assert scan(text) == ((text,) if text else ())
    assert not contains(text)


def test_text_around_expressions_is_kept_byte_for_byte():
    parts = scan("a\r\n{{x}} ${{ one }}${parameters.y}${{two}}\r\n")
    assert [p if isinstance(p, str) else p.source for p in parts] == [
        "a\r\n{{x}} ",
        "one",
        "${parameters.y}",
        "two",
        "\r\n",
    ]


@given(st.text().filter(lambda text: "${{" not in text))
def test_a_string_without_an_opening_is_one_part(text):
    assert "".join(str(part) for part in scan(text)) == text


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("${{ key }}", ("key",)),
        ("${{key}}", ("key",)),
        ("${{\n  key\r\n}}", ("key",)),
        ("${{ node.output }}", ("node", "output")),
        ("${{ my-node.model_id }}", ("my-node", "model_id")),
        ("${{ create_connector.credential.key }}", ("create_connector", "credential", "key")),
        ("${{ gpt-3.5-model.model_id }}", ("gpt-3", "5-model", "model_id")),
        ("${{ nœud.id }}", ("nœud", "id")),
        ('${{ node["output"] }}', ("node", "output")),
        ("${{ node['out put'] }}", ("node", "out put")),
        ('${{ group["eu"].model_group_id }}', ("group", "eu", "model_group_id")),
        ("${{ my-node.model_id | upper }}", ("my-node", "model_id")),
        ("${{ gpt-3.5-model.model_id | upper }}", ("gpt-3", "5-model", "model_id")),
    ],
)
def test_a_reference_is_known_without_evaluating(text, reference):
    assert only(text).references == (reference,)


def test_every_name_is_listed_once_in_order():
    found = only("${{ b.x ~ a.y ~ b.x ~ c if d else {'k': e[f]} }}").references
    assert found == (("b", "x"), ("a", "y"), ("c",), ("d",), ("e",), ("f",))


def test_names_under_default_and_is_defined_are_optional():
    found = only("${{ (a | default(b)) ~ c ~ (d.e if d.e is defined else f) }}")
    assert found.optional == {("a",), ("d", "e")}


def test_a_plain_name_that_is_a_word_of_the_language_is_no_reference():
    assert only("${{ true }}").references == ()
    assert only("${{ None }}").references == ()


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("${{ a }}", True),
        (" ${{ a }}", False),
        ("${{ a }} ", False),
        ("${{ a ~ b }}", True),
        ("${{ a ~ b }}${{ c }}", False),
    ],
)
def test_an_expression_knows_whether_it_is_the_whole_string(text, whole):
    found = [part for part in scan(text) if isinstance(part, Expression)]
    assert found[0].whole is whole


def test_an_expression_knows_where_it_stands():
    part = scan("0123${{ a | upper }}x")[1]
    assert isinstance(part, Expression)
    assert (part.offset, part.end, part.source) == (4, 20, "a | upper")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ('${{ "}}" }}', '"}}"'),
        ("${{ '}}\\'}}' }}", "'}}\\'}}'"),
        ("${{ {'a': {'b': 1}} }}", "{'a': {'b': 1}}"),
        ("${{ {'a':{'b':{}}}}}", "{'a':{'b':{}}}"),
        ('${{ "${{" }}', '"${{"'),
    ],
)
def test_the_end_is_found_past_strings_and_nested_braces(text, source):
    assert only(text).source == source


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("ab${{ x", 2, "missing"),
        ("ab${{", 2, "missing"),
        ("${{- x }}", 0, "white space"),
        ("${{ x -}}", 6, "white space"),
        ("${{ x-}}", 5, "white space"),
        ("${{ }}", 3, "empty"),
        ("a ${{ (x }}", 6, "never closed"),
        ("${{ [x) }}", 6, "closes nothing"),
        ("${{ x } }}", 6, "closes nothing"),
        ("${{ 'x }}", 4, "no closing '"),
        ('${{ "x }}', 4, 'no closing "'),
        ("${{ x ? }}", 6, "'?' means nothing"),
        ("${{ 'a' 'b' }}", 8, "side by side"),
        ("${{ 'a' 1 }}", 8, "side by side"),
        ("${{ 012 }}", 4, "begin with 0"),
        ("${{ 1x }}", 4, "not a number"),
        ("${{ 1_0 }}", 4, "not a number"),
        ("${{ 0x1f }}", 4, "not a number"),
        ("xx ${{ a + }} yy", 11, "too early"),
        ("${{ a b }}", 6, '"b" does not belong'),
        ("${{ a 'b' }}", 6, "this literal does not belong"),
        ("${{ a | }}", 8, "too early"),
        ("${{ if }}", 4, '"if" does not belong'),
        ("${{ a. in }}", 5, '"in" does not belong'),
        ("${{ a | b.c }}", 8, "a dot does not belong"),
        (r"${{ 'a\q' }}", 6, "not an escape"),
        (r"${{ '\ud800' }}", 5, "not an escape"),
        (r"${{ '\U00110000' }}", 5, "not an escape"),
    ],
)
def test_what_can_not_be_read_is_refused_with_its_place(text, offset, words):
    error = refused(text)
    assert (error.offset, error.code) == (offset, "FP170")
    assert words in error.message


def test_the_place_counts_from_the_string_not_from_the_expression():
    first = refused("${{ a ? }}")
    later = refused("${{ ok }} and ${{ a ? }}")
    assert later.offset == first.offset + len("${{ ok }} and ")


def test_the_same_mistake_twice_gets_each_its_own_place():
    assert [refused("x" * n + "${{ a | nope }}").offset for n in (0, 5)] == [8, 13]


def test_an_unterminated_expression_tells_how_to_write_the_characters():
    assert '${{ "${{" }}' in refused("costs ${{").hint


def test_the_names_in_a_tree_come_with_their_places():
    tree = {"a": ["${{ p }}", 1], "b": {"c": "x ${{ n.o ~ q }}"}, "${{ k }}": None}
    found = [(r.name, r.at, r.offset) for r in references(tree)]
    assert found == [
        (("p",), ("a", 0), 0),
        (("n", "o"), ("b", "c"), 2),
        (("q",), ("b", "c"), 2),
    ]


def test_a_name_in_a_tree_says_whether_it_may_be_missing():
    assert [r.optional for r in references(["${{ a | d(1) }}", "${{ b }}"])] == [True, False]


def test_a_mistake_in_a_tree_says_in_which_string():
    with pytest.raises(ExpressionError) as caught:
        list(references({"a": [0, "${{ ? }}"]}))
    assert caught.value.path == ("a", 1)


def test_a_deep_tree_does_not_exhaust_the_stack():
    tree: object = "${{ a }}"
    for _ in range(5_000):
        tree = [tree]
    assert [r.name for r in references(tree)] == [("a",)]
