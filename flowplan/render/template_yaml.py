"""Draw a template that flowplan wrote as YAML: what is read back of it is just the document. Pure.

Quotes whatever flowplan's own reader would not take for the same text. It must not know where a
template comes from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from flowplan.planner.source.limits import SourceFault
from flowplan.planner.source.scalars import plain

__all__ = ["template_yaml"]

# What YAML takes for the end of a line, in one version of it or another, and what has no shape.
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff]")
# Wider than anything: a folded text is hard to search for.
_WIDTH = 1 << 20


def template_yaml(
    document: Mapping[str, Any], comments: Mapping[str, Sequence[str]], *, unicode: bool = True
) -> str:
    """The text, without the newline at its end.

    `comments` are lines to stand above a top-level key; those of "" stand first.
    """
    parts = [f"# {line}" for line in comments.get("", ())]
    for key, value in document.items():
        parts += [f"# {line}" for line in comments.get(key, ())]
        drawn = yaml.dump(
            {key: value}, Dumper=_Dumper, sort_keys=False, default_flow_style=False,
            allow_unicode=unicode, width=_WIDTH,
        )  # fmt: skip
        parts.append(drawn.rstrip("\n"))
    return "\n".join(parts)


class _Dumper(yaml.SafeDumper):
    """Items of lists are indented, no value is an alias, and no text can be taken for more."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _represent(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = '"'
    if _is_block(text):
        style = "|"
    elif _is_plain(text):
        style = ""  # without quotes, or with single ones where YAML needs some
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style or None)


def _is_block(text: str) -> bool:
    """Whether these are several lines that can stand as they are."""
    lines = text.removesuffix("\n").split("\n")
    return (
        "\n" in text
        and not text[0].isspace()
        and all(line and not line[-1].isspace() and not _BREAKS.search(line) for line in lines)
    )


def _is_plain(text: str) -> bool:
    """Whether the text without quotes is that text, in YAML as flowplan reads it."""
    if _BREAKS.search(text) or "//" in text or "/*" in text:
        return False
    try:
        return bool(plain(text, 0) == text)
    except SourceFault:
        return False


_Dumper.add_representer(str, _represent)
