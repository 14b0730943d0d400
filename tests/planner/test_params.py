"""Where params get their values, in which order, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import Diagnostic, ProjectError, TemplateError, UsageError
from flowplan.planner.param_text import MAX_FILE
from flowplan.planner.params import Params, ParamsFile, ProjectParam, resolve
from flowplan.planner.template import ParamSpec
from flowplan.planner.values import Sensitive

SALT = "00" * 16


def specs(**given):
    return {name: ParamSpec(name=name, **kinds) for name, kinds in given.items()}


def diagnostics(*args, **kwargs):
    with pytest.raises(TemplateError) as caught:
        resolve(*args, **kwargs)
    return caught.value.diagnostics


def only(*args, **kwargs):
    (found,) = diagnostics(*args, **kwargs)
    return found


def given(value=None, fetch=None):
    """What a project file gives, at 7:3 of it."""

    def told(code, summary):
        return Diagnostic("error", code, summary, file="flowplan.yaml", line=7, column=3)

    return ProjectParam("flowplan.yaml", told, value, fetch)


def named(path):
    """A params file that a project file names, at the same place."""
    return ParamsFile(path, given().told)


K = specs(k={})


def test_the_order_is_flag_file_environment_project_default(tmp_path):
    declared = specs(k={"default": "from default", "has_default": True})
    path = tmp_path / "p.yaml"
    path.write_text("k: from file")
    layers = [
        ("flags", ["k=from flag"], "-p k"),
        ("files", [path], str(path)),
        ("environ", {"FLOWPLAN_PARAM_k": "from environ"}, "FLOWPLAN_PARAM_k"),
        ("saved", {"k": "from saved"}, "the saved plan"),
        ("project", [{"k": given("from project")}], "flowplan.yaml"),
    ]
    for first in range(len(layers)):
        left: dict[str, Any] = {name: value for name, value, _ in layers[first:]}
        params = resolve(declared, **left)
        assert params.sources["k"] == layers[first][2]
        word = layers[first][0].removesuffix("s")
        assert params.values["k"] == f"from {word}"
    assert resolve(declared).values == {"k": "from default"}
    assert resolve(declared).sources == {"k": "default"}


def test_of_several_flags_and_files_the_last_counts(tmp_path):
    one, two = tmp_path / "1.json", tmp_path / "2.json"
    one.write_text('{"k": 1, "only": 1}')
    two.write_text('{"k": 2}')
    declared = specs(k={"type": "integer"}, only={"type": "integer"})
    assert resolve(declared, files=[one, two]).values == {"k": 2, "only": 1}
    assert resolve(K, flags=["k=1", "k=2"]).values == {"k": "2"}


def test_a_flag_is_text_with_everything_after_the_first_equals_sign():
    assert resolve(K, flags=["k=a=b"]).values == {"k": "a=b"}
    assert resolve(K, flags=["k="]).values == {"k": ""}


def test_a_flag_and_the_environment_give_text_even_when_it_looks_like_a_number():
    assert resolve(K, flags=["k=5"]).values == {"k": "5"}
    assert resolve(K, environ={"FLOWPLAN_PARAM_k": "true"}).values == {"k": "true"}


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        ("number", "0.5", 0.5),
        ("integer", "5", 5),
        ("boolean", "true", True),
        ("array", '["a", 1]', ["a", 1]),
        ("object", '{"a": {"b": null}}', {"a": {"b": None}}),
        ("string", "[1]", "[1]"),
    ],
)
def test_a_declared_type_is_read_from_text_as_json(type, text, value):
    declared = specs(k={"type": type})
    assert resolve(declared, flags=[f"k={text}"]).values == {"k": value}
    assert resolve(declared, environ={"FLOWPLAN_PARAM_k": text}).values == {"k": value}


@pytest.mark.parametrize(
    ("type", "text"),
    [
        ("number", "abc"),
        ("number", "NaN"),
        ("number", "Infinity"),
        ("number", "1e999"),
        ("integer", ""),
        ("boolean", "True"),
        ("boolean", "yes"),
        ("array", "[1"),
        ("object", '{"a": 1, "a": 2}'),
        ("array", "[" * 150 + "]" * 150),
        ("array", "[" * 100_000),
    ],
)
def test_text_that_is_no_json_of_the_type_is_refused(type, text):
    found = only(specs(k={"type": type}), flags=[f"k={text}"])
    assert found.code == "FP163"
    assert type in found.summary
    assert "k=" in found.hint


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        ({"type": "integer"}, "1.5"),
        ({"type": "number"}, "true"),
        ({"type": "object"}, "[]"),
        ({"pattern": "[a-z]+"}, "A1"),
        ({"enum": ("eu", "us")}, "xx"),
    ],
)
def test_a_value_that_does_not_fit_the_declaration_is_refused(kinds, text):
    found = only(specs(k=kinds), flags=[f"k={text}"])
    assert found.code == "FP164"
    assert "-p k" in found.summary


def test_no_message_repeats_a_value():
    declared = specs(
        a={"sensitive": True, "pattern": "x+"},
        b={"sensitive": True, "type": "integer"},
        c={"sensitive": True, "enum": ("x",)},
        d={"sensitive": True, "type": "array"},
    )
    found = diagnostics(declared, flags=["a=hush", "b=hush", "c=hush", 'd="hush"', "e=hush"])
    assert len(found) == 5
    assert "hush" not in str(found)


def test_all_mistakes_are_told_at_once(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("nope: 1\nk: 5\n")
    found = diagnostics(K, flags=["kk=1"], files=[path, tmp_path / "absent.json"])
    assert sorted(d.code for d in found) == ["FP100", "FP160", "FP160", "FP164"]


def test_a_mistake_in_a_params_file_has_its_place(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("ok: a\nk:  5\n")
    found = only(specs(ok={}, k={}), files=[path])
    assert (found.file, found.line, found.column) == (str(path), 2, 5)


def test_a_name_that_is_no_param_gets_the_nearest(tmp_path):
    path = tmp_path / "p.json"
    path.write_text('{"opnai_key": "x"}')
    declared = specs(openai_key={})
    for found in (only(declared, flags=["opnai_key=x"]), only(declared, files=[path])):
        assert found.code == "FP160"
        assert '"openai_key"' in found.hint
    assert (found.line, found.column) == (1, 2)


def test_a_name_unlike_any_gets_the_list():
    assert "alpha, beta" in only(specs(alpha={}, beta={}), flags=["zzzzzz=1"]).hint
    assert "none" in only({}, flags=["k=1"]).hint


def test_a_name_that_an_expression_implies_may_be_given():
    params = resolve({}, flags=["a.b=1"], implicit=frozenset({"a.b", "c"}))
    assert params.values == {"a.b": "1"}
    assert params.missing == ("c",)


def test_a_file_that_is_not_an_object_is_refused(tmp_path):
    path = tmp_path / "p.json"
    path.write_text("[1]")
    assert only(K, files=[path]).code == "FP161"


def test_a_line_of_a_broken_params_file_is_not_shown(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text('pin: "hush\n')
    found = only(K, files=[path])
    assert (found.excerpt, found.span) == ("", 0)
    assert "hush" not in str(found)


def test_what_has_no_value_is_missing_and_no_error():
    params = resolve(specs(b={}, a={}), implicit=frozenset({"z", "y", "a"}))
    assert params.missing == ("b", "a", "y", "z")
    assert params.values == {}


def test_a_default_may_be_null():
    assert resolve(specs(k={"default": None, "has_default": True})).values == {"k": None}


def test_a_file_flag_gives_the_text_without_its_last_line_end(tmp_path):
    path = tmp_path / "key"
    for content, wanted in [
        (b"abc\n", "abc"),
        (b"abc\r\n", "abc"),
        (b"a\nb\n\n", "a\nb\n"),
        (b"abc", "abc"),
        (b"\xef\xbb\xbfabc", "abc"),
        (b"@x", "@x"),
    ]:
        path.write_bytes(content)
        assert resolve(K, flags=[f"k=@{path}"]).values == {"k": wanted}


def test_a_file_flag_of_a_declared_type_is_read_as_json(tmp_path):
    path = tmp_path / "list"
    path.write_text("[1]\n")
    assert resolve(specs(k={"type": "array"}), flags=[f"k=@{path}"]).values == {"k": [1]}


def test_two_at_signs_stand_for_one():
    assert resolve(K, flags=["k=@@name"]).values == {"k": "@name"}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "directory"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "UTF-8"),
        (lambda path: path.write_bytes(b"a" * (MAX_FILE + 1)), "larger"),
    ],
)
def test_a_file_flag_that_can_not_be_read_says_why(tmp_path, make, words):
    path = tmp_path / "x"
    make(path)
    found = only(K, flags=[f"k=@{path}"])
    assert found.code == "FP162"
    assert words in found.detail


@pytest.mark.parametrize("flag", ["k", "=v", ""])
def test_a_flag_without_name_and_value_is_a_usage_error(flag):
    with pytest.raises(UsageError) as caught:
        resolve(K, flags=[flag])
    assert caught.value.diagnostics[0].code == "FP620"


def test_a_flag_without_equals_is_not_repeated():
    with pytest.raises(UsageError) as caught:
        resolve(K, flags=["sk-hush"])
    assert "hush" not in str(caught.value.diagnostics)


def test_a_sensitive_value_is_wrapped_from_every_source(tmp_path):
    declared = specs(k={"sensitive": True, "default": "v", "has_default": True})
    path = tmp_path / "p.json"
    path.write_text('{"k": "v"}')
    for kwargs in (
        {},
        {"flags": ["k=v"]},
        {"files": [path]},
        {"environ": {"FLOWPLAN_PARAM_k": "v"}},
        {"saved": {"k": "v"}},
        {"project": [{"k": given("v")}]},
        {"project": [{"k": given(fetch=lambda: "v")}]},
        {"project": [named(path)]},
    ):
        assert resolve(declared, **kwargs).values == {"k": Sensitive("v")}


def test_a_sensitive_value_on_the_command_line_is_warned_of(tmp_path):
    declared = specs(k={"sensitive": True}, plain={})
    (found,) = resolve(declared, flags=["k=hush", "plain=x"]).warnings
    assert (found.severity, found.code) == ("warning", "FP166")
    assert "FLOWPLAN_PARAM_k" in found.hint
    assert "hush" not in str(found)


def test_a_sensitive_value_from_a_file_or_the_environment_is_not_warned_of(tmp_path):
    path = tmp_path / "key"
    path.write_text("v")
    declared = specs(k={"sensitive": True})
    assert resolve(declared, flags=[f"k=@{path}"]).warnings == ()
    assert resolve(declared, environ={"FLOWPLAN_PARAM_k": "v"}).warnings == ()


def test_an_unknown_name_in_the_project_file_is_refused_with_its_place():
    found = only(specs(model={}), project=[{"modle": given("x")}])
    assert (found.code, found.line, found.hint) == ("FP160", 7, 'Did you mean "model"?')


def test_the_stronger_layer_of_a_project_file_counts(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("k: from file\nother: from file")
    declared = specs(k={}, other={})
    params = resolve(declared, project=[{"k": given("strong")}, named(path), {"k": given("weak")}])
    assert params.values == {"k": "strong", "other": "from file"}


def test_a_params_file_that_is_not_there_is_told_where_the_project_file_names_it(tmp_path):
    found = only(K, project=[named(tmp_path / "none.yaml")])
    assert (found.code, found.file, found.line) == ("FP100", "flowplan.yaml", 7)
    assert "none.yaml" in found.summary


def test_a_mistake_in_such_a_file_has_its_own_place(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("k: 1\nk: 2\n")
    found = only(K, project=[named(path)])
    assert (found.file, found.line) == (str(path), 2)


def test_a_secret_of_the_project_file_is_not_fetched_for_a_param_that_has_a_value():
    def fetch():
        raise AssertionError

    assert resolve(K, flags=["k=v"], project=[{"k": given(fetch=fetch)}]).values == {"k": "v"}


def test_a_fetched_value_is_sensitive_whatever_its_param_says():
    params = resolve(K, project=[{"k": given(fetch=lambda: "hush")}])
    assert params.values == {"k": Sensitive("hush")}


def test_a_fetched_value_is_read_as_json_where_the_param_is_no_string():
    declared = specs(k={"type": "integer"})
    params = resolve(declared, project=[{"k": given(fetch=lambda: "5")}])
    assert params.values == {"k": Sensitive(5)}


def test_what_keeps_a_secret_from_being_fetched_is_told_with_the_other_mistakes():
    def fetch():
        raise ProjectError.of("FP625", "not there")

    found = diagnostics(specs(k={}, n={"type": "integer"}), flags=["n=x"],
                        project=[{"k": given(fetch=fetch)}])  # fmt: skip
    assert [item.code for item in found] == ["FP163", "FP625"]


def test_an_empty_secret_from_the_project_file_is_warned_of():
    (found,) = resolve(K, project=[{"k": given(fetch=str)}]).warnings
    assert (found.code, found.severity) == ("FP167", "warning")


def test_a_sensitive_value_written_into_the_project_file_is_warned_of_at_its_place():
    declared = specs(k={"sensitive": True})
    (found,) = resolve(declared, project=[{"k": given("hush")}]).warnings
    assert (found.severity, found.code, found.line) == ("warning", "FP628", 7)
    assert "{env: NAME}" in found.hint
    assert "hush" not in str(found)


def test_a_value_of_the_project_file_that_does_not_fit_is_refused_with_its_place():
    found = only(specs(k={"type": "integer"}), project=[{"k": given("x")}])
    assert (found.code, found.line) == ("FP164", 7)


def test_a_variable_that_names_no_param_is_ignored():
    params = resolve(K, environ={"FLOWPLAN_PARAM_other": "x", "k": "y", "FLOWPLAN_PARAM_K": "z"})
    assert params.values == {}


def test_a_name_in_a_saved_plan_that_is_no_param_is_ignored():
    assert resolve(K, saved={"other": 1}).values == {}


@pytest.mark.parametrize("name", ["my-key", "node.credential.key"])
def test_a_variable_may_have_an_underscore_for_what_a_shell_does_not_allow(name):
    spelt = name.replace("-", "_").replace(".", "_")
    declared = {name: ParamSpec(name=name)}
    assert resolve(declared, environ={f"FLOWPLAN_PARAM_{spelt}": "v"}).values == {name: "v"}
    assert resolve(declared, environ={f"FLOWPLAN_PARAM_{name}": "v"}).values == {name: "v"}


def test_the_exact_spelling_of_a_variable_wins():
    environ = {"FLOWPLAN_PARAM_a-b": "exact", "FLOWPLAN_PARAM_a_b": "spelt"}
    assert resolve({}, environ=environ, implicit=frozenset({"a-b"})).values == {"a-b": "exact"}


def test_a_variable_that_is_a_params_own_name_is_not_another_ones():
    environ = {"FLOWPLAN_PARAM_a_b": "v"}
    params = resolve({}, environ=environ, implicit=frozenset({"a-b", "a_b"}))
    assert params.values == {"a_b": "v"}


def test_a_variable_that_could_mean_two_params_is_refused():
    names = frozenset({"a-b", "a.b"})
    found = only({}, environ={"FLOWPLAN_PARAM_a_b": "v"}, implicit=names)
    assert found.code == "FP165"
    assert "a-b and a.b" in found.summary


def test_the_digest_changes_with_a_sensitive_value_and_with_the_salt():
    one, two = Params({"k": Sensitive("a")}), Params({"k": Sensitive("b")})
    assert one.digest(SALT) == Params({"k": Sensitive("a")}).digest(SALT)
    assert len({one.digest(SALT), two.digest(SALT), one.digest("11" * 16)}) == 3


def test_the_digest_does_not_depend_on_the_order_or_the_source(tmp_path):
    path = tmp_path / "p.json"
    path.write_text('{"b": "2", "a": "1"}')
    declared = specs(a={}, b={})
    by_flag = resolve(declared, flags=["b=2", "a=1"])
    assert by_flag.digest(SALT) == resolve(declared, files=[path]).digest(SALT)


def test_no_value_shows_in_a_repr():
    assert "hush" not in repr(resolve(specs(k={"sensitive": True}), flags=["k=hush"]))
