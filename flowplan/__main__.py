"""The entry point: what can be answered at once is, the rest goes to `flowplan.cli.guard`.

A prompt or a pipeline may ask for the version a hundred times a day, so nothing is imported for it
that the interpreter has not loaded anyway. This module must not know verbs.
"""

from __future__ import annotations

import sys

from flowplan import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:  # not from typing, which takes a third of a bare interpreter's start
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. Never raises."""
    words = list(sys.argv[1:] if argv is None else argv)
    text = _known(words)
    if text is not None:
        from flowplan.render.at_once import at_once

        if at_once(text):
            return 0
    # Here and not above: it has what parses, guards and explains.
    from flowplan.cli.guard import guarded, in_a_process_of_its_own

    if argv is not None:
        return guarded(words, text)
    with in_a_process_of_its_own():
        return guarded(words, text)


def _known(words: list[str]) -> str | None:
    """What is known before the words are parsed: the version, and mostly the help."""
    if words[:1] == ["--version"]:
        return f"flowplan {__version__}\n"
    if words in (["--help"], ["-h"]):
        from flowplan.cli.help_width import help_page

        return help_page()
    return None


if __name__ == "__main__":
    sys.exit(main())
