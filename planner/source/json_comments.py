"""Blanks the comments of a JSON text, which OpenSearch's own parser passes over.

Published connectors have them. Every character keeps its place, so that places found in the
blanked text are right in the other.
"""

from __future__ import annotations

import re

__all__ = ["without_comments"]

# A string is matched first, so that what looks like a comment inside it (a URL) is none.
_PARTS = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*"|(?P<comment>//[^\r\n]*|/\*.*?\*/)', re.DOTALL
)  # fmt: skip
_VISIBLE = re.compile(r"[^\r\n]")


def without_comments(text: str) -> str:
    """The text with spaces in the place of `// …` and `/* … */`."""
    if "//" not in text and "/*" not in text:
        return text
    return _PARTS.sub(_blank, text)


def _blank(found: re.Match[str]) -> str:
    whole: str = found[0]
    return whole if found["comment"] is None else _VISIBLE.sub(" ", whole)
