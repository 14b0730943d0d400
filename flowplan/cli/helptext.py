"""`--help` of every command, written as every other result is.

A full disk or a reader that went away is no mistake of flowplan. It must not know any verb.
"""

from __future__ import annotations

import os
import sys

import click

from flowplan.render.failure import raise_unless_reader_left
from flowplan.render.screen import Screen

__all__ = ["HelpfulCommand", "written_by_us"]


def written_by_us(option: click.Option | None) -> click.Option | None:
    """The same help option, printing through our own screen instead of click's echo."""
    if option is not None:
        option.callback = _show
    return option


class HelpfulCommand(click.Command):
    """A click command whose help is written so."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Click's own, but for how it writes."""
        return written_by_us(super().get_help_option(ctx))


def _show(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    screen = Screen.of(sys.stdout, "auto", os.environ)
    screen.line(context.get_help())
    if screen.failure is not None:
        raise_unless_reader_left(screen.failure, 0)
    context.exit()
