"""Expressions in templates: Jinja2's expression language between `${{` and `}}`.

A string that is one whole expression keeps the value's type. In a longer string numbers,
booleans and null are written as JSON, lists and objects as compact JSON, strings as they are.
`Unknown` and `Sensitive` travel with the values. Nothing else in a string is touched:
`${parameters.x}`, `{{…}}`, `{%`, `{#` and line ends stay as they are; `${{ "${{" }}` writes a
literal `${{`. The keys of an object are never expressions.

    scan.py       finds expressions in a string      tokens.py   cuts one into tokens
    parse.py      Jinja2's parser → syntax.py        the only file that imports jinja2
    interpret.py  runs a tree                        operators.py, filters.py, checks.py
    names.py      what a name means                  evaluate.py a whole JSON tree

This package must not know templates, schemas, providers or files.
"""

from __future__ import annotations

from flowplan.planner.expressions.errors import ExpressionError, UnknownName
from flowplan.planner.expressions.evaluate import Scope, evaluate
from flowplan.planner.expressions.names import NameScope, find, target
from flowplan.planner.expressions.scan import (
    Expression,
    Reference,
    contains,
    references,
    scan,
)

__all__ = [
    "Expression",
    "ExpressionError",
    "NameScope",
    "Reference",
    "Scope",
    "UnknownName",
    "contains",
    "evaluate",
    "find",
    "references",
    "scan",
    "target",
]
