"""Values in, values out: types, text, and the marks that travel with them."""

from __future__ import annotations

import pytest

from flowplan.planner.expressions import ExpressionError, NameScope, evaluate
from flowplan.planner.values import Sensitive, Unknown, masked, reveal


def sensitive(value):
    assert isinstance(value, Sensitive)
    return value.value


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("${{ name }}", "gpt"),
        ("${{ count }}", 3),
        ("${{ rate }}", 0.5),
        ("${{ on }}", True),
        ("${{ nothing }}", None),
        ("${{ regions }}", ["eu", "us"]),
        ("${{ settings.model }}", {"id": "m1"}),
        ("${{ '1' }}", "1"),
        ("${{ api-key }}", "dashed"),
        ("${{ made.model_id }}", "M1"),
    ],
)
def test_a_whole_expression_keeps_the_type(scope, text, wanted):
    found = evaluate(text, scope)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("n=${{ name }}!", "n=gpt!"),
        ("${{ count }}/${{ rate }}", "3/0.5"),
        ("${{ on }},${{ nothing }}", "true,null"),
        ("x${{ regions }}", 'x["eu","us"]'),
        ("x${{ settings.model }}", 'x{"id":"m1"}'),
        (" ${{ count }}", " 3"),
        ("${parameters.x} ${{ name }} {{y}} {% z %}\r\n", "${parameters.x} gpt {{y}} {% z %}\r\n"),
        ('${{ "${{" }} name }}', "${{ name }}"),
        ("é${{ 'ü' }}", "éü"),
    ],
)
def test_a_longer_string_becomes_text_with_json_for_what_is_no_string(scope, text, wanted):
    assert evaluate(text, scope) == wanted


def test_strings_anywhere_in_a_tree_are_replaced_and_keys_are_not(scope):
    tree = {"${{ name }}": ["${{ count }}", {"a": "${{ name }}-x"}], "n": 1, "t": None}
    assert evaluate(tree, scope) == {"${{ name }}": [3, {"a": "gpt-x"}], "n": 1, "t": None}


def test_the_result_of_an_expression_is_not_read_again():
    assert evaluate("${{ a }}", NameScope({"a": "${{ b }}"})) == "${{ b }}"


def test_a_value_can_not_change_the_structure():
    assert evaluate({"a": "${{ p }}"}, NameScope({"p": '"}, "b": {"'})) == {"a": '"}, "b": {"'}


def test_marks_that_are_in_a_tree_already_stay(scope):
    marked = [Sensitive("${{ name }}"), Unknown("n", "o")]
    assert evaluate(marked, scope) == marked


def test_an_unknown_output_stays_itself(value):
    assert value("later.model_id") == Unknown("later", "model_id")


@pytest.mark.parametrize(
    "source",
    [
        "later.model_id ~ 'x'",
        "later.model_id | upper",
        "later.model_id == 'x'",
        "later.model_id is string",
        "later.model_id.member",
        "later.model_id[0]",
        "settings[later.model_id]",
        "not later.model_id",
        "1 if later.model_id else 2",
        "later.model_id and 1",
        "later.model_id or 1",
        "'x' | replace('x', later.model_id)",
        "name[later.model_id:]",
        "-later.model_id",
        "1 < later.model_id < 3",
        "[later.model_id] | length",
        "later.model_id.member is defined",
        "later.model_id | default('x', true)",
        "1 + (1 if later.model_id else 2)",
    ],
)
def test_what_is_computed_from_an_unknown_is_unknown_and_no_output(value, source):
    assert value(source) == Unknown("later", "")


def test_a_string_with_an_unknown_in_it_is_unknown(scope):
    assert evaluate("id: ${{ later.model_id }}!", scope) == Unknown("later", "")


def test_an_unknown_in_a_list_leaves_the_rest_known(value):
    assert value("[count, later.model_id, {'k': later.model_id}]") == [
        3,
        Unknown("later", "model_id"),
        {"k": Unknown("later", "model_id")},
    ]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("name if on else later.model_id", "gpt"),
        ("later.model_id if not on else name", "gpt"),
        ("nothing and later.model_id", None),
        ("name or later.model_id", "gpt"),
        ("5 < count < later.model_id", False),
        ("later.model_id is defined", True),
        ("secret is defined", True),
        ("settings.model is defined", True),
        ("settings.tags[0] is defined", True),
        ("later.model_id is undefined", False),
        ("name | default(later.model_id)", "gpt"),
        ("true if [later.model_id] else false", True),
    ],
)
def test_a_part_that_is_not_used_may_be_unknown(value, source, wanted):
    assert value(source) == wanted


def test_a_part_that_is_not_used_may_even_be_unnamed(value):
    assert value("name if on else nobody") == "gpt"


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("secret", "hush"),
        ("secret ~ name", "hushgpt"),
        ("secret | upper", "HUSH"),
        ("secret == 'x'", False),
        ("secret[0]", "h"),
        ("secret[:2]", "hu"),
        ("secret is string", True),
        ("not secret", False),
        ("secrets.user", "u"),
        ("secrets['keys'][1]", "k2"),
        ("secrets.keys | length", 2),
        ("name if secret else count", "gpt"),
        ("name if secret == 'x' else count", 3),
        ("secret and name", "gpt"),
        ("secret or name", "hush"),
        ("(secret == 'x') or name", "gpt"),
        ("settings['model' if secret else 'x'].id", "m1"),
        ("(secret != 'hush') | default(name, true)", "gpt"),
        ("1 < 2 if secret == 'hush' else 0", True),
        ("'a' < secret < 'b'", False),
        ("[secret] | first", "hush"),
        ("settings[secret] | default('x')", "x"),
        ("settings[secret] is defined", False),
        ("settings[secret] is undefined", True),
        ("settings[secret if secret == 'x' else 'tags'] is defined", True),
        ("secrets.user is defined", True),
        ("secrets.nobody is defined", False),
        ("secrets.nobody | default('x')", "x"),
        ("secret[0] is defined", True),
        ("(secret[9:] | list | first) | default(3)", 3),
    ],
)
def test_what_a_sensitive_value_flows_into_is_sensitive(value, source, wanted):
    assert sensitive(value(source)) == wanted


def test_a_string_with_a_sensitive_part_is_sensitive(scope):
    assert sensitive(evaluate("Bearer ${{ secret }}", scope)) == "Bearer hush"


def test_a_part_that_is_not_used_does_not_make_the_rest_sensitive(value):
    assert value("name if on else secret") == "gpt"


def test_a_sensitive_object_keeps_its_shape_with_sensitive_leaves(value):
    found = value("secrets")
    assert masked(found) == {
        "user": "(sensitive)",
        "keys": ["(sensitive)", "(sensitive)"],
        "none": "(sensitive)",
    }
    assert reveal(found) == {"user": "u", "keys": ["k1", "k2"], "none": {}}


def test_a_sensitive_list_inside_a_new_object_has_sensitive_leaves(value):
    assert value("{'a': secrets.keys}") == {"a": [Sensitive("k1"), Sensitive("k2")]}


@pytest.mark.parametrize(
    "source",
    [
        "later.key",
        "later.key ~ name",
        "later.model_id ~ secret",
        "secret if later.model_id else name",
        "name if later.model_id else secret",
        "later.model_id and secret",
        "later.model_id or [secrets]",
        "later.model_id | default(secret, true)",
        "1 < later.model_id < secret",
        "secrets[later.model_id]",
        "later.model_id if secret else name",
    ],
)
def test_an_unknown_that_may_turn_out_sensitive_is_sensitive(value, source):
    found = value(source)
    assert isinstance(found, Unknown)
    assert (found.node, found.sensitive) == ("later", True)


def test_a_name_that_does_not_exist_in_an_unused_part_does_not_stop_an_unknown_choice(value):
    assert value("nobody if later.model_id else name") == Unknown("later", "")


def test_a_known_comparison_before_an_unknown_one_keeps_its_secrecy(value):
    assert value("'a' < secret < later.model_id") == Unknown("later", "", sensitive=True)


def test_an_error_says_in_which_string_it_is(scope):
    with pytest.raises(ExpressionError) as caught:
        evaluate({"a": ["ok", {"b": "see ${{ nobody }}"}]}, scope)
    assert (caught.value.path, caught.value.offset) == (("a", 1, "b"), 8)


def test_no_error_message_repeats_a_sensitive_value(error):
    for source in (
        "secret + 1",
        "-secret",
        "secret | int",
        "secret < 1",
        "secret in 1",
        "secret.hush",
        "settings[secret]",
        "secrets.usr",
        "{secret: 1}",
        "secret | round",
        "1[secret]",
    ):
        found = error(source)
        assert "hush" not in found.message.replace('"hush"', "") + found.hint, source
        assert "user" not in found.message + found.hint


def test_a_tree_that_is_too_deep_is_refused(scope):
    tree: object = "${{ name }}"
    for _ in range(5_000):
        tree = [tree]
    with pytest.raises(ExpressionError, match="deeper than"):
        evaluate(tree, scope)


def test_tuples_count_as_lists(scope):
    assert evaluate(("${{ name }}", 1), scope) == ["gpt", 1]


def test_an_unknown_inside_a_sensitive_value_becomes_sensitive():
    scope = NameScope({"p": Sensitive([Unknown("n", "o"), 1, Sensitive(2)])})
    assert evaluate("${{ p }}", scope) == [
        Unknown("n", "o", sensitive=True),
        Sensitive(1),
        Sensitive(2),
    ]


def test_a_digest_passes_as_it_is_and_can_not_be_computed_with():
    sealed = {"tools": [{"$flowplan.sealed": "00"}]}
    scope = NameScope(outputs={"tool": sealed})
    assert evaluate("${{ tool.tools }}", scope) == sealed["tools"]
    with pytest.raises(ExpressionError, match="digest"):
        evaluate("${{ tool.tools | tojson }}", scope)
