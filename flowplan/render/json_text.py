"""JSON as every document of flowplan is written: keys in their given order, one newline."""

from __future__ import annotations

import json
from typing import Any

from flowplan.render.screen import Screen

__all__ = ["json_line", "json_text", "write_json"]


def json_text(document: Any, *, ascii_only: bool = False) -> str:
    """An indented document, without the newline at its end."""
    return json.dumps(document, indent=2, ensure_ascii=ascii_only, allow_nan=False)


def json_line(document: Any, *, ascii_only: bool = False) -> str:
    """A document on one line, without the newline at its end."""
    return json.dumps(document, ensure_ascii=ascii_only, allow_nan=False, separators=(", ", ": "))


def write_json(screen: Screen, document: Any, *, line: bool = False) -> None:
    """Print a document; escapes stand for what the stream's encoding doesn't have."""
    draw = json_line if line else json_text
    screen.line(draw(document, ascii_only=not screen.unicode))
