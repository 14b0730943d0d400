"""One call of a verb: its flags and the screens to write to; and the way from click to a verb.

A verb is a function from `Call` to an exit code. What goes wrong in it is raised as a
`FlowplanError` and shown by the one handler in `flowplan.cli.guard`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from flowplan.cli.flags import Flags
from flowplan.cli.helptext import HelpfulCommand
from flowplan.cli.options import choice_of_format, shared
from flowplan.dataclass import dataclass
from flowplan.errors import FlowplanError
from flowplan.render.failure import raise_unless_reader_left
from flowplan.render.json_file import JsonFile
from flowplan.render.json_text import write_json
from flowplan.render.look import Look
from flowplan.render.screen import Screen

if TYPE_CHECKING:
    from flowplan.planner.params import Params
    from flowplan.project.settings import Settings

__all__ = ["Call", "verb"]


@dataclass(frozen=True)
class Call:
    """What a verb works with. Result to `out`, progress and warnings to `err`.

    `params` are the template's as the process that started this one found them, else None.
    """

    flags: Flags
    out: Screen
    err: Screen
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    params: Params | None = field(default=None, repr=False)

    @classmethod
    def of(cls, flags: Flags) -> Call:
        """The call on the process's own streams."""
        out = Screen.of(sys.stdout, flags.color, os.environ)
        return cls(flags, out, Screen.of(sys.stderr, flags.color, os.environ))

    @cached_property
    def settings(self) -> Settings:
        """What the project file says; read once, and only by verbs that ask. Raises its errors."""
        # On use: `--help` and what has no project must not load what reads one.
        from flowplan.cli.settings import settings_of

        return settings_of(self.flags, self.environ)

    @property
    def look(self) -> Look:
        """How text on stdout is to look."""
        return self.out.look(verbose=self.flags.verbose)

    def result(self, text: Callable[[], str], document: Callable[[], Any]) -> None:
        """Print the result in the form that was asked for, and as JSON into the file."""
        if self.flags.json_into:
            with JsonFile(self.flags.json_into) as file:
                file.document(document())
        if self.flags.json:
            write_json(self.out, document())
            return
        drawn = text()
        if drawn:
            self.out.line(drawn)


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
            call = Call.of(_flags(name, values))
            if call.flags.json_into:
                # Told now rather than after the work; and nothing of an earlier run stays in it.
                JsonFile(call.flags.json_into).close()
            code = _run(run, call)
            if call.out.failure is not None:
                raise_unless_reader_left(call.out.failure, code)
            return code

        declared = [*params, choice_of_format(*forms), *shared(place=place, params=template_params)]
        return kind(name.rpartition(" ")[2], params=declared, callback=callback, help=summary)

    return wrap


def _run(run: Callable[[Call], int], call: Call) -> int:
    try:
        return run(call)
    except FlowplanError as error:
        # Only where something went wrong: `--help` and what goes well need none of it.
        from flowplan.cli.next_step import repeating

        error.diagnostics = tuple(repeating(item, call.flags) for item in error.diagnostics)
        raise


def _flags(name: str, values: dict[str, Any]) -> Flags:
    """The typed flags; those given before the verb count as given after it."""
    context = click.get_current_context()
    for key, value in context.find_root().params.items():
        if not values.get(key):
            values[key] = value
    if values.pop("no_color", False):
        values["color"] = "never"
    return Flags(verb=name, **{key: value for key, value in values.items() if value is not None})
