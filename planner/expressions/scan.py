"""Finds the expressions in a string, without touching anything else in it.

A plain reference (`name`, `node.output`, with `_` and `-`) is read here; only for the rest is
Jinja2 loaded. This module must not know what names mean or how an expression is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from flowplan.dataclass import dataclass, field
from flowplan.pattern import pattern
from flowplan.planner.expressions.errors import TOO_LARGE, ExpressionError
from flowplan.planner.expressions.syntax import Check, Filter, Node, Ref
from flowplan.planner.expressions.tokens import KEYWORDS, NAME, SEGMENT, tokenize
from flowplan.planner.expressions.walk import children
from flowplan.planner.values import Json, Path

__all__ = ["Expression", "Reference", "contains", "references", "scan"]

OPENING = "${{"
MAX_SEGMENTS = 32
# `group["eu"].model_group_id` is plain, too: a for_each makes many of these, all different.
_PLAIN = pattern(rf"""\$\{{\{{\s*({NAME}(?:\.{SEGMENT}|\["[^"\\]*"\])*)\s*\}}\}}""")
_PARTS = pattern(rf"""\["([^"\\]*)"\]|\.?({SEGMENT})""")


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression in a string.

    `source` is the text between `${{` and `}}`, trimmed; `offset` is where `${{` stands in the
    string and `end` just after `}}`. `whole`: nothing stands before or after it. `references`
    are the names it uses, each once, in order: `("param",)`, `("node", "output")` for both
    `node.output` and `node["output"]`. Those in `optional` stand somewhere under `default` or
    `is defined`, so they may be missing.
    """

    source: str
    offset: int
    end: int
    whole: bool
    references: tuple[tuple[str, ...], ...]
    optional: frozenset[tuple[str, ...]] = frozenset()
    node: Node = field(default=Ref(()), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """A name used somewhere in a JSON tree: `at` is the string's path, `offset` within it."""

    name: tuple[str, ...]
    at: Path
    offset: int
    optional: bool = False


@dataclass(frozen=True, slots=True)
class _Parsed:
    node: Node
    references: tuple[tuple[str, ...], ...]
    optional: frozenset[tuple[str, ...]]


def contains(text: str) -> bool:
    """Whether there may be an expression in `text`."""
    return OPENING in text


def scan(text: str) -> tuple[str | Expression, ...]:
    """The literal parts and the expressions of `text`, in order; no empty parts.

    Raises `ExpressionError` with the offset in `text`.
    """
    parts: list[str | Expression] = []
    done = 0
    at = text.find(OPENING)
    while at >= 0:
        if at > done:
            parts.append(text[done:at])
        expression = _read(text, at)
        parts.append(expression)
        done = expression.end
        at = text.find(OPENING, done)
    if done < len(text):
        parts.append(text[done:])
    return tuple(parts)


def references(value: Json, at: Path = ()) -> Iterator[Reference]:
    """Every name that the expressions in a JSON tree use, in document order.

    Raises `ExpressionError`, its `path` set, at the first string that can't be read.
    """
    stack: list[tuple[Path, Json]] = [(at, value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, str):
            if OPENING in item:
                yield from _references_in(item, path)
        elif isinstance(item, Mapping):
            stack.extend(((*path, key), item[key]) for key in reversed(list(item)))
        elif isinstance(item, (list, tuple)):
            stack.extend(((*path, n), item[n]) for n in reversed(range(len(item))))


def _references_in(text: str, path: Path) -> Iterator[Reference]:
    try:
        parts = scan(text)
    except ExpressionError as error:
        error.path = path
        raise
    for part in parts:
        if isinstance(part, Expression):
            for name in part.references:
                yield Reference(name, path, part.offset, name in part.optional)


def _read(text: str, at: int) -> Expression:
    plain = _PLAIN.match(text, at)
    if plain is not None:
        source = plain[1]
        path = _path(source)
        if path[0] not in KEYWORDS:
            _bounded(path, at)
            whole = at == 0 and plain.end() == len(text)
            node = Ref(path, plain.start(1) - at - len(OPENING))
            return Expression(source, at, plain.end(), whole, (path,), frozenset(), node)
    start = at + len(OPENING)
    if text.startswith("-", start):
        raise ExpressionError(
            '"${{-" is not supported: white space is never removed', at, 'Write "${{ ".'
        )
    _, end = tokenize(text, start)
    inner = text[start : end - 2]
    try:
        parsed = _parse(inner)
    except ExpressionError as error:
        raise error.moved(start) from None
    for path in parsed.references:
        _bounded(path, at)
    whole = at == 0 and end == len(text)
    return Expression(
        inner.strip(), at, end, whole, parsed.references, parsed.optional, parsed.node
    )


def _path(source: str) -> tuple[str, ...]:
    """The parts of a plain name."""
    if "[" not in source:
        return tuple(source.split("."))
    return tuple(found[2] or found[1] for found in _PARTS.finditer(source))


def _bounded(path: tuple[str, ...], at: int) -> None:
    if len(path) > MAX_SEGMENTS:
        raise ExpressionError(f"a name has more than {MAX_SEGMENTS} parts", at, code=TOO_LARGE)


@lru_cache(maxsize=2048)
def _parse(inner: str) -> _Parsed:
    """Parse what stands between the braces; offsets count from its start."""
    from flowplan.planner.expressions.parse import parse

    tokens, _ = tokenize(inner + "}}", 0)
    node = parse(tokens, len(inner))
    used: dict[tuple[str, ...], None] = {}
    optional: set[tuple[str, ...]] = set()
    stack: list[tuple[Node, bool]] = [(node, False)]
    while stack:
        item, guarded = stack.pop()
        if isinstance(item, Ref):
            used[item.path] = None
            if guarded:
                optional.add(item.path)
        guards = isinstance(item, (Filter, Check)) and item.name in (
            "default", "d", "defined", "undefined",
        )  # fmt: skip
        operand = item.operand if isinstance(item, (Filter, Check)) else None
        stack.extend(
            (child, guarded or (guards and child is operand)) for child in reversed(children(item))
        )
    return _Parsed(node, tuple(used), frozenset(optional))
