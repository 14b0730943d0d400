"""A picture of a run for the README: recorded terminal output as SVG.

`python -m flowplan.render.picture OUT.svg < recorded`, where the record is what commands wrote
to a terminal, redrawn lines and all; `make picture` does this. This module must not run commands.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

__all__ = ["last_screen", "picture"]

_WIDTH = 82
_CONTROL = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-ln-z])|\r\n|[\r\n]")
_ERASE_ALL = "2"
_FONTS = re.compile(r"\s*@font-face\s*\{[^}]*\}")
_CHARACTER = 12.2  # the width of one in rich's SVG
_LEADING = re.compile(
    r'x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="(?P<length>[\d.]+)"(?P<rest>[^>]*)>'
    r"(?P<blanks>(?:&#160;)+)(?=[^<])"
)


def last_screen(recorded: str) -> str:
    """What stands on the terminal in the end, colours kept.

    Follows line ends, cursor up and the erasing of lines: what a live display redraws with.
    """
    lines, row = [""], 0
    at = 0
    for found in _CONTROL.finditer(recorded):
        lines[row] += recorded[at : found.start()]
        at = found.end()
        code, letter = found[1], found[2]
        if letter == "A":
            row = max(row - int(code or 1), 0)
        elif letter == "K" and code in {"", _ERASE_ALL}:
            lines[row] = ""
        elif found[0] in {"\n", "\r\n"}:
            row += 1
            if row == len(lines):
                lines.append("")
    lines[row] += recorded[at:]
    return "\n".join(lines).rstrip("\n") + "\n"


def picture(recorded: str, *, title: str = "flowplan", width: int = _WIDTH) -> str:
    """An SVG of the last screen of `recorded`; `width` in columns."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(last_screen(recorded)), soft_wrap=False)
    # Else every run has ids of its own, and an unchanged picture a diff.
    drawn = console.export_svg(title=title, unique_id="flowplan")
    # A picture that fetches fonts tells somebody who looks at it; any monospaced one will do.
    return _LEADING.sub(_indented, _FONTS.sub("", drawn))


def _indented(text: re.Match[str]) -> str:
    """A text that begins where its first letter stands: not every viewer draws leading blanks."""
    blanks = text["blanks"].count(";") * _CHARACTER
    x, length = float(text["x"]) + blanks, float(text["length"]) - blanks
    return f'x="{x:g}" y="{text["y"]}" textLength="{length:g}"{text["rest"]}>'


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(sys.stdin.read()), encoding="utf-8")
