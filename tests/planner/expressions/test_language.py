"""What an expression may say, and what it may not."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("1 + 2 - 4", -1),
        ("7 / 2", 3.5),
        ("7 // 2", 3),
        ("7 % 4", 3),
        ("- 3", -3),
        ("+ 3", 3),
        ("1.5e2", 150.0),
        ("12345678901234567890 + 1", 12345678901234567891),
        ("'a' + 'b'", "ab"),
        ("[1] + [2]", [1, 2]),
        ("1 ~ none ~ [true] ~ 'x'", "1null[true]x"),
        ("count - 1", 2),
        ("'a\\n\\t\\\\\\u00e9\\x41\\U0001F600\\/'", "a\n\t\\éA\U0001f600/"),
        ("'it\\'s'", "it's"),
        ("{'a': 1, 'b': [2, {}]}", {"a": 1, "b": [2, {}]}),
        ("{name: 1}", {"gpt": 1}),
        ("[]", []),
    ],
)
def test_literals_and_arithmetic(value, source, wanted):
    found = value(source)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("1 == 1.0", True),
        ("1 == true", False),
        ("[1, {'a': true}] == [1, {'a': true}]", True),
        ("[true] == [1]", False),
        ("{'a': 1} != {'a': 2}", True),
        ("[1] == [1, 2]", False),
        ("'1' == 1", False),
        ("none == none", True),
        ("'a' < 'b'", True),
        ("1 < 2 <= 2 < 3", True),
        ("3 > 2 >= 3", False),
        ("'eu' in regions", True),
        ("'x' not in regions", True),
        ("'p' in name", True),
        ("'model' in settings", True),
        ("1 in [true]", False),
        ("not on", False),
        ("on and count", 3),
        ("nothing or 'x'", "x"),
        ("'a' if count > 2 else 'b'", "a"),
        ("'a' if count > 9 else 'b' if on else 'c'", "b"),
    ],
)
def test_comparisons_and_logic_are_type_strict(value, source, wanted):
    assert value(source) is wanted or value(source) == wanted


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("settings.model.id", "m1"),
        ("settings['model']['id']", "m1"),
        ("settings.tags[1].b", 1),
        ("settings.tags.1.b", 1),
        ("settings.tags[-2]", "a"),
        ("settings['mo' ~ 'del'].id", "m1"),
        ("regions[count - 3]", "eu"),
        ("name[0]", "g"),
        ("name[1:]", "pt"),
        ("name[:-1]", "gp"),
        ("regions[0:1]", ["eu"]),
    ],
)
def test_members_items_and_slices(value, source, wanted):
    assert value(source) == wanted


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("name * 3", '"*"'),
        ("2 ** 3", '"**"'),
        ("range(9)", "a call"),
        ("name.upper()", "a call"),
        ("name, count", "a tuple"),
        ("'%1000000000d' | format(1)", '"format"'),
        ("name | attr('x')", '"attr"'),
        ("regions | map('upper')", '"map"'),
        ("count is divisibleby 3", '"divisibleby"'),
        ("count is in [3]", '"in"'),
        ("regions[::2]", "step"),
        ("regions | join(*regions)", '"*"'),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(error, source, named):
    found = error(source)
    assert named in found.message
    assert found.code == "FP171"


@pytest.mark.parametrize(
    ("source", "offset"),
    [("name | nope", 11), ("1 + (2 | nope)", 13), ("1 is nope", 9), ("name * 2", 9)],
)
def test_the_place_is_that_of_the_word_that_is_refused(error, source, offset):
    assert error(source).offset == offset


def test_a_filter_with_a_slip_gets_the_nearest_name(error):
    assert "replace" in error("name | replcae('a', 'b')").hint


def test_a_filter_unlike_any_gets_the_list(error):
    assert "upper" in error("name | zzz").hint


@pytest.mark.parametrize(
    "source",
    [
        "name | upper(1)",
        "name | replace('a')",
        "name | replace('a', 'b', 'c')",
        "name | replace('a', old='b')",
        "name | replace('a', nwe='b')",
        "name is string(1)",
    ],
)
def test_arguments_that_a_filter_or_test_does_not_take_are_refused(error, source):
    assert "take" in error(source).message


def test_an_if_without_an_else_is_refused(error):
    assert "else" in error("'a' if on").message


@pytest.mark.parametrize(
    "source",
    [
        "'a' + 1",
        "true + 1",
        "'a' - 'b'",
        "'%d' % 1",
        "-'a'",
        "1 < 'a'",
        "none < 1",
        "1 in 2",
        "1 in 'a'",
        "1 / 0",
        "1 // 0",
        "1 % 0",
        "1[0]",
        "regions[true]",
        "regions[1.5]",
        "regions['x']",
        "regions[2]",
        "regions[-3]",
        "on.x",
        "settings[0]",
        "{1: 2}",
        "{secret: 2}",
        "{later.model_id: 2}",
        "name['a':]",
        "name[true:]",
        "settings[0:1]",
        "''.__class__",
        "settings.model.__class__",
        "name | int",
    ],
)
def test_operands_that_do_not_fit_are_refused(error, source):
    assert error(source).code in ("FP172", "FP173")


def test_joining_a_text_and_a_number_names_the_operator_for_it(error):
    assert "~" in error("'a' + 1").hint


def test_a_minus_between_word_characters_belongs_to_the_name(error):
    assert '"count-1"' in error("count-1 + 1").message


def test_a_name_with_a_dash_works_inside_a_longer_expression(value):
    assert value("api-key | upper") == "DASHED"


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("nobody | default('x')", "x"),
        ("nobody | d(count)", 3),
        ("nobody | default", ""),
        ("settings.nobody | default('x')", "x"),
        ("settings.tags[9] | default('x')", "x"),
        ("made.nobody | default('x')", "x"),
        ("settings.empty | first | default('x')", "x"),
        ("name | default('x')", "gpt"),
        ("nothing | default('x')", None),
        ("nothing | default('x', true)", "x"),
        ("nothing | default('x', boolean=on)", "x"),
        ("'' | default(default_value='x', boolean=true)", "x"),
        ("'' | default('x', false)", ""),
        ("nobody is defined", False),
        ("nobody is undefined", True),
        ("nobody is not defined", True),
        ("name is defined", True),
        ("settings.nobody is defined", False),
        ("nobody if nobody is defined else 'x'", "x"),
    ],
)
def test_default_and_is_defined_ask_about_the_name(value, source, wanted):
    assert value(source) == wanted


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ("boolean", "on"),
        ("float", "rate"),
        ("integer", "count"),
        ("mapping", "settings"),
        ("none", "nothing"),
        ("number", "count"),
        ("sequence", "regions"),
        ("string", "name"),
        ("true", "on"),
        ("false", "not on"),
    ],
)
def test_each_test_holds_for_its_kind(value, test, holds):
    assert value(f"({holds}) is {test}") is True


@pytest.mark.parametrize(
    "source",
    [
        "on is number",
        "on is integer",
        "count is float",
        "count is boolean",
        "1 is true",
        "0 is false",
        "name is none",
        "name is mapping",
        "count is sequence",
        "count is string",
    ],
)
def test_no_test_holds_for_another_kind(value, source):
    assert value(source) is False
