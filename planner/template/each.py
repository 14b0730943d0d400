"""`each.key` and `each.value`: what they stand for in one of the nodes that a `for_each` makes.

They are replaced in the text of expressions, so what comes out is a node like any other: what is
sensitive, unknown or guarded by `default` stays so. It must not know where keys come from.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from flowplan.dataclass import dataclass
from flowplan.planner.expressions import Expression, contains, references, scan
from flowplan.planner.expressions.rewrite import as_expression, members_of, renamed
from flowplan.planner.template.model import Presence
from flowplan.planner.values import Json, Path

__all__ = ["EACH", "Each", "NoMember", "instance", "names_behind"]

EACH: Final = "each"
_PARTS = ("key", "value")
OPENING, CLOSING = "${{ ", " }}"


def instance(node: str, key: str) -> str:
    """The id of the node that a `for_each` of `node` makes for a key."""
    return f'{node}["{key}"]'


class NoMember(Exception):
    """A member that `each.value` does not have, at `path` in the value that was looked through."""

    def __init__(self, name: tuple[str, ...], path: Path) -> None:
        super().__init__(".".join(name))
        self.name = name
        self.path = path


@dataclass(frozen=True, slots=True)
class Each:
    """One key, and its value as it would be written in the template: it may hold expressions."""

    key: str
    value: Json

    def fill(self, value: Json, path: Path = ()) -> Json:
        """`value` with `each` replaced everywhere. Raises `NoMember` with the place."""
        if isinstance(value, str):
            return self._string(value, path) if EACH in value and contains(value) else value
        if isinstance(value, Mapping):
            return {key: self.fill(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.fill(item, (*path, index)) for index, item in enumerate(value)]
        return value

    def _string(self, text: str, path: Path) -> Json:
        parts = scan(text)
        for part in parts:
            if isinstance(part, Expression):
                self._check(part, path)
        if len(parts) == 1 and isinstance(parts[0], Expression):
            return self._part(parts[0])
        return "".join(
            part if isinstance(part, str) else _spliced(self._part(part)) for part in parts
        )

    def _check(self, part: Expression, path: Path) -> None:
        for name in part.references:
            if self._is_own(name) and name not in part.optional and self._find(name)[1]:
                raise NoMember(name, path)

    def _part(self, part: Expression) -> Json:
        """What stands for an expression: a value, or another expression."""
        if len(part.references) == 1 and self._is_own(part.references[0]):
            value, rest = self._find(part.references[0])
            if not rest and _is_name(part.source):
                return value
        return renamed(f"{OPENING}{part.source}{CLOSING}", self._rename)

    def _is_own(self, name: Sequence[str]) -> bool:
        return name[0] == EACH and len(name) > 1 and name[1] in _PARTS

    def _rename(self, name: tuple[str, ...]) -> tuple[int, str] | None:
        if not self._is_own(name):
            return None
        value, rest = self._find(name)
        # What is not there can't be had from the rest, of which some may be secret.
        return len(name) - len(rest), "({})" if rest else as_expression(value)

    def _find(self, name: Sequence[str]) -> tuple[Json, tuple[str, ...]]:
        """The value that a name leads to, and the members that were not found in it."""
        if name[1] == "key":
            return self.key, tuple(name[2:])
        return _descend(self.value, tuple(name[2:]))


def _is_name(source: str) -> bool:
    """Whether this is a name with members and nothing else."""
    whole = renamed(f"{OPENING}{source}{CLOSING}", lambda name: (len(name), ""))
    return not whole[len(OPENING) : -len(CLOSING)].strip()


def _descend(value: Json, path: tuple[str, ...]) -> tuple[Json, tuple[str, ...]]:
    for done, key in enumerate(path):
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and _index(key) < len(value):
            value = value[_index(key)]
        elif isinstance(value, str) and contains(value):
            # What a param has is seen when it is evaluated.
            return f"{OPENING}{as_expression(value)}{members_of(path[done:])}{CLOSING}", ()
        else:
            return value, path[done:]
    return value, ()


def _index(key: str) -> int:
    """The place in a list that a member names; one that no list has where it names none."""
    return int(key) if key.isdecimal() and len(key) < 10 else sys.maxsize  # noqa: PLR2004


def _spliced(value: Json) -> str:
    """A value as a part of a longer text."""
    if isinstance(value, str) and "$" not in value and "{" not in value:
        return value
    if isinstance(value, str) and contains(value):
        return value
    return f"{OPENING}{as_expression(value)}{CLOSING}"


def names_behind(presence: Presence, name: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The names that `each.value…` may get its values from. Raises `ExpressionError`."""
    if name[:2] != (EACH, "value"):
        return
    items = presence.items
    entries = items.values() if isinstance(items, Mapping) else [items]
    for entry in entries:
        value = _descend(entry, tuple(name[2:]))[0] if isinstance(items, Mapping) else entry
        for reference in references(value):
            yield reference.name
