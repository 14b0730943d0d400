"""A scan of JSON tokens that knows where each value and key stands, and each fault.

The text is readable JSON as far as the scan gets: `json_values` has tried it. A YAML pass
would not do, since it fails on tabs.
"""

from __future__ import annotations

import json
import re

from flowplan.planner.source.document import Place
from flowplan.planner.source.json_comments import without_comments
from flowplan.planner.source.limits import (
    MAX_DEPTH,
    MAX_VALUES,
    SourceFault,
    not_a_number,
    too_deep,
    too_many_values,
    unpaired_surrogate,
)
from flowplan.planner.source.scalars import number

__all__ = ["places"]

# The text is readable, so commas and colons tell nothing that the brackets don't.
_TOKEN = re.compile(
    r"[ \t\r\n,:]*(?:"
    r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")'
    r"|(?P<number>-?[0-9]+(?P<part>\.[0-9]+)?(?P<power>[eE][+-]?[0-9]+)?)"
    r"|(?P<word>true|false|null)"
    r"|(?P<not_number>NaN|-?Infinity)"
    r"|(?P<open>[\[{])|(?P<close>[\]}]))"
)


def places(text: str) -> Place:
    """The tree of places of a JSON text.

    Raises `SourceFault` for duplicate keys, NaN, huge numbers, too many values, nesting too
    deep and half surrogate pairs.
    """
    scan = _Scan()
    for token in _TOKEN.finditer(without_comments(text)):
        scan.take(token)
    return scan.root


class _Scan:
    def __init__(self) -> None:
        self.root = Place(0, 0)
        self.stack: list[Place] = []
        self.keys: list[tuple[str, int, int] | None] = []
        self.count = 0

    def take(self, token: re.Match[str]) -> None:
        kind = token.lastgroup or ""
        start, end = token.span(kind)
        if kind == "open":
            if len(self.stack) >= MAX_DEPTH:
                raise too_deep(start)
            place = Place(start, end, children={} if token[kind] == "{" else [])
            self._add(place)
            self.stack.append(place)
            self.keys.append(None)
        elif kind == "close":
            self.stack.pop().end = end
            self.keys.pop()
        elif kind == "string" and self._wants_key():
            self._key(token[kind], start, end)
        else:
            self._check(kind, token, start)
            self._add(Place(start, end))

    def _check(self, kind: str, token: re.Match[str], start: int) -> None:
        if kind == "not_number":
            raise not_a_number(token[kind], start)
        if kind == "number":
            number(token[kind], start, whole=token["part"] is None and token["power"] is None)
        elif kind == "string":
            _check_surrogates(_unquoted(token[kind]), start, len(token[kind]))

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].children, dict) and not self.keys[-1]

    def _key(self, quoted: str, start: int, end: int) -> None:
        name = _unquoted(quoted)
        _check_surrogates(name, start, end - start)
        children = self.stack[-1].children
        if isinstance(children, dict) and name in children:
            raise SourceFault(
                "FP130",
                f'the key "{name}" stands here twice',
                start,
                span=end - start,
                detail="Only one of the two values could count.",
                hint="remove one of them",
            )
        self.keys[-1] = (name, start, end)

    def _add(self, place: Place) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            raise too_many_values(place.start)
        if not self.stack:
            self.root = place
            return
        children = self.stack[-1].children
        key = self.keys[-1]
        if isinstance(children, list):
            children.append(place)
        elif children is not None and key is not None:
            name, start, end = key
            place.key = (start, end)
            children[name] = place
            self.keys[-1] = None


def _unquoted(text: str) -> str:
    if "\\" not in text:
        return text[1:-1]
    found: str = json.loads(text)
    return found


def _check_surrogates(text: str, start: int, span: int) -> None:
    if unpaired_surrogate(text) is not None:
        raise SourceFault(
            "FP143",
            "half of a surrogate pair",
            start,
            span=span,
            detail="It is not a character, and UTF-8 can't write it.",
            hint="write both halves, or the character itself",
        )
