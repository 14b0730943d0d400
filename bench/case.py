"""What a case is, what it is given, and what it finds out: figures, each with its peer and limit.

It must not know any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.measure import Spread, spread

__all__ = ["Case", "Figure", "Setting", "figure"]

SMALLEST = 30


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. Lower is better in all of them.

    `limit` bounds the ratio to the peer; where there is no peer by nature, `own` itself.
    """

    name: str
    unit: str
    own: Spread
    peer: Spread | None = None
    against: str = ""
    limit: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Own median to the peer's."""
        if self.peer is None or not self.peer.median:
            return None
        return self.own.median / self.peer.median

    @property
    def ok(self) -> bool | None:
        """Whether the limit is kept; None without a limit, or without the peer that it needs."""
        if self.limit is None:
            return None
        if self.against:
            return None if self.ratio is None else self.ratio <= self.limit
        return self.own.median <= self.limit


@dataclass(frozen=True, slots=True)
class Setting:
    """What cases are given.

    A directory of their own, how often to measure, the program that is measured, and its peer.
    """

    directory: Path
    repeat: int
    quick: bool
    program: Path
    terraform: str | None
    say: Callable[[str], None]

    def within(self, directory: Path) -> Setting:
        """The same, in another directory."""
        return replace(self, directory=directory)

    def size(self, count: int) -> int:
        """A number of nodes, a tenth of it in a quick run."""
        return max(SMALLEST, count // 10) if self.quick else count


@dataclass(frozen=True, slots=True)
class Case:
    """A name to select it by, what it is about, and what measures it.

    `usual`: it is part of a run that selects nothing.
    """

    name: str
    title: str
    measure: Callable[[Setting], Iterator[Figure]]
    usual: bool = True


def figure(
    name: str,
    unit: str,
    own: Sequence[float],
    peer: Sequence[float] = (),
    *,
    against: str = "",
    limit: float | None = None,
    note: str = "",
) -> Figure:
    """A figure of what was measured; without measurements of the peer it has none."""
    other = spread(peer) if peer else None
    return Figure(name, unit, spread(own), other, against, limit, note)
