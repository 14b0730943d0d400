"""Whether to colour, and how. Colour only repeats what symbols and words already say.

This module must not know what is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["ColourChoice", "paint", "wants_colour"]

ColourChoice = Literal["auto", "always", "never"]

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
}


def wants_colour(choice: ColourChoice, environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Decide: the flag, then NO_COLOR, FORCE_COLOR, TERM=dumb, then whether it is a terminal.

    As no-color.org has it, an empty NO_COLOR counts as not set.
    """
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return terminal and environ.get("TERM") != "dumb"


def paint(style: str, text: str, *, colour: bool) -> str:
    """`text` in a style such as `bold red`; untouched without colour or style."""
    if not colour or not style or not text:
        return text
    codes = ";".join(_CODES[word] for word in style.split())
    return f"\x1b[{codes}m{text}\x1b[0m"
