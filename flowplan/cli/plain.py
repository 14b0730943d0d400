"""Command lines that need no parsing: `flowplan validate`, with a template's path or without.

An editor or a hook calls it at every save, and click alone takes a third of its time. With any flag
click reads the line, so what a flag means is said once.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["plain"]

_MOST = 2


def plain(words: Sequence[str]) -> int | None:
    """Run such a command line; its exit code, None for all others. Raises what the verb raises."""
    if [*words[:1]] != ["validate"] or len(words) > _MOST or any(it[:1] == "-" for it in words):
        return None
    from flowplan.cli.call import carry_out
    from flowplan.cli.flags import Flags
    from flowplan.cli.validating import validate

    return carry_out(validate, Flags(verb="validate", argument=words[1] if words[1:] else None))
