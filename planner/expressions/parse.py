"""Tokens → `syntax.Node`, by way of Jinja2's parser; nothing of Jinja2 compiles or renders.

The only file that imports jinja2, and only when an expression is more than a plain reference.
Jinja2 sees the shape alone: names and literals stand for themselves as their number in the
token list, each token on a line of its own. So its line numbers are our offsets, names may
have a `-`, and no text of the user is ever read by two lexers. What the translation below
does not list is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from flowplan.dataclass import dataclass
from flowplan.errors import nearest
from flowplan.planner.expressions import syntax as s
from flowplan.planner.expressions.checks import CHECKS
from flowplan.planner.expressions.errors import NOT_ALLOWED, TOO_LARGE, ExpressionError
from flowplan.planner.expressions.filters import FILTERS
from flowplan.planner.expressions.tokens import Token

__all__ = ["parse"]

MAX_DEPTH = 100
_BINARY = {"Add": "+", "Sub": "-", "Div": "/", "FloorDiv": "//", "Mod": "%"}
_COMPARE = {
    "eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=",
    "in": "in", "notin": "not in",
}  # fmt: skip


@cache
def _environment() -> Any:
    from jinja2 import Environment

    return Environment(autoescape=False)  # noqa: S701 - it parses and never renders


def parse(tokens: Sequence[Token], end: int) -> s.Node:
    """The tree of one expression whose text ends at offset `end`. Raises `ExpressionError`."""
    from jinja2 import TemplateSyntaxError

    if not tokens:
        raise ExpressionError("the expression is empty", 0, "Name a param or node.output.")
    lines = [_stand_in(index, token) for index, token in enumerate(tokens)]
    try:
        template = _environment().parse("\n".join(("{{", *lines, "}}")))
    except TemplateSyntaxError as error:
        raise _unexpected(tokens, error.lineno - 2, end) from None
    except RecursionError:
        raise _too_deep(0) from None
    return _Translator(tokens).expression(template.body[0].nodes[0], 0)


def _stand_in(index: int, token: Token) -> str:
    if token.kind == "name":
        return f"_{index}"
    return f'"{index}"' if token.kind == "literal" else token.text


def _unexpected(tokens: Sequence[Token], index: int, end: int) -> ExpressionError:
    if index >= len(tokens):
        return ExpressionError("the expression ends too early", end)
    token = tokens[max(index, 0)]
    what = "this literal" if token.kind == "literal" else f'"{token.text}"'
    return ExpressionError(f"{what} does not belong here", token.offset)


def _too_deep(offset: int) -> ExpressionError:
    return ExpressionError(
        f"the expression is nested deeper than {MAX_DEPTH}", offset, code=TOO_LARGE
    )


@dataclass(frozen=True, slots=True)
class _Translator:
    tokens: Sequence[Token]

    def expression(self, node: Any, depth: int) -> s.Node:
        """Translate `node`, a `jinja2.nodes.Expr`; its class name decides."""
        kind = type(node).__name__
        offset = self._offset(node)
        if depth > MAX_DEPTH:
            raise _too_deep(offset)
        if kind in _BINARY:
            left, right = self._each((node.left, node.right), depth + 1)
            return s.Binary(_BINARY[kind], left, right, offset)
        rule = _RULES.get(kind)
        if rule is None:
            raise ExpressionError(
                f"{_REFUSED.get(kind, kind)} is not allowed in an expression", offset,
                code=NOT_ALLOWED,
            )  # fmt: skip
        return rule(self, node, offset, depth + 1)

    def _offset(self, node: Any) -> int:
        index: int = min(max(node.lineno - 2, 0), len(self.tokens) - 1)
        return self.tokens[index].offset

    def _each(self, nodes: Sequence[Any], depth: int) -> tuple[s.Node, ...]:
        return tuple(self.expression(node, depth) for node in nodes)

    def _text(self, stand_in: str, offset: int) -> Token:
        number = stand_in.removeprefix("_")
        if not number.isdecimal():
            # A word of the language where a name belongs, or a filter's name with a dot in it.
            word = "a dot" if "." in number else f'"{number}"'
            raise ExpressionError(f"{word} does not belong here", offset)
        return self.tokens[int(number)]

    def const(self, node: Any, offset: int, depth: int) -> s.Node:
        """A literal, by its number, or one of the words true, false and none."""
        if isinstance(node.value, str):
            token = self._text(node.value, offset)
            return s.Const(token.value, token.offset)
        return s.Const(node.value, offset)

    def name(self, node: Any, offset: int, depth: int) -> s.Node:
        """A name."""
        token = self._text(node.name, offset)
        return s.Ref((token.text,), token.offset)

    def attribute(self, node: Any, offset: int, depth: int) -> s.Node:
        """`a.b`: part of the name where `a` is one."""
        token = self._text(node.attr, offset)
        return _member(self.expression(node.node, depth), s.Const(token.text, token.offset), offset)

    def item(self, node: Any, offset: int, depth: int) -> s.Node:
        """`a[b]` or `a[b:c]`."""
        owner = self.expression(node.node, depth)
        if type(node.arg).__name__ != "Slice":
            return _member(owner, self.expression(node.arg, depth), offset)
        if node.arg.step is not None:
            raise ExpressionError("a slice has no step here", offset, code=NOT_ALLOWED)
        start, stop = (
            s.Const(None) if part is None else self.expression(part, depth)
            for part in (node.arg.start, node.arg.stop)
        )
        return s.Part(owner, start, stop, offset)

    def list(self, node: Any, offset: int, depth: int) -> s.Node:
        """`[a, b]`."""
        return s.ListOf(self._each(node.items, depth), offset)

    def object(self, node: Any, offset: int, depth: int) -> s.Node:
        """`{"a": b}`."""
        keys = self._each([pair.key for pair in node.items], depth)
        values = self._each([pair.value for pair in node.items], depth)
        return s.ObjectOf(tuple(zip(keys, values, strict=True)), offset)

    def sign(self, node: Any, offset: int, depth: int) -> s.Node:
        """`-a` or `+a`."""
        operator = "-" if type(node).__name__ == "Neg" else "+"
        return s.Unary(operator, self.expression(node.node, depth), offset)

    def negation(self, node: Any, offset: int, depth: int) -> s.Node:
        """`not a`, also as it stands in `a is not b`."""
        return s.Not(self.expression(node.node, depth), offset)

    def concat(self, node: Any, offset: int, depth: int) -> s.Node:
        """`a ~ b`."""
        return s.Concat(self._each(node.nodes, depth), offset)

    def comparison(self, node: Any, offset: int, depth: int) -> s.Node:
        """`a < b`, `a in b`."""
        rest = tuple(
            (_COMPARE[operand.op], self.expression(operand.expr, depth)) for operand in node.ops
        )
        return s.Comparison(self.expression(node.expr, depth), rest, offset)

    def logic(self, node: Any, offset: int, depth: int) -> s.Node:
        """`a and b`, `a or b`."""
        left, right = self._each((node.left, node.right), depth)
        return s.Logic(type(node).__name__.lower(), left, right, offset)

    def choice(self, node: Any, offset: int, depth: int) -> s.Node:
        """`a if b else c`."""
        if node.expr2 is None:
            raise ExpressionError('this "if" has no "else"', offset, 'Write "a if b else c".')
        then, test, otherwise = self._each((node.expr1, node.test, node.expr2), depth)
        return s.Choice(test, then, otherwise, offset)

    def filter(self, node: Any, offset: int, depth: int) -> s.Node:
        """`a | name(…)`."""
        token = self._text(node.name, offset)
        spec = FILTERS.get(token.text)
        if spec is None:
            raise _unlisted("filter", token, tuple(FILTERS))
        names = spec.parameters
        given: dict[str, s.Node] = {}
        if len(node.args) > len(names):
            raise _bad_arguments(token, names)
        for name, value in zip(names, node.args, strict=False):
            given[name] = self.expression(value, depth)
        for keyword in node.kwargs:
            name = self._text(keyword.key, offset).text
            if name not in names or name in given:
                raise _bad_arguments(token, names)
            given[name] = self.expression(keyword.value, depth)
        if any(name not in given for name in names[: spec.least]):
            raise _bad_arguments(token, names)
        operand = self.expression(node.node, depth)
        return s.Filter(token.text, operand, tuple(given.items()), token.offset)

    def check(self, node: Any, offset: int, depth: int) -> s.Node:
        """`a is name`. `is none`, `is true` and `is in` come without a stand-in."""
        named = node.name.startswith("_")
        token = self._text(node.name, offset) if named else Token("name", node.name, offset)
        if token.text not in CHECKS:
            raise _unlisted("test", token, CHECKS)
        if node.args or node.kwargs:
            raise ExpressionError(f'the test "{token.text}" takes no argument', token.offset)
        return s.Check(token.text, self.expression(node.node, depth), token.offset)


def _member(owner: s.Node, key: s.Node, offset: int) -> s.Node:
    if isinstance(owner, s.Ref) and isinstance(key, s.Const) and isinstance(key.value, str):
        return s.Ref((*owner.path, key.value), owner.offset)
    return s.Member(owner, key, offset)


def _unlisted(what: str, token: Token, known: Sequence[str]) -> ExpressionError:
    alike = nearest(token.text, known)
    hint = f'Did you mean "{alike}"?' if alike else f"There are: {', '.join(sorted(known))}."
    return ExpressionError(
        f'the {what} "{token.text}" is not allowed in an expression', token.offset, hint,
        code=NOT_ALLOWED,
    )  # fmt: skip


def _bad_arguments(token: Token, names: Sequence[str]) -> ExpressionError:
    takes = f"It takes {', '.join(names)}." if names else "It takes none."
    return ExpressionError(
        f'the filter "{token.text}" does not take these arguments', token.offset, takes
    )


_Rule = Callable[[_Translator, Any, int, int], s.Node]
_RULES: dict[str, _Rule] = {
    "Const": _Translator.const,
    "Name": _Translator.name,
    "Getattr": _Translator.attribute,
    "Getitem": _Translator.item,
    "List": _Translator.list,
    "Dict": _Translator.object,
    "Neg": _Translator.sign,
    "Pos": _Translator.sign,
    "Not": _Translator.negation,
    "Concat": _Translator.concat,
    "Compare": _Translator.comparison,
    "And": _Translator.logic,
    "Or": _Translator.logic,
    "CondExpr": _Translator.choice,
    "Filter": _Translator.filter,
    "Test": _Translator.check,
}
_REFUSED = {"Call": "a call", "Tuple": "a tuple (write a list in [ ])", "Slice": "a slice"}
