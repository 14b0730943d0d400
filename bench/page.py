"""The kept figures in docs/performance.md: a table between two comments, written by `--keep`.

It must not know how anything was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.report import table

__all__ = ["BEGIN", "END", "PAGE", "with_figures"]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN = "<!-- Made by `python -m bench --keep`. Do not edit to the next comment. -->"
END = "<!-- The figures end here. -->"


def with_figures(page: str, kept: Mapping[str, Any]) -> str:
    """The page with the figures of `kept`; raises ValueError for one without the two comments."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page does not say where its figures stand")
    machine = kept["machine"]
    told = (
        f"Median of {machine['repeat']}, {machine['cores']} cores, Python {machine['python']}, "
        f"{machine['peer'] or 'without Terraform'}; an fsync took {machine['fsync_ms']:g} ms."
    )
    left = "".join(f"\n\n{case} was left out: {why}" for case, why in kept["left_out"].items())
    left += "".join(
        f"\n\n{case} failed, and has no figures of this run." for case in kept["failed"]
    )
    return f"{before}{BEGIN}\n\n{told}\n\n{table(kept['figures'])}{left}\n\n{END}{after}"
