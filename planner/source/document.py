"""A text that was read: its plain value, and where each part of the value stands in the text.

Places are looked up by a second scan of the text, made when the first one is asked for: a
document without mistakes never pays for them. This module must not know what a value means.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from flowplan.dataclass import dataclass, field
from flowplan.pattern import pattern

__all__ = ["MAX_EXCERPT", "Document", "Place", "Position", "Syntax", "line_starts"]

Json: TypeAlias = Any
Path: TypeAlias = tuple[str | int, ...]
Syntax: TypeAlias = Literal["yaml", "json"]

# Nobody finds a place in a longer line; minified JSON would fill the screen.
MAX_EXCERPT = 400

_BREAK = pattern(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column, from 1, and the number of characters on that line to underline."""

    line: int
    column: int
    span: int = 1


@dataclass(slots=True)
class Place:
    """The extent of one value in the text, as character offsets, and of the key before it."""

    start: int
    end: int
    key: tuple[int, int] | None = None
    children: dict[str, Place] | list[Place] | None = None

    def child(self, step: str | int) -> Place | None:
        """The place of a member or an item, None when there is no such."""
        if isinstance(self.children, dict):
            return self.children.get(step) if isinstance(step, str) else None
        if isinstance(self.children, list) and isinstance(step, int):
            return self.children[step] if 0 <= step < len(self.children) else None
        return None


def line_starts(text: str) -> tuple[int, ...]:
    """The offset of each line: what editors count, not YAML's longer list of line breaks."""
    return (0, *(found.end() for found in _BREAK.finditer(text)))


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A YAML or JSON text and its value, a tree of dict, list, str, int, float, bool and None.

    The value is shared wherever the text uses an alias: nobody may change it.
    """

    name: str
    text: str
    value: Json
    syntax: Syntax
    _root: list[Place] = field(default_factory=list, init=False, repr=False)
    _lines: list[int] = field(default_factory=list, init=False, repr=False)

    def position(self, path: Path, *, key: bool = False) -> Position:
        """Where the value at `path` begins, or with `key` the key before it.

        A path that the document does not have gives the place of its nearest parent.
        """
        start, end = self.extent(path, key=key)
        return self.position_at(start, end)

    def position_of(self, path: Path, fragments: Sequence[str]) -> Position:
        """Where the last of `fragments` stands inside the value at `path`.

        They are looked for one after the other; where one is not found (an escape may stand in
        its place), the place is the whole value's.
        """
        start, end = self.extent(path)
        found = at = start
        for fragment in fragments:
            found = self.text.find(fragment, at, end)
            if found < 0:
                return self.position_at(start, end)
            at = found + len(fragment)
        return self.position_at(found, at)

    def extent(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """First and last offset of the value at `path`, or of the key before it."""
        place = self._places()
        for step in path:
            inner = place.child(step)
            if inner is None:
                break
            place = inner
        if key and place.key is not None:
            return place.key
        return place.start, place.end

    def position_at(self, start: int, end: int) -> Position:
        """The position of a range of offsets."""
        lines = self._line_starts()
        line = bisect_right(lines, start)
        here = self.text[start : min(end, self.line_end(line))]
        return Position(line, start - lines[line - 1] + 1, max(1, len(here.rstrip())))

    def excerpt(self, line: int) -> str:
        """The text of a line, counted from 1, without its line break; "" beyond the end."""
        if not 1 <= line <= len(self._line_starts()):
            return ""
        return self.text[self.line_offset(line) : self.line_end(line)].rstrip("\r\n")

    def line_end(self, line: int) -> int:
        """The offset at which the line after `line`, counted from 1, begins."""
        lines = self._line_starts()
        return lines[line] if line < len(lines) else len(self.text)

    def line_offset(self, line: int) -> int:
        """The offset at which a line, counted from 1, begins."""
        return self._line_starts()[line - 1]

    def _line_starts(self) -> Sequence[int]:
        if not self._lines:
            self._lines.extend(line_starts(self.text))
        return self._lines

    def _places(self) -> Place:
        if not self._root:
            if self.syntax == "json":
                from flowplan.planner.source.json_places import places
            else:
                from flowplan.planner.source.yaml_places import places
            self._root.append(places(self.text))
        return self._root[0]
