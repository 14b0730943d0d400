"""Replaces the expressions in a JSON tree by their values.

This module must not know how an expression is parsed or run.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.planner.expressions.errors import TOO_LARGE, ExpressionError
from flowplan.planner.expressions.interpret import Interpreter, Scope
from flowplan.planner.expressions.scan import OPENING, Expression, scan
from flowplan.planner.values import Json, Sensitive, Unknown, Value

__all__ = ["Scope", "evaluate"]

MAX_DEPTH = 200


def evaluate(value: Json, scope: Scope) -> Value:
    """`value` with every expression in its strings replaced; keys of objects stay as they are.

    A string over something unknown is `Unknown`, one over something sensitive is sensitive in
    all its leaves. Raises `ExpressionError`, its `path` set to the string's place in `value`.
    """
    try:
        return _walk(value, scope, 0)
    except RecursionError:
        raise _too_deep() from None


def _walk(value: Json, scope: Scope, depth: int) -> Value:
    if isinstance(value, str):
        return _string(value, scope) if OPENING in value else value
    if not isinstance(value, (Mapping, list, tuple)):
        return value
    if depth > MAX_DEPTH:
        raise _too_deep()
    made: dict[str | int, Value] = {}
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, item in items:
        try:
            made[key] = _walk(item, scope, depth + 1)
        except ExpressionError as error:
            error.path = (key, *error.path)
            raise
    return made if isinstance(value, Mapping) else list(made.values())


def _string(text: str, scope: Scope) -> Value:
    parts = scan(text)
    interpreter = Interpreter(scope, len(text))
    values = [_part(part, interpreter) for part in parts]
    first = parts[0]
    if isinstance(first, Expression) and first.whole:
        return _spread(values[0])
    return interpreter.text(values, next(p.offset for p in parts if isinstance(p, Expression)))


def _part(part: str | Expression, interpreter: Interpreter) -> Value:
    if isinstance(part, str):
        return part
    try:
        return interpreter.run(part.node)
    except ExpressionError as error:
        raise error.moved(part.offset + len(OPENING)) from None


def _spread(value: Value) -> Value:
    """A sensitive object or list as one whose leaves are sensitive: its members stay comparable."""
    if isinstance(value, Sensitive) and value.value and isinstance(value.value, (Mapping, list)):
        return _marked(value.value)
    if isinstance(value, Mapping):
        return {key: _spread(item) for key, item in value.items()}
    return [_spread(item) for item in value] if isinstance(value, (list, tuple)) else value


def _marked(value: Value) -> Value:
    if isinstance(value, Mapping) and value:
        return {key: _marked(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and value:
        return [_marked(item) for item in value]
    if isinstance(value, Unknown):
        return Unknown(value.node, value.output, sensitive=True)
    return value if isinstance(value, Sensitive) else Sensitive(value)


def _too_deep() -> ExpressionError:
    return ExpressionError(f"the value is nested deeper than {MAX_DEPTH}", 0, code=TOO_LARGE)
