"""How a text is to look: width, colour, short ids, how much. Given to every text renderer."""

from __future__ import annotations

from flowplan.dataclass import dataclass
from flowplan.pattern import pattern
from flowplan.render.colour import paint
from flowplan.render.sanitise import clean

__all__ = ["MADE_UP", "Look"]

MADE_UP = pattern(r"[A-Za-z0-9_-]{20}\Z")
"""An id as OpenSearch makes them."""


@dataclass(frozen=True, slots=True)
class Look:
    """`width` in columns. `short` shortens ids: on a terminal only, so pipes can be searched.

    `verbose` lists what is counted otherwise.
    """

    width: int = 80
    colour: bool = False
    short: bool = False
    verbose: bool = False

    @property
    def fold(self) -> bool:
        """Whether long lines are folded: on a terminal, which else cuts words at its edge."""
        return self.short

    def paint(self, style: str, text: str) -> str:
        """`text` in a style such as `bold red`, if there is colour."""
        return paint(style, text, colour=self.colour)

    def id(self, resource_id: str | None) -> str:
        """A resource id; on a terminal the first four and last two characters of a made-up one.

        The name of an index or pipeline is an id, too, and is never shortened.
        """
        text = clean(resource_id or "")
        if self.short and MADE_UP.match(text):
            return f"{text[:4]}…{text[-2:]}"
        return text
