"""The parts of an expression tree, for whoever looks at all of it."""

from __future__ import annotations

from flowplan.planner.expressions import syntax as s

__all__ = ["children"]


def children(node: s.Node) -> tuple[s.Node, ...]:
    """The direct parts of `node`, in the order in which they were written."""
    match node:
        case s.Const() | s.Ref():
            return ()
        case s.Member(owner, key):
            return (owner, key)
        case s.Part(owner, start, stop):
            return (owner, start, stop)
        case s.ListOf(items) | s.Concat(items):
            return items
        case s.ObjectOf(pairs):
            return tuple(part for pair in pairs for part in pair)
        case s.Unary(_, operand) | s.Not(operand) | s.Check(_, operand):
            return (operand,)
        case s.Binary(_, left, right) | s.Logic(_, left, right):
            return (left, right)
        case s.Comparison(first, rest):
            return (first, *(item for _, item in rest))
        case s.Choice(test, then, otherwise):
            return (then, test, otherwise)
        case s.Filter(_, operand, arguments):
            return (operand, *(item for _, item in arguments))
