"""The bounds on what is read, and the fault that leaving them (or the grammar) is.

A template is written by people: a document beyond these bounds is a mistake or an attack, and
is refused before it costs memory. This module must not know YAML or JSON.
"""

from __future__ import annotations

from flowplan.pattern import pattern

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_VALUES",
    "SourceFault",
    "not_a_number",
    "too_deep",
    "too_many_digits",
    "too_many_values",
    "unpaired_surrogate",
]

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 100
MAX_VALUES = 1_000_000
MAX_DIGITS = 100

_SURROGATE = pattern("[\ud800-\udfff]")


class SourceFault(Exception):
    """What makes a text unreadable, at `offset` characters from its beginning.

    `span` is the number of characters at fault. Never leaves `flowplan.planner.source`.
    """

    def __init__(
        self,
        code: str,
        summary: str,
        offset: int,
        *,
        span: int = 1,
        detail: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(summary)
        self.code = code
        self.summary = summary
        self.offset = offset
        self.span = span
        self.detail = detail
        self.hint = hint


def too_deep(offset: int) -> SourceFault:
    """The fault of nesting beyond `MAX_DEPTH`."""
    return SourceFault(
        "FP137",
        f"nested deeper than {MAX_DEPTH} levels",
        offset,
        hint="flatten the value, or put the inner part into a JSON string",
    )


def too_many_values(offset: int) -> SourceFault:
    """The fault of more than `MAX_VALUES` values, aliases counted each time they are used."""
    return SourceFault(
        "FP138",
        f"more than {MAX_VALUES:,} values",
        offset,
        detail="An alias counts as all the values that it stands for.",
        hint="split the template, or use fewer aliases",
    )


def too_many_digits(offset: int, span: int) -> SourceFault:
    """The fault of a number that no receiver could hold."""
    return SourceFault(
        "FP146",
        "this number is too large",
        offset,
        span=span,
        detail=f"Numbers have at most {MAX_DIGITS} digits and fit a 64-bit float.",
        hint="quote it if it is meant as text",
    )


def not_a_number(word: str, offset: int) -> SourceFault:
    """The fault of NaN and Infinity, which JSON does not have."""
    return SourceFault(
        "FP139",
        f"{word} is not a number that JSON knows",
        offset,
        span=len(word),
        detail="The cluster speaks JSON, which has no NaN and no Infinity.",
        hint="quote it if it is meant as text",
    )


def unpaired_surrogate(text: str) -> int | None:
    """Where half of a surrogate pair stands in `text`, which can't be sent as UTF-8."""
    if text.isascii():
        return None
    found = _SURROGATE.search(text)
    return found.start() if found else None
