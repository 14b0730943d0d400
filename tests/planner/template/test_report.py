"""How findings become diagnostics, and that no excerpt shows a secret."""

from __future__ import annotations

import json

import pytest

from flowplan.planner.source import parse_text
from flowplan.planner.template.report import Report, listed


def report(text="a: 1\nb: secret # x\n"):
    return Report(parse_text(text, "t.yaml", "yaml"))


def test_nothing_found_is_no_diagnostics():
    found = report()
    assert found.empty
    assert not found.failed
    assert found.diagnostics() == ()


def test_a_warning_is_no_failure():
    found = report()
    found.error("FP112", "x", ("a",), warning=True)
    assert not found.empty
    assert not found.failed


def test_an_excerpt_hides_a_secret_and_keeps_its_columns():
    found = report()
    found.secrets.append(("b",))
    found.error("FP106", "x", ("b",), key=True)
    (item,) = found.diagnostics()
    assert item.excerpt == "b: •••••• # x"


def test_an_excerpt_hides_the_part_of_a_secret_on_its_line():
    found = report('a: {k: "one\n  two", v: x}\n')
    found.secrets.append(("a", "k"))
    found.error("FP106", "x", ("a",), key=True)
    found.error("FP106", "x", ("a", "v"))
    assert [item.excerpt for item in found.diagnostics()] == ["a: {k: ••••", "••••••, v: x}"]


def test_suggestions_end_when_they_have_cost_enough(monkeypatch):
    monkeypatch.setattr("flowplan.planner.template.report.SUGGESTION_BUDGET", 3)
    found = report()
    assert found.did_you_mean("nam", ("name", "x")) == 'did you mean "name"?'
    assert found.did_you_mean("nam", ("name", "x"), "remove it") == "remove it"


@pytest.mark.parametrize(
    ("names", "text"),
    [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")],
)
def test_names_are_listed_as_in_a_sentence(names, text):
    assert listed(names) == text


WRONG = """\
name: x
workflows:
  provision:
    nodes:
    - {id: a, type: create_connector, user_inputs: {credential: {k: S3CRET}, nme: y, api_key: S3CRET}}
    - {id: b, type: create_connectr, user_inputs: {credential: {k: S3CRET}, headers: {Authorization: S3CRET}}}
    - {id: c, type: create_connector, user_inputs: {credential: S3CRET, version: 1.5}}
    - {id: d, type: create_connector, user_inputs: {credentials: {k: S3CRET}, parameters: {token: S3CRET}}}
    - {id: e, type: create_connector, user_inputs: {credential: [S3CRET, {k: &x S3CRET}], name: *x}}
    - {id: e, type: create_connector, user_inputs: {credential: {k: ["S3CRET"]}}, bogus: 1}
flowplan:
  params: {p: {sensitive: true, default: S3CRET, enum: [S3CRET], patern: x}}
"""


@pytest.mark.parametrize("syntax", ["yaml", "json"])
def test_no_diagnostic_of_a_template_shows_its_secrets(check, syntax):
    text = WRONG
    if syntax == "json":
        text = json.dumps(parse_text(WRONG.replace("*x", "y"), "t.yaml", "yaml").value)
    found = check(text, syntax=syntax)
    assert len(found.found) >= 10
    assert "S3CRET" not in repr(found.found)


def test_what_is_no_secret_stays_readable(check):
    found = check(WRONG)
    assert "nme: y" in found.found[0].excerpt + found.found[1].excerpt


def test_an_expression_in_a_secret_place_stays_readable(check):
    text = WRONG.replace("{k: S3CRET}, nme", "{k: '${{ a b }}'}, nme")
    assert "${{ a b }}" in check(text).found[0].excerpt
