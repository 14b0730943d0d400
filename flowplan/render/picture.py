"""A picture of a run for the README: recorded terminal text as SVG.

`python -m flowplan.render.picture OUT.svg < recorded.txt`, where the text is what a command
wrote with `--color always`; `make picture` does this. This module must not run commands.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

__all__ = ["picture"]

_WIDTH = 84


def picture(recorded: str, *, title: str = "flowplan", width: int = _WIDTH) -> str:
    """An SVG of `recorded`, terminal text with colours; `width` in columns."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(recorded), soft_wrap=False)
    # Else every run has ids of its own, and an unchanged picture a diff.
    return console.export_svg(title=title, unique_id="flowplan")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(sys.stdin.read()), encoding="utf-8")
