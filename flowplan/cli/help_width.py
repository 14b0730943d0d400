"""Which of the helps that were made beforehand is what click would write here.

click folds its help to the terminal's width, so there is one for each way that it is folded. Must
not import what the interpreter has not loaded: shutil, which click asks, has compressors.
"""

from __future__ import annotations

import os
import sys

__all__ = ["help_page"]

_PIPE_WIDTH = 80
_DIGITS = 5


def help_page() -> str | None:
    """The text of `flowplan --help`, None for a terminal so narrow that click has to fold it."""
    from flowplan.cli.help_page import PAGES

    columns = _columns()
    return next((text for least, text in PAGES if columns >= least), None)


def _columns() -> int:
    """As `shutil.get_terminal_size` finds them; 0 for what is better left to it."""
    told = os.environ.get("COLUMNS", "")
    if told:
        return int(told) if told.isdecimal() and len(told) <= _DIGITS else 0
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or _PIPE_WIDTH  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return _PIPE_WIDTH
