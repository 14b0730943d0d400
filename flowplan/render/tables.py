"""Text in lines and columns that fit."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from flowplan.render.sanitise import clean

__all__ = ["table", "wrapped"]


def table(rows: Sequence[Sequence[str]], *, indent: int = 0) -> list[str]:
    """One line a row; every column as wide as its widest cell, none cut."""
    cells = [[clean(cell) for cell in row] for row in rows]
    if not cells:
        return []
    widths = [max(len(row[index]) for row in cells) for index in range(len(cells[0]))]
    return [
        " " * indent
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def wrapped(text: str, width: int, indent: str) -> list[str]:
    """Prose in lines of at most `width` columns; a word that is longer is not cut."""
    return textwrap.wrap(
        text,
        width=width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
