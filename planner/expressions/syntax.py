"""The shape of a parsed expression: the allow-list as types.

What has no class here can't be written in an expression. `offset` counts from the character
after `${{`. This module must not know Jinja2 or how a tree is evaluated.
"""

from __future__ import annotations

from typing import TypeAlias

from flowplan.dataclass import dataclass
from flowplan.planner.values import Json

__all__ = [
    "Binary",
    "Check",
    "Choice",
    "Comparison",
    "Concat",
    "Const",
    "Filter",
    "ListOf",
    "Logic",
    "Member",
    "Node",
    "Not",
    "ObjectOf",
    "Part",
    "Ref",
    "Unary",
]


@dataclass(frozen=True, slots=True)
class Const:
    """A literal."""

    value: Json
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Ref:
    """A name with its constant members: `a`, `a.b`, `a["b"].c`."""

    path: tuple[str, ...]
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """A member by a computed key or an index: `a[0]`, `a[b]`."""

    owner: Node
    key: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Part:
    """A slice of a string or list."""

    owner: Node
    start: Node
    stop: Node
    offset: int


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    items: tuple[Node, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """An object; keys may be computed and must be strings."""

    pairs: tuple[tuple[Node, Node], ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`+` or `-` before a number."""

    operator: str
    operand: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Not:
    """`not`."""

    operand: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Binary:
    """`+`, `-`, `/`, `//` or `%`."""

    operator: str
    left: Node
    right: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Concat:
    """`a ~ b ~ c`: everything as text."""

    items: tuple[Node, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`a < b <= c`, `a in b`, `a not in b`."""

    first: Node
    rest: tuple[tuple[str, Node], ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Logic:
    """`and` or `or`: gives one of its operands, as in Jinja2."""

    operator: str
    left: Node
    right: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Choice:
    """`then if test else otherwise`."""

    test: Node
    then: Node
    otherwise: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Filter:
    """`operand | name(arguments)`; the arguments by their names."""

    name: str
    operand: Node
    arguments: tuple[tuple[str, Node], ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Check:
    """`operand is name` (Jinja2's "test")."""

    name: str
    operand: Node
    offset: int


Node: TypeAlias = (
    Const
    | Ref
    | Member
    | Part
    | ListOf
    | ObjectOf
    | Unary
    | Not
    | Binary
    | Concat
    | Comparison
    | Logic
    | Choice
    | Filter
    | Check
)
