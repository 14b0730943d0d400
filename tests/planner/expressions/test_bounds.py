"""No expression takes long, grows large or raises anything but `ExpressionError`."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowplan.planner.expressions import ExpressionError, NameScope, evaluate, references, scan
from flowplan.planner.expressions.operators import MAX_SIZE
from flowplan.planner.values import (
    Json,
    Sensitive,
    Unknown,
    canonical,
    has_unknown,
    masked,
    sensitive_paths,
)

SCOPE = NameScope(
    {"a": "text", "n": 7, "l": [1, "b", None], "o": {"k": {"k": [1.5]}}, "s": Sensitive("x")},
    {"m": {"id": "i", "u": Unknown("m", "u"), "v": Unknown("m", "v", sensitive=True)}},
)
BIG = NameScope(
    {"big": "x" * 1_000_000, "big_sharps": "ß" * 600_000, "rows": [{"a": [1] * 10}] * 40_000}
)


def outcome(text: str, scope: NameScope = SCOPE) -> Json:
    """The value, or the error; anything else than an `ExpressionError` fails the test."""
    found: Json
    try:
        found = evaluate(text, scope)
    except ExpressionError as error:
        found = error
    if isinstance(found, ExpressionError):
        assert 0 <= found.offset <= len(text)
        assert found.code.startswith("FP17")
    return found


@pytest.mark.parametrize(
    "source",
    [
        "a" + "|lower" * 3_000,
        "(" * 5_000,
        "(" * 500 + "a" + ")" * 500,
        "not " * 400 + "a",
        "not " * 990 + "a",
        "- " * 400 + "n",
        "1 + " * 300 + "1",
        "1 if a else " * 150 + "1",
        "l" + "[0]" * 150,
        "a" + "|lower" * 150,
        "'" + "a" * 70_000 + "'",
        "9" * 101,
        "1e999",
        "a" + ".k" * 100,
        "a" + "['k']" * 40,
        "big ~ big",
        "big + big",
        "[big, big] | join",
        "big | replace('x', 'yy')",
        "big | replace('', '-')",
        "[big, big] | tojson",
        "big_sharps | upper",
        "rows + rows + rows",
        "rows | tojson ~ (rows | tojson)",
        "1e308 + 1e308",
        "9" * 100 + " + 0.5 + 1e308 + 1e308",
        "1e308 | round(15, 'ceil')",
    ],
)
def test_what_would_be_too_large_is_refused(source):
    found = outcome("${{ " + source + " }}", BIG if "big" in source or "rows" in source else SCOPE)
    assert isinstance(found, ExpressionError)


def test_work_over_much_data_is_refused_before_it_takes_long():
    text = "${{ " + " and ".join(["(rows == rows)"] * 90) + " }}"
    found = outcome(text, BIG)
    assert isinstance(found, ExpressionError)
    assert (found.code, "too much data" in found.message) == ("FP174", True)


def test_a_deep_value_is_refused_and_not_a_recursion_error():
    deep: Json = 1
    for _ in range(3_000):
        deep = [deep]
    scope = NameScope({"deep": deep})
    for text in ("${{ deep | tojson }}", "x${{ deep }}", "${{ deep }}", "${{ deep == deep }}"):
        assert isinstance(outcome(text, scope), ExpressionError)


@pytest.mark.parametrize("source", ["h / 2", "h + 1", "-h", "h | float", "1 if h else h + 0.5"])
def test_numbers_beyond_every_server_are_refused_or_left_alone(source):
    found = outcome("${{ " + source + " }}", NameScope({"h": 10**400}))
    assert isinstance(found, ExpressionError) or found == 1


def test_a_number_too_long_to_write_is_refused():
    found = outcome("x${{ h }}", NameScope({"h": 10**5_000}))
    assert isinstance(found, ExpressionError)
    assert found.code == "FP174"


def test_long_text_around_an_expression_is_not_what_the_bound_is_for():
    text = "y" * (2 * MAX_SIZE)
    assert evaluate(text + "${{ n }}", SCOPE) == text + "7"


def test_a_large_value_passes_as_it_is():
    assert evaluate("${{ big }}", NameScope({"big": "x" * (2 * MAX_SIZE)})) == "x" * (2 * MAX_SIZE)


def test_ten_thousand_plain_references_are_replaced():
    tree = [{"x": "${{ m.id }}", "y": f"{n}-${{{{ a }}}}"} for n in range(10_000)]
    found = evaluate(tree, SCOPE)
    assert "${{" not in str(found)
    assert len(found) == len(tree)


def test_a_repeated_expression_is_parsed_once():
    from flowplan.planner.expressions.scan import _parse

    _parse.cache_clear()
    evaluate(["${{ a | upper }}"] * 50, SCOPE)
    assert _parse.cache_info().misses == 1
    assert _parse.cache_info().maxsize


def test_plain_references_do_not_load_jinja2():
    code = (
        "import sys\n"
        "from flowplan.planner.expressions import NameScope, evaluate\n"
        "evaluate('${{ a }} ${{ a-b.c }}', NameScope({'a': 1, 'a-b.c': 2}))\n"
        "assert 'jinja2' not in sys.modules\n"
        "evaluate('${{ a + 1 }}', NameScope({'a': 1}))\n"
        "assert 'jinja2' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


PIECES = st.sampled_from(
    [
        *"()[]{},:.|=~+-/%<> \n'\"",
        "${{", "}}", "//", "==", "!=", "<=", ">=", "**", "*", " if ", " else ", " in ", " is ",
        " not ", " and ", " or ", "true", "none", "a", "n", "l", "o", "s", "m.id", "m.u", "m.v",
        "zz", "0", "1", "2.5", "1e9", "'x'", '"y"', "{'k': 1}", "[1]", "|default(1)", "|upper",
        "|join", "|tojson", "|int", "|first", "|replace('x','y')", " is defined", " is string",
        "__class__", "o.k", "l[0]", "\\", "é", "\u0660", "\ud800",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=2_000, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=25))
def test_random_pieces_never_raise_anything_else(pieces):
    outcome("${{ " + "".join(pieces) + " }}")


@settings(max_examples=200, deadline=2_000)
@given(st.text())
def test_random_text_never_raises_anything_else(text):
    outcome("${{" + text + "}}")
    outcome(text)


def _trees(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.sampled_from(
        [
            "+",
            "-",
            "/",
            "//",
            "%",
            "~",
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "in",
            "not in",
            "and",
            "or",
        ]
    )
    filters = st.sampled_from(
        ["upper", "int", "int(1)", "length", "first", "sort", "join('-')", "tojson", "abs", "string",
         "default(1)", "default(2, true)", "replace('a', 'b')", "round(1)", "max", "list", "trim"]
    )  # fmt: skip
    tests = st.sampled_from(["defined", "none", "string", "number", "not mapping", "undefined"])
    return st.one_of(
        st.tuples(inner, binary, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, filters).map(lambda t: f"({t[0]} | {t[1]})"),
        st.tuples(inner, tests).map(lambda t: f"({t[0]} is {t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"{t[0]}[{t[1]}]"),
        st.tuples(inner, inner).map(lambda t: f"{t[0]}[{t[1]}:]"),
        st.lists(inner, max_size=3).map(lambda t: f"[{', '.join(t)}]"),
        st.tuples(inner, inner).map(lambda t: f"{{'k': {t[0]}, 'j': {t[1]}}}"),
        inner.map(lambda t: f"(not {t})"),
        inner.map(lambda t: f"(-{t})"),
    )


TREES = st.recursive(
    st.sampled_from(
        ["a", "n", "l", "o", "o.k", "s", "m.id", "m.u", "m.v", "zz", "1", "0", "2.5", "'t'", "true",
         "none", "'k'"]
    ),
    _trees,
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=500, deadline=2_000, suppress_health_check=[HealthCheck.too_slow])
@given(TREES)
def test_random_well_formed_expressions_give_a_value_or_an_expression_error(source):
    text = "${{ " + source + " }}"
    assert list(references(text)) is not None
    outcome(text)
    outcome("x" + text)


@settings(max_examples=500, deadline=2_000, suppress_health_check=[HealthCheck.too_slow])
@given(TREES)
def test_a_result_that_depends_on_a_secret_is_marked(source):
    """Non-interference: where two secrets give two visible results, the results are marked."""
    text = "${{ " + source + " }}"
    results = [
        outcome(text, NameScope({**SCOPE.params, "s": Sensitive(secret)}, SCOPE.outputs))
        for secret in ("x", "", "k", "a")
    ]
    known = [result for result in results if not isinstance(result, ExpressionError)]
    if len({canonical(masked(result)) for result in known}) > 1:
        assert all(sensitive_paths(result) for result in known)


@settings(max_examples=300, deadline=2_000, suppress_health_check=[HealthCheck.too_slow])
@given(TREES)
def test_what_is_known_now_stays_so_when_the_unknown_becomes_known(source):
    """Soundness of short cuts: a known result does not change once the output exists."""
    text = "${{ " + source + " }}"
    now = outcome(text)
    later = outcome(
        text, NameScope(SCOPE.params, {"m": {"id": "i", "u": "U", "v": Sensitive("V")}})
    )
    if isinstance(now, ExpressionError) or has_unknown(now):
        return
    assert now == later


def test_equal_texts_scan_equal():
    assert scan("a ${{ b | upper }}") == scan("a ${{ b | upper }}")
