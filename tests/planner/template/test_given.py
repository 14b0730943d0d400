"""The values of params against their declarations."""

from __future__ import annotations

import pytest

from flowplan.planner.source import parse_text
from flowplan.planner.template import ParamSpec, check_params, misfit, parse
from flowplan.planner.values import Sensitive
from flowplan.providers.registry import Registry

TEXT = """\
name: x
workflows:
  provision:
    nodes:
    - {id: alpha, type: register_model_group, user_inputs: {name: g}}
    - {id: b, type: noop, user_inputs: {delay: "%s"}}
"""
DECLARED = """\
flowplan:
  params:
    key: {sensitive: true, pattern: "[a-z]+", description: The key.}
    region: {enum: [eu, us]}
    size: {type: integer, default: 3}
"""


@pytest.fixture
def declared(check):
    return check(TEXT % "x" + DECLARED).template


@pytest.fixture
def implied(check):
    return lambda expression: check(TEXT % expression).template


def test_right_values_are_accepted(declared):
    given = {"key": Sensitive("abc"), "region": "eu", "size": 4}
    assert check_params(declared, given) == ()


def test_a_default_stands_in_for_a_value(declared):
    assert check_params(declared, {"key": "abc", "region": "us"}) == ()


def test_every_param_without_a_value_is_reported_at_its_declaration(declared):
    found = check_params(declared, {})
    assert [(item.code, item.line, item.column) for item in found] == [
        ("FP118", 9, 5),
        ("FP118", 10, 5),
    ]
    assert found[0].summary == "the param `key` has no value"
    assert found[0].detail == "The key."


def test_a_sensitive_param_is_not_asked_for_on_the_command_line(declared):
    found = check_params(declared, {})
    assert found[0].hint == "set FLOWPLAN_PARAM_key, or use -p key=@FILE"
    assert found[1].hint.startswith("use -p region=VALUE")


WRONG = {
    "type": ({"size": "4"}, "the param `size` must be an integer, not a string"),
    "pattern": ({"key": "ABC"}, "the param `key` does not match the pattern [a-z]+"),
    "part of the pattern": ({"key": "abc1"}, "the param `key` does not match the pattern [a-z]+"),
    "enum": ({"region": "asia"}, "the param `region` is not one of the values in `enum`"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_value_that_does_not_fit_is_reported(declared, case):
    given, summary = WRONG[case]
    found = check_params(declared, {"key": "abc", "region": "eu", **given})
    assert [(item.code, item.summary) for item in found] == [("FP119", summary)]


def test_no_message_shows_a_value(declared):
    found = check_params(declared, {"key": Sensitive("HUNTER2"), "region": "HUNTER2"})
    assert len(found) == 2
    assert "HUNTER2" not in repr(found)


def test_an_implicit_param_without_a_value_is_reported_where_it_is_used(implied):
    found = check_params(implied("wait ${{ time }}"), {})
    assert [(item.code, item.line, item.column) for item in found] == [("FP118", 6, 58)]
    assert found[0].hint.startswith("use -p time=VALUE")


def test_an_implicit_param_is_a_string(implied):
    template = implied("${{ time }}")
    assert check_params(template, {"time": "5s"}) == ()
    assert [item.code for item in check_params(template, {"time": 5})] == ["FP119"]


def test_an_optional_param_may_have_no_value(implied):
    assert check_params(implied("${{ time | default('1s') }}"), {}) == ()


def test_a_param_that_is_named_as_a_node_says_how_outputs_are_named(implied):
    (found,) = check_params(implied("${{ alpha }}"), {})
    assert found.code == "FP118"
    assert "node.output" in found.detail


def test_a_dotted_name_that_was_not_given_was_meant_as_an_output(implied):
    (found,) = check_params(implied("${{ alfa.zzz }}"), {})
    assert (found.code, found.summary) == ("FP104", 'no node "alfa"')
    assert found.hint == 'did you mean "alpha"?'


def test_an_output_that_does_not_exist_was_meant_as_an_output(implied):
    (found,) = check_params(implied("${{ alpha.zzz }}"), {})
    assert found.code == "FP116"
    assert '"zzz"' in found.summary


@pytest.mark.parametrize("name", ["alfa.zzz", "alpha.zzz", "b.delay"])
def test_a_dotted_name_that_was_given_is_a_param(implied, name):
    assert check_params(implied(f"${{{{ {name} }}}}"), {name: "x"}) == ()


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("number", 1),
        ("number", 1.5),
        ("integer", 1),
        ("boolean", True),
        ("array", []),
        ("object", {}),
    ],
)
def test_a_value_of_its_type_fits(type, value):
    assert misfit(ParamSpec("p", type=type), value) == ""


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("number", True),
        ("integer", 1.0),
        ("boolean", 1),
        ("array", {}),
        ("object", None),
        ("string", 1),
    ],
)
def test_a_value_of_another_type_does_not_fit(type, value):
    assert misfit(ParamSpec("p", type=type), value).startswith("must be ")


def test_an_enum_does_not_take_one_for_true():
    spec = ParamSpec("p", type="integer", enum=(1,))
    assert misfit(spec, 1) == ""
    assert misfit(ParamSpec("p", type="number", enum=(1,)), 1.0) != ""


def test_an_implicit_secret_is_not_asked_for_on_the_command_line(check):
    text = TEXT.replace(
        "type: noop, user_inputs: {delay", "type: create_connector, user_inputs: {x"
    )
    text = (text % "x").replace(
        "{x:", "{name: c, version: '1', protocol: h, actions: [], credential: {k: '${{ k }}'}, x:"
    )
    (found,) = check_params(check(text).template, {})
    assert found.hint == "set FLOWPLAN_PARAM_k, or use -p k=@FILE"


def test_a_default_that_does_not_fit_is_told_once_and_where_it_stands(check):
    text = TEXT % "x" + "flowplan:\n  params:\n    size: {type: integer, default: many}\n"
    document = parse_text(text, "t.yaml", "yaml")
    template, found = parse(document, Registry(), partial=True)
    assert [item.code for item in found if item.severity == "error"] == ["FP120"]
    assert template is not None
    assert check_params(template, {"size": "many"}) == ()
    assert [item.code for item in check_params(template, {"size": "more"})] == ["FP119"]
