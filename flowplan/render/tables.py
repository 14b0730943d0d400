"""Text in lines and columns that fit."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from flowplan.render.sanitise import clean

__all__ = ["hung", "table", "wrapped"]

_NARROW = 24


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


def hung(lead: str, text: str, width: int) -> list[str]:
    """`lead` and `text` in lines of `width` columns, the later ones below the text's beginning.

    Cut at spaces where there are some. Where `lead` leaves too little room, the text stands in
    lines of its own, two columns further in than the lead.
    """
    if len(lead) + len(text) <= width:
        return [lead + text]
    inner = len(lead) - len(lead.lstrip()) + 2
    room, below = width - len(lead), " " * len(lead)
    first = [lead.rstrip()] if room < _NARROW else []
    if first:
        room, below = width - inner, " " * inner
    lines = textwrap.wrap(text, width=max(room, _NARROW), break_on_hyphens=False)
    rest = [below + line for line in lines]
    return [*first, *rest] if first else [lead + lines[0], *rest[1:]]


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
