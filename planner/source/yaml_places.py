"""Where each value and key of a YAML text stands. The text is known to be readable.

This module must not build values: `yaml_values` has done so already.
"""

from __future__ import annotations

from typing import Any

from flowplan.planner.source.document import Place
from flowplan.planner.source.yaml_events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    events,
)

__all__ = ["places"]


def places(text: str) -> Place:
    """The tree of places of a YAML text that `yaml_values.load` accepts."""
    builder = _Builder()
    for event in events(text):
        builder.take(event)
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root = Place(0, 0)
        self.stack: list[Place] = []
        self.keys: list[tuple[str, int, int] | None] = []
        self.anchors: dict[str, Place] = {}

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is ScalarEvent:
            start, end = event.start_mark.index, event.end_mark.index
            if self._wants_key():
                self.keys[-1] = (event.value, start, end)
            else:
                self._add(Place(start, end), event.anchor)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            children: dict[str, Place] | list[Place] = {} if kind is MappingStartEvent else []
            place = Place(event.start_mark.index, event.end_mark.index, children=children)
            self._add(place, event.anchor)
            self.stack.append(place)
            self.keys.append(None)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            self.stack.pop().end = event.end_mark.index
            self.keys.pop()
        elif kind is AliasEvent:
            place = Place(event.start_mark.index, event.end_mark.index)
            # What is below an alias stands where the anchor is.
            place.children = self.anchors[event.anchor].children
            self._add(place, None)

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].children, dict) and not self.keys[-1]

    def _add(self, place: Place, anchor: str | None) -> None:
        if anchor is not None:
            self.anchors[anchor] = place
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
