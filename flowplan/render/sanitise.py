"""Make foreign text safe to print: names come from templates and clusters, not from us.

A name may hold escape sequences that clear the screen or repaint a line, or direction marks
that show another word than the one that is there. They are shown as escapes instead.
"""

from __future__ import annotations

import re

from flowplan.pattern import pattern

__all__ = ["clean", "clean_lines"]

_UNSAFE = pattern(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if code <= 0xFF:  # noqa: PLR2004 the last code that fits two hex digits
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 four digits


def clean(text: str) -> str:
    """One line of text with control, direction and invisible characters as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_escape, text)


def clean_lines(text: str) -> str:
    """The same, line by line: line ends stay, tabs become spaces."""
    return "\n".join(clean(line.expandtabs(4)) for line in text.split("\n"))
