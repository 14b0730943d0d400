"""The declarations of params."""

from __future__ import annotations

import pytest

HEAD = "name: x\nworkflows: {provision: {nodes: [{id: a, type: noop}]}}\nflowplan:\n  params:\n"

CASES = {
    "a param that is no object": ("p: 5", [("FP106", 5, 8)]),
    "a null": ("p:", [("FP106", 5, 7)]),
    "an unknown key": ("p: {sensitiv: true}", [("FP102", 5, 9)]),
    "an unknown type": ("p: {type: strng}", [("FP120", 5, 15)]),
    "a type that is no string": ("p: {type: 5}", [("FP106", 5, 15)]),
    "sensitive that is no boolean": ("p: {sensitive: yes}", [("FP106", 5, 20)]),
    "a description that is no string": ("p: {description: [x]}", [("FP106", 5, 22)]),
    "a pattern that is none": ("p: {pattern: '('}", [("FP120", 5, 18)]),
    "a pattern that is no string": ("p: {pattern: 5}", [("FP106", 5, 18)]),
    "a pattern for a number": ("p: {type: number, pattern: x}", [("FP120", 5, 23)]),
    "an enum that is no list": ("p: {enum: x}", [("FP106", 5, 15)]),
    "an enum with a value of another type": ("p: {enum: [a, 1]}", [("FP120", 5, 19)]),
    "a default of another type": ("p: {type: integer, default: 1.5}", [("FP120", 5, 33)]),
    "a null default": ("p: {default: null}", [("FP120", 5, 18)]),
    "a default that does not match": ("p: {pattern: '[a-z]', default: ab}", [("FP120", 5, 36)]),
    "a default that is not in enum": ("p: {enum: [a], default: b}", [("FP120", 5, 29)]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_declaration_is_reported(check, case):
    line, places = CASES[case]
    found = check(f"{HEAD}    {line}\n")
    assert found.places == places
    assert found.found[0].hint


@pytest.mark.parametrize(
    "line",
    [
        "p: {}",
        "p: {type: object, default: {a: 1}}",
        "p: {type: array, default: [1]}",
        "p: {type: number, default: 1, enum: [1, 2.5]}",
        "p: {type: integer, default: 7}",
        "p: {type: boolean, default: false, sensitive: true}",
        "p: {default: '', description: none, pattern: ''}",
    ],
)
def test_a_right_declaration_is_accepted(check, line):
    found = check(f"{HEAD}    {line}\n")
    assert found.codes == []
    assert found.template.params["p"].path == ("flowplan", "params", "p")


def test_params_that_are_no_object_are_reported(check):
    found = check(HEAD.replace("params:\n", "params: [x]\n"))
    assert found.places == [("FP106", 4, 11)]


def test_the_nearest_type_is_suggested(check):
    found = check(f"{HEAD}    p: {{type: strng}}\n")
    assert found.found[0].hint == 'did you mean "string"?'


def test_a_wrong_default_of_a_sensitive_param_is_never_shown(check):
    found = check(f"{HEAD}    p: {{sensitive: true, pattern: 'a+', default: hunter2}}\n")
    assert found.codes == ["FP120"]
    assert "hunter2" not in repr(found.found)
    assert "•" in found.found[0].excerpt
