"""What must be known of a command line that could not be parsed, or failed while it ran.

The error handler has to answer in the form that was asked for even when click refused the
rest. No click here: this runs before it is imported.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowplan.dataclass import dataclass
from flowplan.render.colour import ColourChoice

__all__ = ["Early", "glance"]


@dataclass(frozen=True, slots=True)
class Early:
    """The flags that decide how a failure is shown."""

    verb: str = ""
    json: bool = False
    json_into: str | None = None
    color: ColourChoice = "auto"
    watch: bool = False

    @property
    def one_line(self) -> bool:
        """Whether stdout is a stream of one document a line."""
        return self.verb in {"apply", "destroy"} or self.watch


def glance(argv: Sequence[str]) -> Early:
    """Read the few flags without judging the rest."""
    verb = _verb(argv)
    form = _value(argv, "--format")
    colour: ColourChoice = "auto"
    if "--no-color" in argv or _value(argv, "--color") == "never":
        colour = "never"
    elif _value(argv, "--color") == "always":
        colour = "always"
    return Early(verb, form == "json", _value(argv, "--json-into"), colour, "--watch" in argv)


def _verb(argv: Sequence[str]) -> str:
    """The first word that is neither a flag nor the value of --color, the one before the verb."""
    before = ""
    for word in argv:
        if not word.startswith("-") and before != "--color":
            return word
        before = word
    return ""


def _value(argv: Sequence[str], flag: str) -> str | None:
    """The last value given to a flag; what follows `--` is no flag."""
    found: str | None = None
    for index, word in enumerate(argv):
        if word == "--":
            break
        if word == flag and index + 1 < len(argv):
            found = argv[index + 1]
        elif word.startswith(f"{flag}="):
            found = word.partition("=")[2]
    return found
