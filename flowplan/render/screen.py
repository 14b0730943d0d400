"""Where text goes: stdout or stderr, with their colour and width, and what may go wrong there.

A reader that goes away (`flowplan plan | head`) must not stop an apply half-way, so a failed
write is remembered and the rest is dropped; `flowplan.cli.guard` looks at it at the end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from flowplan.render.colour import ColourChoice, wants_colour
from flowplan.render.look import Look

__all__ = ["Screen", "is_terminal"]

_PIPE_WIDTH = 80
_NARROWEST = 40
_WIDEST = 120


class Screen:
    """One output stream. `failure` is the first error of writing to it, if any."""

    def __init__(
        self, stream: TextIO, *, colour: bool = False, width: int = 80, terminal: bool = False
    ) -> None:
        self.stream = stream
        self.colour = colour
        self.width = width
        self.terminal = terminal
        self.failure: OSError | None = None

    @classmethod
    def of(cls, stream: TextIO | None, choice: ColourChoice, environ: Mapping[str, str]) -> Screen:
        """The screen for a stream, as the flags, the environment and the stream want it."""
        if stream is None:  # closed by the caller: `flowplan >&-`
            stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 for good
        terminal = is_terminal(stream)
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # A terminal that can't show an arrow gets an escape, not a crash.
            reconfigure(errors="backslashreplace")
        colour = wants_colour(choice, environ, terminal=terminal)
        width = _terminal_width(stream, environ) if terminal else _PIPE_WIDTH
        return cls(stream, colour=colour, width=width, terminal=terminal)

    @property
    def unicode(self) -> bool:
        """Whether the stream takes every character as it is."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        return encoding.lower().replace("-", "").replace("_", "").startswith("utf")

    def look(self, *, verbose: bool = False) -> Look:
        """How a text for this screen is to look."""
        return Look(self.width, colour=self.colour, short=self.terminal, verbose=verbose)

    def write(self, text: str) -> None:
        """Write and flush; after a failure, nothing."""
        if self.failure is not None:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError as error:
            self.failure = error
            self._silence()

    def line(self, text: str = "") -> None:
        """Write one or more whole lines."""
        self.write(text + "\n")

    def _silence(self) -> None:
        # Else the interpreter flushes the same bytes once more at exit, and complains.
        if self.stream in {sys.stdout, sys.stderr}:
            try:
                target = self.stream.fileno()
                sink = os.open(os.devnull, os.O_WRONLY)
                os.dup2(sink, target)
                os.close(sink)
            except (OSError, ValueError):
                return


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sits there; a stream that the caller closed is none."""
    if stream is None:
        return False
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _terminal_width(stream: TextIO, environ: Mapping[str, str]) -> int:
    columns = environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        found = int(columns)
    else:
        try:
            found = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError):
            found = _PIPE_WIDTH
    return max(_NARROWEST, min(found, _WIDEST))
