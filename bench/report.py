"""The figures of a run as a document, and the document as a table for people.

It must not know how anything was measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bench.case import Figure

__all__ = ["document", "table"]

_HEAD = (
    "| figure | flowplan | min – max | peer | its figure | ratio | limit | |",
    "| --- | ---: | ---: | --- | ---: | ---: | ---: | --- |",
)
_MARKS = {True: "ok", False: "**missed**", None: ""}
_HUNDRED, _TEN = 100, 10


def document(
    found: Mapping[str, Sequence[Figure]],
    failed: Mapping[str, str],
    machine: Mapping[str, Any],
    left_out: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """All that is kept of a run, as JSON: the machine, and each figure with its case.

    A quick run's limits are not judged: a tenth of the nodes pays for start-up ten times over.
    `left_out` has the cases that this machine can't measure, and why.
    """
    quick = machine.get("quick", False)
    figures = [
        {"case": case, **asdict(it), "ratio": it.ratio, "ok": None if quick else it.ok}
        for case, figures in found.items()
        for it in figures
    ]
    return {
        "format_version": "1.0",
        "machine": dict(machine),
        "figures": figures,
        "failed": dict(failed),
        "left_out": dict(left_out or {}),
    }


def table(figures: Sequence[Mapping[str, Any]]) -> str:
    """Figures of a document as a table in Markdown."""
    return "\n".join([*_HEAD, *_rows(figures)])


def _rows(figures: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for it in figures:
        own, peer = it["own"], it["peer"]
        ends = "" if own["runs"] == 1 else f"{number(own['least'])} – {number(own['most'])}"
        limit = "" if it["limit"] is None else f"≤ {it['limit']:g}"
        ratio = "" if it["ratio"] is None else f"{it['ratio']:.3f}"
        other = number(peer["median"]) if peer else "not measured" if it["against"] else ""
        cells = (
            it["name"], f"{number(own['median'])} {it['unit']}", ends, it["against"], other,
            ratio, limit, _MARKS[it["ok"]],
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def number(value: float) -> str:
    """Three figures that count: 12,345, 123, 1.23, 0.012."""
    if abs(value) >= _HUNDRED or value == int(value):
        return f"{value:,.0f}"
    if abs(value) >= _TEN:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
