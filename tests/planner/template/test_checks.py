"""`flowplan.checks`: what is asked once all is there, and what is expected."""

from __future__ import annotations

import pytest

from flowplan.planner.template import Expectation

NODES = (
    "nodes: [{id: group, type: register_model_group, user_inputs: {name: g}}, "
    "{id: model, type: register_remote_model, user_inputs: {name: m, connector_id: c}}]"
)
PREDICT = "name: a, predict: model, body: {}"
SEARCH = "name: a, search: words"


def top(checks, rest=""):
    return f"name: x\nworkflows: {{provision: {{{NODES}}}}}\nflowplan: {{{rest}checks: {checks}}}\n"


CASES = {
    "no list": ("{}", ["FP106"], "write a list"),
    "an entry that is no object": ("[a]", ["FP106"], "write an object"),
    "an entry without a name": ("[{predict: model, body: {}}]", ["FP105"], "add `name`"),
    "an entry without a question": ("[{name: a}]", ["FP148"], "add `predict: NODE`"),
    "two questions": ("[{name: a, predict: model, search: words}]", ["FP148"], "make a check"),
    "a prediction without a body": ("[{name: a, predict: model}]", ["FP105"], "add `body`"),
    "a body that is no object": ("[{name: a, predict: model, body: x}]", ["FP106"], "write an"),
    "an unknown key": (f"[{{{PREDICT}, expekt: []}}]", ["FP102"], 'did you mean "expect"?'),
    "a pipeline of a prediction": (f"[{{{PREDICT}, pipeline: p}}]", ["FP102"], "remove it"),
    "a name that stands twice": (f"[{{{PREDICT}}}, {{{SEARCH}}}]", ["FP149"], "give each a name"),
    "a node that is not there": (
        "[{name: a, predict: modell, body: {}}]", ["FP154"], 'did you mean "model"?',
    ),
    "a node with nothing to ask": (
        "[{name: a, predict: group, body: {}}]", ["FP154"], "name a node that gives model_id",
    ),
    "a path that is none": (
        f"[{{{PREDICT}, expect: {{path: 'a..b', equals: 1}}}}]", ["FP168"], "write it as hits",
    ),
    "an expectation without a test": (
        f"[{{{PREDICT}, expect: {{path: a}}}}]", ["FP168"], "add `exists: true`",
    ),
    "an expectation with two tests": (
        f"[{{{PREDICT}, expect: {{path: a, equals: 1, contains: 1}}}}]", ["FP168"], "write them",
    ),
    "a pattern that is none": (
        f"[{{{PREDICT}, expect: {{path: a, matches: '('}}}}]", ["FP168"], "write it in the syntax",
    ),
    "a limit that is no number": (
        f"[{{{PREDICT}, expect: {{path: a, at_least: many}}}}]", ["FP106"], "write a number",
    ),
    "a time that is none": (f"[{{{PREDICT}, timeout: soon}}]", ["FP169"], "write it as"),
    "a time without an end": (f"[{{{PREDICT}, timeout: '0'}}]", ["FP169"], "write it as"),
    "retries that are no number": (f"[{{{PREDICT}, retries: yes}}]", ["FP169"], "write how many"),
    "too many retries": (f"[{{{PREDICT}, retries: 21}}]", ["FP169"], "write how many"),
    "an output that is not there": (
        "[{name: a, search: '${{ group.model_id }}'}]", ["FP116"], "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_of_checks_it_is_reported(check, case):
    lines, codes, hint = CASES[case]
    found = check(top(lines, "params: {}, "))
    assert found.codes == codes
    assert found.found[0].hint.startswith(hint)
    assert found.found[0].line == 3


def test_a_check_has_what_is_written_and_defaults_for_the_rest(check):
    entry = f"{{{PREDICT}, expect: {{path: 'a[0].b', equals: [1]}}}}"
    found = check(top(f"[{entry}, {{name: b, search: words, timeout: 2s, pipeline: p}}]"))
    one, other = found.template.checks
    assert (one.kind, one.subject, one.timeout, one.retries) == ("predict", "model", 30.0, 0)
    place = ("flowplan", "checks", 0, "expect")
    assert one.expects == (Expectation(("a", 0, "b"), "equals", [1], place),)
    assert (other.kind, other.pipeline, other.timeout, other.expects) == ("search", "p", 2.0, ())


def test_what_is_compared_with_may_be_an_expression(check):
    expect = "[{path: a, at_least: '${{ least }}'}, {path: b, exists: '${{ there }}'}]"
    found = check(top(f"[{{{PREDICT}, expect: {expect}}}]"))
    assert found.codes == []
    assert set(found.template.implicit) == {"least", "there"}


def test_one_of_several_nodes_may_be_asked_by_its_key(check):
    found = check(top("""[{name: a, predict: 'model["eu"]', body: {}}]"""))
    assert found.codes == []


def test_a_search_takes_the_name_of_an_index_that_no_node_makes(check):
    found = check(top("[{name: a, search: logs-2026}]"))
    assert (found.codes, found.template.checks[0].subject) == ([], "logs-2026")
