"""The table of the replay as Markdown. It must not know where recordings come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.fidelity.report import cell, percent
from tests.server.reasons import REASONS
from tests.server.replay import Outcome

BEGIN, END = "<!-- replay: made by python -m tests.server -->", "<!-- end of replay -->"
_TITLES = {
    "02": "step types",
    "03": "the life of a workflow",
    "04": "errors and races",
    "08": "nine kinds of steps",
    "09": "reprovisioning, limits",
    "10": "a restart",
    "11": "leftovers",
    "14": "reprovisioning, parallel branches",
}


def share(outcomes: Sequence[Outcome]) -> float:
    """The part that is equal in status and shape, from 0 to 1."""
    return sum(not item.found for item in outcomes) / len(outcomes)


def page(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The lines between the marks."""
    total = Counter(item.key[:2] for item in outcomes)
    different = Counter(item.key[:2] for item in outcomes if item.found)
    yield BEGIN
    yield ""
    yield "| recording | calls | equal | different |"
    yield "| --- | ---: | ---: | ---: |"
    for name, count in total.items():
        row = f"{count} | {count - different[name]} | {different[name]}"
        yield f"| {name} {_TITLES[name]} | {row} |"
    wrong = different.total()
    yield f"| all | {len(outcomes)} | {len(outcomes) - wrong} | {wrong} |"
    yield ""
    yield f"{percent(share(outcomes))} % are equal in status and body shape. The others:"
    yield ""
    yield "| call | why it differs | where |"
    yield "| --- | --- | --- |"
    for item in outcomes:
        if item.found:
            yield f"| {item.key} {cell(item.name)} | {_reason(item)} | `{cell(_where(item))}` |"
    yield ""
    yield END


def _reason(item: Outcome) -> str:
    return cell(REASONS.get(item.key, "not known"))


def _where(item: Outcome) -> str:
    shown = item.found[:3]
    return "; ".join(shown) + ("; …" if len(item.found) > len(shown) else "")


def filled(text: str, outcomes: Sequence[Outcome]) -> str:
    """A page's text with the table in the place between the marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + "\n".join(page(outcomes)) + after
