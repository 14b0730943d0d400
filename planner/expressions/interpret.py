"""Runs a parsed expression: `syntax.Node` and a scope in, a value out.

Operations are done on plain JSON; `Unknown` and `Sensitive` are taken off before and put back
on the result. Each node runs at most once, and every operand it looks at is paid for from one
budget, so an expression's time is bounded. This module must not know Jinja2 or strings with
expressions in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from flowplan.planner.expressions import syntax as s
from flowplan.planner.expressions.checks import check
from flowplan.planner.expressions.errors import (
    TOO_LARGE,
    UNKNOWN_NAME,
    WRONG_VALUE,
    ExpressionError,
    Refusal,
    Undefined,
    UnknownName,
)
from flowplan.planner.expressions.filters import FILTERS
from flowplan.planner.expressions.names import derived, member
from flowplan.planner.expressions.operators import (
    bounded,
    calculate,
    compare,
    is_number,
    number,
    slice_of,
)
from flowplan.planner.expressions.text import as_text, kind
from flowplan.planner.expressions.walk import children
from flowplan.planner.values import Json, Sensitive, Unknown, Value, is_sealed, sensitive_paths

__all__ = ["Interpreter", "Scope"]

BUDGET = 1 << 24
PER_VALUE = 32
MAX_DEPTH = 200


class Scope(Protocol):
    """Where names get their values."""

    def lookup(self, path: tuple[str, ...]) -> Value:
        """The value of `a.b.c`, members included; raises `UnknownName`. `names.find` does it."""


class _Marks:
    """What was taken off the operands of one operation."""

    __slots__ = ("sensitive", "unknown")

    def __init__(self) -> None:
        self.sensitive = False
        self.unknown: Unknown | None = None

    def wait_for(self, value: Unknown) -> None:
        """Note what is not known; a node's output is more of a change than a secret not given."""
        if self.unknown is None or not self.unknown.node:
            self.unknown = value

    def on(self, value: Value) -> Value:
        """Put the marks on a result."""
        if self.unknown is not None:
            return derived(self.unknown, sensitive=self.sensitive)
        return Sensitive(value) if self.sensitive else value


class Interpreter:
    """One evaluation: a scope and what is left of its budget.

    `room` is the length of the string that holds the expressions: its own text is not what
    the bounds are for.
    """

    def __init__(self, scope: Scope, room: int = 0) -> None:
        self._scope = scope
        self._room = room
        self._left = BUDGET + room

    def run(self, node: s.Node) -> Value:
        """The value of `node`. Raises `ExpressionError` with an offset in the expression."""
        match node:
            case s.Const():
                return node.value
            case s.Ref():
                return self._named(node)
            case s.Logic() | s.Choice() | s.Comparison():
                return self._branching(node)
            case s.Filter():
                return self._filter(node)
            case s.Check():
                return self._check(node)
            case s.ListOf():
                return [self.run(item) for item in node.items]
            case s.ObjectOf():
                return self._object(node)
            case s.Member():
                return self._member(node)
            case _:
                return self._operation(node)

    def text(self, values: list[Value], offset: int) -> Value:
        """The values as one text, each as it looks inside a longer string."""

        def joined(*plain: Json) -> str:
            pieces = [as_text(item) for item in plain]
            bounded(sum(map(len, pieces)) - self._room)
            return "".join(pieces)

        return self._lift(offset, joined, *values)

    def _lift(self, offset: int, call: Callable[..., Json], *operands: Value) -> Value:
        """Apply `call` to the plain operands, unless one is unknown, and mark the result."""
        marks = _Marks()
        plain = [self._plain(operand, marks, offset, 0) for operand in operands]
        if marks.unknown is not None:
            return marks.on(None)
        try:
            return marks.on(call(*plain))
        except Refusal as error:
            raise ExpressionError(error.message, offset, error.hint, code=error.code) from None
        except UnknownName as error:
            raise _undefined(error, offset, sensitive=marks.sensitive) from None
        except (ArithmeticError, ValueError, RecursionError):
            raise ExpressionError(
                "these values are too large for this", offset, code=TOO_LARGE
            ) from None

    def _plain(self, value: Value, marks: _Marks, offset: int, depth: int) -> Json:
        self._left -= len(value) + PER_VALUE if isinstance(value, str) else PER_VALUE
        if self._left < 0 or depth > MAX_DEPTH:
            raise ExpressionError("the expression works on too much data", offset, code=TOO_LARGE)
        if isinstance(value, Mapping):
            if is_sealed(value):
                raise ExpressionError(
                    "this sensitive value was not kept, only a digest of it", offset,
                    "Use it as it is, without computing with it.", code=WRONG_VALUE,
                )  # fmt: skip
            return {key: self._plain(value[key], marks, offset, depth + 1) for key in value}
        if isinstance(value, (list, tuple)):
            return [self._plain(item, marks, offset, depth + 1) for item in value]
        if isinstance(value, Sensitive):
            marks.sensitive = True
            return self._plain(value.value, marks, offset, depth + 1)
        if isinstance(value, Unknown):
            marks.sensitive = marks.sensitive or value.sensitive
            marks.wait_for(value)
        return value

    def _named(self, node: s.Ref) -> Value:
        try:
            return self._scope.lookup(node.path)
        except UnknownName as error:
            raise _undefined(error, node.offset) from None

    def _member(self, node: s.Member) -> Value:
        owner = self.run(node.owner)
        marks = _Marks()
        key = self._plain(self.run(node.key), marks, node.offset, 0)
        if marks.unknown is not None:
            marks.sensitive = marks.sensitive or bool(sensitive_paths(owner))
            return marks.on(None)
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            raise ExpressionError(
                f"{kind(key)} is no key and no index", node.offset, code=WRONG_VALUE
            )
        try:
            found = member(owner, key)
        except UnknownName as error:
            message = UnknownName("", "there is no such member") if marks.sensitive else error
            raise _undefined(message, node.offset, sensitive=marks.sensitive) from None
        return self._hidden(found, node.offset) if marks.sensitive else found

    def _object(self, node: s.ObjectOf) -> Value:
        made: dict[str, Value] = {}
        for name, part in node.pairs:
            marks = _Marks()
            key = self._plain(self.run(name), marks, name.offset, 0)
            if marks.unknown is not None or marks.sensitive:
                raise ExpressionError(
                    "a key must be known and not sensitive", name.offset, code=WRONG_VALUE
                )
            if not isinstance(key, str):
                raise ExpressionError(
                    f"a key is a string, not {kind(key)}", name.offset, code=WRONG_VALUE
                )
            made[key] = self.run(part)
        return made

    def _operation(self, node: s.Unary | s.Not | s.Binary | s.Concat | s.Part) -> Value:
        match node:
            case s.Unary():
                return self._lift(
                    node.offset, lambda value: _signed(node.operator, value), self.run(node.operand)
                )
            case s.Not():
                return self._lift(node.offset, lambda value: not value, self.run(node.operand))
            case s.Binary():
                left, right = self.run(node.left), self.run(node.right)
                return self._lift(
                    node.offset, lambda a, b: calculate(node.operator, a, b), left, right
                )
            case s.Concat():
                return self.text([self.run(item) for item in node.items], node.offset)
            case s.Part():
                parts = [self.run(part) for part in (node.owner, node.start, node.stop)]
                return self._lift(node.offset, slice_of, *parts)

    def _branching(self, node: s.Logic | s.Choice | s.Comparison) -> Value:
        """What runs only some of its parts, so that an unused part may be unknown."""
        if isinstance(node, s.Comparison):
            return self._comparison(node)
        test = self.run(node.test if isinstance(node, s.Choice) else node.left)
        marks = _Marks()
        holds = _truth(test, marks)
        if marks.unknown is not None:
            others = (node.then, node.otherwise) if isinstance(node, s.Choice) else (node.right,)
            marks.sensitive = marks.sensitive or any(map(self._mentions_sensitive, others))
            return marks.on(None)
        if isinstance(node, s.Choice):
            value = self.run(node.then if holds else node.otherwise)
        elif holds is (node.operator == "or"):
            return test
        else:
            value = self.run(node.right)
        return self._hidden(value, node.offset) if marks.sensitive else value

    def _comparison(self, node: s.Comparison) -> Value:
        marks = _Marks()
        left = self.run(node.first)
        for index, (sign, part) in enumerate(node.rest):
            right = self.run(part)
            result = self._lift(
                node.offset, lambda a, b, sign=sign: compare(sign, a, b), left, right
            )
            holds = _truth(result, marks)
            if marks.unknown is not None:
                later = (item for _, item in node.rest[index + 1 :])
                marks.sensitive = marks.sensitive or any(map(self._mentions_sensitive, later))
            if marks.unknown is not None or not holds:
                return marks.on(False)
            left = right
        return marks.on(True)

    def _filter(self, node: s.Filter) -> Value:
        if node.name in ("default", "d"):
            return self._default(node)
        names = [name for name, _ in node.arguments]
        call = FILTERS[node.name].call

        def applied(value: Json, *given: Json) -> Json:
            made = call(value, **dict(zip(names, given, strict=True)))
            if isinstance(made, (str, list)):
                bounded(len(made))
            return number(made) if is_number(made) else made

        arguments = [self.run(part) for _, part in node.arguments]
        return self._lift(node.offset, applied, self.run(node.operand), *arguments)

    def _default(self, node: s.Filter) -> Value:
        """The operand, else the first argument; with `boolean`, also for a false operand."""
        arguments = dict(node.arguments)
        other = arguments.get("default_value", s.Const(""))
        try:
            value = self.run(node.operand)
        except Undefined as error:
            value = self.run(other)
            return self._hidden(value, node.offset) if error.sensitive else value
        if "boolean" not in arguments:
            return value
        marks = _Marks()
        holds = not _truth(self.run(arguments["boolean"]), marks) or _truth(value, marks)
        if marks.unknown is not None:
            marks.sensitive = marks.sensitive or self._mentions_sensitive(other)
            return marks.on(None)
        if holds:
            return value
        return self._hidden(self.run(other), node.offset) if marks.sensitive else self.run(other)

    def _check(self, node: s.Check) -> Value:
        if node.name not in ("defined", "undefined"):
            return self._lift(
                node.offset, lambda value: check(node.name, value), self.run(node.operand)
            )
        try:
            value = self.run(node.operand)
        except Undefined as error:
            missing = node.name == "undefined"
            return Sensitive(missing) if error.sensitive else missing
        if isinstance(value, Unknown) and not value.output:
            return value
        exists = node.name == "defined"
        return Sensitive(exists) if self._inside_sensitive(node.operand) else exists

    def _inside_sensitive(self, node: s.Node) -> bool:
        """Whether it hangs on a sensitive value that `node` exists: a secret's member does."""
        if not isinstance(node, s.Ref):
            return any(map(self._mentions_sensitive, children(node)))
        return any(
            self._mentions_sensitive(s.Ref(node.path[:length]))
            for length in range(1, len(node.path))
        )

    def _hidden(self, value: Value, offset: int) -> Value:
        """`value`, sensitive because a sensitive value chose it."""
        return self._lift(offset, lambda plain, _: plain, value, Sensitive(None))

    def _mentions_sensitive(self, node: s.Node) -> bool:
        """Whether any name in `node` has a sensitive value: what an unknown choice may give."""
        stack = [node]
        while stack:
            item = stack.pop()
            stack.extend(children(item))
            if isinstance(item, s.Ref):
                try:
                    value = self._scope.lookup(item.path)
                except UnknownName:
                    continue
                if sensitive_paths(value):
                    return True
        return False


def _truth(value: Value, marks: _Marks) -> bool:
    """Whether `value` counts as true, by Python's rules as in Jinja2; marks what it depends on."""
    if isinstance(value, Sensitive):
        marks.sensitive = True
        value = value.value
    if isinstance(value, Unknown):
        marks.sensitive = marks.sensitive or value.sensitive
        marks.wait_for(value)
        return False
    return bool(value)


def _signed(sign: str, value: Json) -> Json:
    if not is_number(value):
        raise Refusal(f'"{sign}" does not work on {kind(value)}')
    return number(-value if sign == "-" else value)


def _undefined(error: UnknownName, offset: int, *, sensitive: bool = False) -> Undefined:
    found = Undefined(error.message, offset, error.hint, code=UNKNOWN_NAME)
    found.sensitive = sensitive or error.sensitive
    return found
