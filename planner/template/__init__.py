"""Templates: their grammar, and every check that needs no cluster.

    grammar.py, workflow.py, declarations.py   the shape → model.py
    order.py, inputs.py, names.py, wiring.py   what it means
    parse.py, given.py                         the two doors: a template, and its params
    report.py, secrets.py                      what is wrong, shown without secrets

It must not know state, plans, HTTP or particular step types.
"""

from __future__ import annotations

from flowplan.planner.template.catalogue import StepCatalogue
from flowplan.planner.template.given import check_params, misfit
from flowplan.planner.template.model import (
    PARAM_TYPES,
    Check,
    Edge,
    Expectation,
    Import,
    Lifecycle,
    Moved,
    Node,
    ParamSpec,
    ParamType,
    Template,
)
from flowplan.planner.template.parse import parse
from flowplan.planner.template.wiring import Wiring, sources_of_inputs

__all__ = [
    "PARAM_TYPES",
    "Check",
    "Edge",
    "Expectation",
    "Import",
    "Lifecycle",
    "Moved",
    "Node",
    "ParamSpec",
    "ParamType",
    "StepCatalogue",
    "Template",
    "Wiring",
    "check_params",
    "misfit",
    "parse",
    "sources_of_inputs",
]
