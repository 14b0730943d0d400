"""The way from click to a verb: its options, and the flags that they make.

It must not know what any verb does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from flowplan.cli.call import Call, carry_out
from flowplan.cli.flags import Flags
from flowplan.cli.helptext import HelpfulCommand
from flowplan.cli.options import choice_of_format, shared

__all__ = ["verb"]


def verb(
    name: str,
    *params: click.Parameter,
    summary: str,
    forms: Sequence[str] = ("text", "json"),
    place: bool = True,
    template_params: bool = True,
    kind: type[HelpfulCommand] = HelpfulCommand,
) -> Callable[[Callable[[Call], int]], click.Command]:
    """Make a click command of a verb: its own parameters, then the shared ones."""

    def wrap(run: Callable[[Call], int]) -> click.Command:
        def callback(**values: Any) -> int:
            return carry_out(run, _flags(name, values))

        declared = [*params, choice_of_format(*forms), *shared(place=place, params=template_params)]
        return kind(name.rpartition(" ")[2], params=declared, callback=callback, help=summary)

    return wrap


def _flags(name: str, values: dict[str, Any]) -> Flags:
    """The typed flags; those given before the verb count as given after it."""
    context = click.get_current_context()
    for key, value in context.find_root().params.items():
        if not values.get(key):
            values[key] = value
    if values.pop("no_color", False):
        values["color"] = "never"
    return Flags(verb=name, **{key: value for key, value in values.items() if value is not None})
