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

_YOUNG = 1_000_000
"""So many new objects make Python look for circular garbage; hardly anything here is any.

With 50,000 a plan of 10,000 nodes took a tenth longer.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. Never raises."""
    words = list(sys.argv[1:] if argv is None else argv)
    text = _known(words)
    if text is not None:
        from flowplan.render.at_once import at_once

        if at_once(text):
            return 0
    return _guarded(words, text) if argv is not None else _in_a_process_of_its_own(words, text)


def _guarded(words: list[str], text: str | None) -> int:
    # Here and not above: it has what parses, guards and explains.
    from flowplan.cli.guard import guarded

    return guarded(words, text)


def _in_a_process_of_its_own(words: list[str], text: str | None) -> int:
    """A process that ends with this command looks for garbage seldom, and not at its end.

    There the interpreter would walk through all that it has before it gives it up as a whole.
    """
    import gc

    gc.set_threshold(_YOUNG)
    try:
        return _guarded(words, text)
    finally:
        gc.freeze()


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
