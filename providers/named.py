"""What indices and pipelines have in common: the user names them, and the name is in the path.

It must not know what any of them is made of.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from flowplan.errors import IMPORT, Diagnostic, ProviderError

__all__ = ["chunks", "existing", "path_to_name", "vanished"]

# A node refuses a request line of more than 4096 bytes; the rest of it needs room too.
LONGEST = 3000


def path_to_name(base: str, names: Sequence[str]) -> str:
    """`/_ingest/pipeline/a,b`, whatever characters the names have."""
    return f"{base}/{','.join(quote(name, safe='') for name in names)}"


def chunks(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The names in parts that a URL has room for."""
    part: list[str] = []
    length = 0
    for name in dict.fromkeys(names):
        size = len(quote(name, safe="")) + 1
        if part and length + size > LONGEST:
            yield tuple(part)
            part, length = [], 0
        part.append(name)
        length += size
    if part:
        yield tuple(part)


def existing(what: str, name: str, reason: str = "") -> ProviderError:
    """The error for something that is there and not recorded: it is never overwritten.

    An alias is no thing of its own that could be taken over.
    """
    take_over = f"If it is this node's, take it over:\n  {IMPORT}{shlex.quote(name)}\n"
    choose = f"Choose another name, or delete {what} {name} if nobody needs it."
    return ProviderError(
        Diagnostic(
            "error",
            "FP361",
            f"{what} {name} exists already and is not in this state",
            f"{reason}\nWhat somebody else made is not overwritten.".strip(),
            hint=choose if what == "alias" else f"{take_over}{choose}",
        )
    )


def vanished(what: str, name: str) -> ProviderError:
    """The error for something that was deleted while it was worked on."""
    return ProviderError(
        Diagnostic(
            "error",
            "FP337",
            f"{what} {name} is gone",
            "It was deleted while it was being changed.",
            hint="Run the command again: the next plan makes it anew.",
        )
    )
