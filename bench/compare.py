"""A run beside the one that was kept last: what got worse by more than 15 %.

Ratios are compared where there are any, since seconds wander from machine to machine. It must
not know how anything was measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ALLOWED", "Fall", "falls"]

ALLOWED = 0.15
SECONDS_FLOOR = 0.01
"""A difference of less than this many seconds is the scheduler's."""


@dataclass(frozen=True, slots=True)
class Fall:
    """A figure that got worse: by what part of what it was."""

    name: str
    before: float
    now: float
    compared: str

    @property
    def part(self) -> float:
        """0.2 for a fifth worse."""
        return self.now / self.before - 1

    def __str__(self) -> str:
        """One line for people."""
        change = f"{self.before:.3g} → {self.now:.3g}"
        return f"{self.name}: {self.compared} {change}, {self.part:.0%} worse"


def falls(now: Mapping[str, Any], kept: Mapping[str, Any]) -> Sequence[Fall]:
    """The figures of both documents that got worse by more than `ALLOWED`, the worst first."""
    before = {(it["case"], it["name"]): it for it in kept["figures"]}
    found = []
    for figure in now["figures"]:
        old = before.get((figure["case"], figure["name"]))
        if old is None:
            continue
        fall = _fall(figure, old)
        if fall is not None and fall.part > ALLOWED:
            found.append(fall)
    return sorted(found, key=lambda it: -it.part)


def _fall(now: Mapping[str, Any], old: Mapping[str, Any]) -> Fall | None:
    if now["unit"] == "s" and now["own"]["median"] - old["own"]["median"] < SECONDS_FLOOR:
        return None
    if now["ratio"] and old["ratio"]:
        return Fall(now["name"], old["ratio"], now["ratio"], "ratio")
    if old["own"]["median"] <= 0:
        return None
    return Fall(now["name"], old["own"]["median"], now["own"]["median"], now["unit"])
