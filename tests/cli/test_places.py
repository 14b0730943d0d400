"""The place of a node for what only knows its name."""

from __future__ import annotations

import pytest

from flowplan.cli.places import placed, placing
from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.source import parse_text
from flowplan.planner.template import Node, Template

TEXT = "name: w\nworkflows:\n  provision:\n    nodes:\n      - id: a\n        type: noop\n"


@pytest.fixture
def template():
    document = parse_text(TEXT, "t.yaml", "yaml")
    node = Node("a", "noop", path=("workflows", "provision", "nodes", 0))
    return Template("w", document, nodes=(node,))


def test_a_diagnostic_of_a_node_gets_its_place(template):
    found = placed(Diagnostic("error", "FP1", "s", node="a"), template)
    assert (found.file, found.line, found.column) == ("t.yaml", 5, 9)


@pytest.mark.parametrize(
    "diagnostic",
    [
        Diagnostic("error", "FP1", "s"),
        Diagnostic("error", "FP1", "s", node="gone"),
        Diagnostic("error", "FP1", "s", node="a", file="other.yaml", line=3),
    ],
)
def test_what_has_a_place_or_none_is_left_alone(template, diagnostic):
    assert placed(diagnostic, template) is diagnostic


def test_without_a_template_there_is_no_place():
    diagnostic = Diagnostic("error", "FP1", "s", node="a")
    assert placed(diagnostic, None) is diagnostic


def test_an_error_on_its_way_out_gets_places(template):
    with pytest.raises(PlanError) as caught, placing(template):
        raise PlanError.of("FP210", "no plugin", node="a")
    assert caught.value.diagnostics[0].line == 5
