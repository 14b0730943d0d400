"""Builds plain values from YAML events, and refuses what a template must not use.

Refused are duplicate keys, a second document, tags, merge keys, keys that are not text, and
aliases that expand beyond the limits. Places come from `yaml_places`, on demand.
"""

from __future__ import annotations

from typing import Any

from flowplan.pattern import pattern
from flowplan.planner.source.document import Json
from flowplan.planner.source.limits import (
    MAX_DEPTH,
    MAX_VALUES,
    SourceFault,
    too_deep,
    too_many_values,
    unpaired_surrogate,
)
from flowplan.planner.source.scalars import plain
from flowplan.planner.source.yaml_events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    events,
    tagged,
)

__all__ = ["load"]

# As JSON with comments looks after it was pasted; `https://` is none.
_COMMENT = pattern(r"(?:^|\s)(//|/\*)")


def load(text: str) -> Json:
    """The value of a YAML text with one document. Raises `SourceFault`."""
    builder = _Builder()
    # By type, in one look: a large template has a third of a million events.
    take = {
        ScalarEvent: builder.scalar,
        MappingStartEvent: builder.open_mapping,
        SequenceStartEvent: builder.open_sequence,
        MappingEndEvent: builder.close,
        SequenceEndEvent: builder.close,
        AliasEvent: builder.alias,
        DocumentStartEvent: builder.document,
    }
    for event in events(text):
        handle = take.get(type(event))
        if handle is not None:
            handle(event)
    if not builder.documents:
        raise SourceFault("FP142", "the file is empty", 0, hint="write a template into it")
    return builder.root


class _Open:
    """A mapping or sequence that is not closed yet."""

    __slots__ = ("anchor", "before", "flow", "height", "items", "key", "members", "value")

    def __init__(
        self, anchor: str | None, before: int, members: dict[str, Json] | None, *, flow: bool
    ) -> None:
        self.flow = flow
        self.anchor = anchor
        self.before = before
        self.height = 1
        self.key: str | None = None
        self.members = members
        self.items: list[Json] = []
        self.value: Json = self.items if members is None else members


class _Builder:
    """The state of one pass over the events.

    `count` is the number of values so far with aliases expanded, so the size of a finished
    collection is what was counted since it was opened: a bomb is refused before it is built.
    """

    def __init__(self) -> None:
        self.documents = 0
        self.root: Json = None
        self.count = 0
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Json, int, int]] = {}

    def document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise SourceFault(
                "FP131",
                "a second document begins here",
                event.start_mark.index,
                span=3,
                hint="a template is one document: keep the others in files of their own",
            )

    def scalar(self, event: Any) -> None:
        text: str = event.value
        if event.tag is not None:
            raise tagged(event.start_mark.index)
        if not text.isascii() and unpaired_surrogate(text) is not None:
            raise SourceFault("FP143", "half of a surrogate pair", event.start_mark.index)
        top = self.stack[-1] if self.stack else None
        if top is not None and top.members is not None and top.key is None:
            self._key(top, top.members, text, event)
            if event.anchor is not None:
                self.anchors[event.anchor] = (text, 1, 0)
            return
        value: Json = text
        if not event.style:
            offset = event.start_mark.index
            if top is not None and top.flow and _is_comment(text):
                raise _foreign_comment(text, offset)
            value = plain(text, offset)
        # As `_count`, without a call: most of a template is scalars.
        self.count += 1
        if self.count > MAX_VALUES:
            raise too_many_values(event.start_mark.index)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1, 0)
        # As `_add`, for the same reason. A scalar makes nothing higher.
        if top is None:
            self.root = value
        elif top.members is None:
            top.items.append(value)
        elif top.key is not None:
            top.members[top.key] = value
            top.key = None

    def _key(self, top: _Open, members: dict[str, Json], text: str, event: Any) -> None:
        if not event.style:
            if text == "<<":
                raise SourceFault(
                    "FP135",
                    "merge keys are not allowed",
                    event.start_mark.index,
                    span=2,
                    detail="JSON and Flow Framework have no `<<`, and what it merges is unclear.",
                    hint="repeat the members, or use a param",
                )
            if not text:
                raise _not_text("an empty key", event.start_mark.index)
            if _is_comment(text):
                raise _foreign_comment(text, event.start_mark.index)
        if text in members:
            offset = event.start_mark.index
            raise SourceFault(
                "FP130",
                f'the key "{text}" stands here twice',
                offset,
                span=event.end_mark.index - offset,
                detail="Only one of the two values could count.",
                hint="remove one of them",
            )
        top.key = text

    def open_mapping(self, event: Any) -> None:
        self._open(event, {})

    def open_sequence(self, event: Any) -> None:
        self._open(event, None)

    def _open(self, event: Any, members: dict[str, Json] | None) -> None:
        offset = event.start_mark.index
        if event.tag is not None:
            raise tagged(offset)
        top = self.stack[-1] if self.stack else None
        if top is not None and top.members is not None and top.key is None:
            raise _not_text("a key that is an object or a list", offset)
        if len(self.stack) >= MAX_DEPTH:
            raise too_deep(offset)
        before = self.count
        self._count(1, offset)
        # A collection that holds an alias to itself finds no finished value under its name.
        self.anchors.pop(event.anchor, None)
        self.stack.append(_Open(event.anchor, before, members, flow=bool(event.flow_style)))

    def close(self, event: Any) -> None:
        done = self.stack.pop()
        if done.anchor is not None:
            self.anchors[done.anchor] = (done.value, self.count - done.before, done.height)
        self._add(done.value, done.height)

    def alias(self, event: Any) -> None:
        offset = event.start_mark.index
        known = self.anchors.get(event.anchor)
        if known is None:
            raise SourceFault(
                "FP134",
                "no finished anchor of this name comes before the alias",
                offset,
                span=len(event.anchor) + 1,
                hint="define the anchor first; quote a text that begins with `*`",
            )
        value, size, height = known
        top = self.stack[-1] if self.stack else None
        if top is not None and top.members is not None and top.key is None:
            raise _not_text("a key that is an alias", offset)
        if len(self.stack) + height > MAX_DEPTH:
            raise too_deep(offset)
        if self.count + size > MAX_VALUES:
            raise SourceFault(
                "FP133",
                f"aliases expand to more than {MAX_VALUES:,} values",
                offset,
                span=len(event.anchor) + 1,
                hint="write the values out, or generate the template",
            )
        self._count(size, offset)
        self._add(value, height)

    def _count(self, size: int, offset: int) -> None:
        self.count += size
        if self.count > MAX_VALUES:
            raise too_many_values(offset)

    def _add(self, value: Json, height: int) -> None:
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        top.height = max(top.height, height + 1)
        if top.members is None:
            top.items.append(value)
        elif top.key is not None:
            top.members[top.key] = value
            top.key = None


def _is_comment(text: str) -> bool:
    return "/" in text and _COMMENT.search(text) is not None


def _foreign_comment(text: str, offset: int) -> SourceFault:
    found = _COMMENT.search(text)
    start = found.start(1) if found else 0
    return SourceFault(
        "FP147",
        f"`{text[start : start + 2]}` begins no comment in YAML",
        offset + start,
        span=2,
        detail="It would be part of a text, and swallow what follows it.",
        hint="write # instead, or name the file .json; quote a text that is meant so",
    )


def _not_text(what: str, offset: int) -> SourceFault:
    return SourceFault(
        "FP136",
        f"{what} is not allowed",
        offset,
        detail="Keys are texts, as in JSON.",
        hint="write the key as text, in quotes if need be",
    )
