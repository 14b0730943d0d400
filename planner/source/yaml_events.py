"""libyaml's events, and its complaints in words that say what to do.

The only module that imports PyYAML. Events, not nodes: PyYAML's composer recurses, forgets
duplicate keys and costs seven times as much. It must not know values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flowplan.pattern import compiled_later
from flowplan.planner.source.limits import SourceFault

# All of Unicode is in those of PyYAML's own reader, which libyaml makes needless: a tenth of the
# time that a small template takes.
with compiled_later():
    import yaml
    from yaml.events import (
        AliasEvent,
        DocumentStartEvent,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        SequenceStartEvent,
    )

__all__ = [
    "AliasEvent",
    "DocumentStartEvent",
    "MappingEndEvent",
    "MappingStartEvent",
    "ScalarEvent",
    "SequenceEndEvent",
    "SequenceStartEvent",
    "events",
    "tagged",
]

# Not compiled here: with all of Unicode in it that takes longer than to read a small template.
_UNPRINTABLE = (
    "[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_HINTS = (
    ("mapping values are not allowed", "quote a text that holds `: `, and check the indentation"),
    ("expected <document start>", "everything belongs under one object: check the indentation"),
    ("did not find expected key", "check the indentation of this line and the one before it"),
    ("could not find expected ':'", "a key needs `: ` after it; quote a text that spans lines"),
    ("expected ',' or '}'", "close the braces that were opened before, or add a comma"),
    ("expected ',' or ']'", "close the brackets that were opened before, or add a comma"),
    ("did not find expected '-' indicator", "indent the items of a list alike"),
    ("unexpected end of stream", "a quote or bracket that was opened before is never closed"),
    ("unknown escape", "write a backslash twice, or use single quotes"),
    ("cannot start any token", "quote a text that begins with this character"),
)


def events(text: str) -> Iterator[Any]:
    """The events of a YAML stream. Raises `SourceFault` FP101, FP132, FP144 or FP145."""
    # PyYAML can be built without libyaml; the slow parser reads the same.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        parser = loader(text)
        try:
            # As `yaml.parse`, which asks twice for each.
            while (event := parser.get_event()) is not None:
                yield event
        finally:
            parser.dispose()
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, text) from None
    except yaml.YAMLError:
        raise _unprintable(text) from None


def _unprintable(text: str) -> SourceFault:
    found = re.search(_UNPRINTABLE, text)
    offset = found.start() if found else 0
    name = f"U+{ord(text[offset]):04X}" if found else "a character"
    return SourceFault(
        "FP144",
        f"{name} can't stand in YAML as it is",
        offset,
        hint='write it as an escape in double quotes, such as "\\x00"',
    )


def _syntax(error: yaml.MarkedYAMLError, text: str) -> SourceFault:
    mark = error.problem_mark or error.context_mark
    offset = min(mark.index, len(text)) if mark else 0
    problem = error.problem or "it can't be read"
    if "tag" in problem and "found undefined tag handle" in problem:
        return tagged(offset)
    if "tab character" in problem or text[offset : offset + 1] == "\t":
        return SourceFault("FP145", "a tab can't indent YAML", offset, hint="indent with spaces")
    hint = next((hint for words, hint in _HINTS if words in problem), "")
    line = text[text.rfind("\n", 0, offset) + 1 : offset + 4]
    if "${{" in line:
        hint = 'quote an expression that stands inside braces or brackets: "${{ name }}"'
    context = error.context or ""
    begun = error.context_mark
    since = f" begun in line {begun.line + 1}" if begun and begun is not mark else ""
    detail = f"{context[:1].upper()}{context[1:]}{since}." if context else ""
    return SourceFault("FP101", f"not YAML: {problem}", offset, detail=detail, hint=hint)


def tagged(offset: int) -> SourceFault:
    """The fault of a tag: a template has JSON's types only."""
    return SourceFault(
        "FP132",
        # Not named: a password that begins with `!` looks like one.
        "tags are not allowed",
        offset,
        detail="A template has the types of JSON; a tag could make anything else of a value.",
        hint="remove it; quote a text that begins with `!`",
    )
