"""What is refused in a file, each with its own code and its place."""

from __future__ import annotations

import pytest

from flowplan.errors import TemplateError
from flowplan.planner.source import limits, parse_text

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)

YAML = {
    "a duplicate key": ("a: 1\nb: 2\n a: 3\n".replace(" a", "a"), "FP130", 3, 1),
    "a duplicate key in a flow mapping": ("x: {a: 1, b: 2, a: 3}\n", "FP130", 1, 17),
    "a duplicate key in other quotes": ("1: x\n'1': y\n", "FP130", 2, 1),
    "a second document": ("a: 1\n---\nb: 2\n", "FP131", 2, 1),
    "a tag on a scalar": ("a: !!int '3'\n", "FP132", 1, 4),
    "a tag on a mapping": ("a: !!map {b: 1}\n", "FP132", 1, 4),
    "a tag on a list": ("a: !x [1]\n", "FP132", 1, 4),
    "a tag on a key": ("!!str a: 1\n", "FP132", 1, 1),
    "a tag of python": ("a: !!python/object/apply:os.system ['x']\n", "FP132", 1, 4),
    "a tag without a handle": ("a: !e!x 1\n", "FP132", 1, 4),
    "a bare exclamation mark": ("a: ! 1\n", "FP132", 1, 4),
    "an alias bomb": (BOMB, "FP133", 6, 45),
    "an alias to nothing": ("a: *x\n", "FP134", 1, 4),
    "an alias before its anchor": ("a: *x\nb: &x 1\n", "FP134", 1, 4),
    "an alias to what holds it": ("a: &x [1, *x]\n", "FP134", 1, 11),
    "a merge key": ("a: &x {b: 1}\nc:\n  <<: *x\n", "FP135", 3, 3),
    "a key that is a list": ("? [a]\n: 1\n", "FP136", 1, 3),
    "a key that is an object": ("? {a: 1}\n: 1\n", "FP136", 1, 3),
    "an empty key": ("?\n: 1\n", "FP136", 1, 2),
    "an alias as a key": ("a: &x b\n*x : 1\n", "FP136", 2, 1),
    "nesting": ("a: " + "[" * 101, "FP137", 1, 103),
    "nesting by aliases": (
        "a: &x " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 50 + "*x" + "]" * 50 + "\n",
        "FP137", 2, 54,
    ),
    "NaN": ("a: NaN\n", "FP139", 1, 4),
    "YAML's not a number": ("a: .nan\n", "FP139", 1, 4),
    "YAML's infinity": ("a: -.inf\n", "FP139", 1, 4),
    "JSON's infinity": ("a: [1, -Infinity]\n", "FP139", 1, 8),
    "an integer of many digits": (f"a: {'9' * 101}\n", "FP146", 1, 4),
    "a float beyond 64 bits": ("a: 1e999\n", "FP146", 1, 4),
    "nothing": ("", "FP142", 1, 1),
    "comments only": ("# nothing\n\n", "FP142", 1, 1),
    "half of a surrogate pair": ("a: b\nc: d\ud800\n", "FP143", 2, 5),
    "a control character": ("a: b\nc: \x01\n", "FP144", 2, 4),
    "a tab as indentation": ("a:\n\tb: 1\n", "FP145", 2, 1),
    "a tab as deeper indentation": ("a:\n  b: 1\n\tc: 2\n", "FP145", 3, 1),
    "an open bracket": ("a: [1, 2\nb: 3\n", "FP101", 2, 2),
    "an open quote": ('a: "b\n', "FP101", 2, 1),
    "a colon in a plain text": ("a: b: c\n", "FP101", 1, 5),
    "indentation that does not fit": ("a: 1\n  b: 2\n", "FP101", 2, 4),
    "an unknown escape": ('a: "\\q"\n', "FP101", 1, 5),
    "a comment as in JSON before a key": ('{"a": 1, // x\n"b": 2}\n', "FP147", 1, 10),
    "a comment as in JSON after a value": ('{"a": 1 // x\n}\n', "FP147", 1, 9),
    "a block comment as in JSON": ('{/* x */ "a": 1}\n', "FP147", 1, 2),
    "a comment as in JSON in a block": ("a: 1\n// b: 2\n", "FP147", 2, 1),
    "a comment as in JSON in a list": ("a: [1, // x\n 2]\n", "FP147", 1, 8),
    "another version of YAML": ("%YAML 3.0\n---\na: 1\n", "FP101", 1, 1),
}  # fmt: skip

JSON = {
    "a duplicate key": ('{"a": 1,\n\t"b": {"a": 1, "\\u0061": 2}}', "FP130", 2, 16),
    "NaN": ('{"a": NaN}', "FP139", 1, 7),
    "infinity": ('{"a": [1, -Infinity]}', "FP139", 1, 11),
    "nesting": ('{"a": ' + "[" * 200 + "]" * 200 + "}", "FP137", 1, 106),
    "nesting beyond the parser's stack": ("[" * 200_000, "FP137", 1, 101),
    "an integer of many digits": ('{"a":\n ' + "9" * 101 + "}", "FP146", 2, 2),
    "an integer of very many digits": ("9" * 5000, "FP146", 1, 1),
    "a float beyond 64 bits": ("[1, 1E+999]", "FP146", 1, 5),
    "nothing": (" \n", "FP142", 1, 1),
    "half of a surrogate pair": ('["x", "\\ud800"]', "FP143", 1, 7),
    "half of a surrogate pair in a key": ('{"\\udc00": 1}', "FP143", 1, 2),
    "half of a surrogate pair as it is": ('["\ud800"]', "FP143", 1, 3),
    "a block comment without an end": ('{\n  /* no\n  "a": 1}', "FP101", 2, 3),
    "a mistake after a comment": ('{ // "x": {\n  "a": 1,}', "FP101", 2, 10),
    "a key that is there twice, among comments": ('{"a": 1, // "a"\n "a": 2}', "FP130", 2, 2),
    "a comma too many": ('{"a": 1,}', "FP101", 1, 9),
    "a missing comma": ('{"a": 1\n "b": 2}', "FP101", 2, 2),
    "single quotes": ("{'a': 1}", "FP101", 1, 2),
    "more after the end": ("{} {}", "FP101", 1, 4),
    "an open string": ('{"a": "b', "FP101", 1, 7),
    "a line end in a string": ('{"a": "b\nc"}', "FP101", 1, 9),
    "a hash": ("# text", "FP101", 1, 1),
}  # fmt: skip


def refusal(text, syntax):
    with pytest.raises(TemplateError) as caught:
        parse_text(text, f"t.{syntax}", syntax)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


@pytest.mark.parametrize("case", YAML)
def test_in_yaml_it_is_refused_with_its_place(case):
    text, code, line, column = YAML[case]
    found = refusal(text, "yaml")
    assert (found.code, found.line, found.column) == (code, line, column), found
    assert found.file == "t.yaml"
    assert found.severity == "error"


@pytest.mark.parametrize("case", JSON)
def test_in_json_it_is_refused_with_its_place(case):
    text, code, line, column = JSON[case]
    found = refusal(text, "json")
    assert (found.code, found.line, found.column) == (code, line, column), found
    assert found.file == "t.json"


@pytest.mark.parametrize("case", [*YAML.values(), *JSON.values()])
def test_every_refusal_says_what_to_do_without_shouting(case):
    found = refusal(case[0], "json" if case in JSON.values() else "yaml")
    assert found.hint or found.detail or found.code == "FP101"
    assert "!" not in found.summary


def test_too_many_values_in_yaml_are_refused_at_the_first_too_many(monkeypatch):
    monkeypatch.setattr("flowplan.planner.source.yaml_values.MAX_VALUES", 3)
    found = refusal("[a, b,\n c, d]", "yaml")
    assert (found.code, found.line, found.column) == ("FP138", 2, 2)


def test_too_many_values_in_json_are_refused_at_the_first_too_many(monkeypatch):
    for module in ("json_values", "json_places"):
        monkeypatch.setattr(f"flowplan.planner.source.{module}.MAX_VALUES", 3)
    found = refusal("[1, 2,\n 3, 4]", "json")
    assert (found.code, found.line, found.column) == ("FP138", 2, 2)


def test_a_text_beyond_the_limit_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr("flowplan.planner.source.reading.MAX_BYTES", 10)
    assert refusal("a: " + "b" * 20, "yaml").code == "FP138"


def test_an_alias_bomb_is_refused_before_it_is_built():
    deep = BOMB + "".join(f"b{n}: [{', '.join(['*a8'] * 50)}]\n" for n in range(50))
    assert refusal(deep, "yaml").code == "FP133"


def test_the_slow_parser_refuses_tabs_and_control_characters_too(monkeypatch):
    import yaml

    monkeypatch.delattr(yaml, "CSafeLoader")
    assert refusal("a:\n\tb: 1\n", "yaml").code == "FP145"
    assert refusal("a: \x01\n", "yaml").code == "FP144"


def test_the_slow_parser_does_not_let_half_a_surrogate_pair_through(monkeypatch):
    import yaml

    monkeypatch.delattr(yaml, "CSafeLoader")
    assert refusal('a: "\\ud800"\n', "yaml").code == "FP143"


def test_the_excerpt_shows_the_line_and_what_is_wrong_in_it():
    found = refusal("a: 1\nb: [1, .nan]  # x\n", "yaml")
    assert found.excerpt == "b: [1, .nan]  # x"
    assert found.excerpt[found.column - 1 :][: found.span] == ".nan"


def test_the_excerpt_of_an_unreadable_line_hides_what_may_be_a_secret():
    found = refusal("credential: {openAI_key: 'sk-12345, x: y}\n", "yaml")
    both = refusal('{"openAI_key": "sk-12345" "x": 1}', "json")
    assert "sk-12345" not in repr((found, both))


@pytest.mark.parametrize("mark", ["!", "*", "&", "@", "%", "`"])
def test_a_password_that_begins_with_a_mark_of_yaml_is_not_shown(mark):
    with pytest.raises(TemplateError) as caught:
        parse_text(f"password: {mark}hunter2 {mark}hunter2\n", "t.yaml", "yaml")
    assert "hunter2" not in repr(caught.value.diagnostics)


def test_a_very_long_line_is_not_shown():
    found = refusal("a: [" + "x, " * 500 + ".nan]\n", "yaml")
    assert (found.code, found.excerpt, found.span) == ("FP139", "", 0)
    assert found.column == 5 + 1500


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("a: {b: ${{ c }}}\n", "quote an expression"),
        ("a: b: c\n", "quote a text that holds `: `"),
        ("a: [1, 2\nb: 3\n", "close the brackets"),
        ("a: 1\n- b\n", "check the indentation"),
        ("a: @b\n", "quote a text that begins with this character"),
    ],
)
def test_a_common_slip_in_yaml_gets_advice(text, advice):
    found = refusal(text, "yaml")
    assert found.code == "FP101"
    assert advice in found.hint, found


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ('{"a": 1,}', "no comma follows"),
        ('{"a": 1\n "b": 2}', "missing comma"),
        ("{} {}", "nothing may follow"),
        ('["x', "close the double quote"),
        ('["x\n"]', "as \\n"),
        ("# text", "begin with // in JSON"),
        ("[1, /* x", "close the comment"),
        ("[1, ]", "no comma"),
        ('{"a": tru}', "double quotes"),
    ],
)
def test_a_common_slip_in_json_gets_advice(text, advice):
    found = refusal(text, "json")
    assert found.code == "FP101"
    assert advice in found.hint, found


def test_the_limits_are_what_the_documentation_says():
    assert (limits.MAX_DEPTH, limits.MAX_DIGITS) == (100, 100)
    assert (limits.MAX_BYTES, limits.MAX_VALUES) == (32 * 1024 * 1024, 1_000_000)
