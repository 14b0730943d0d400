"""One call of a verb: its flags and the screens to write to.

A verb is a function from `Call` to an exit code. What goes wrong in it is raised as a
`FlowplanError` and shown by the one handler in `flowplan.cli.guard`. It must not know how a command
line is parsed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flowplan.cli.flags import Flags
from flowplan.dataclass import dataclass, field
from flowplan.errors import FlowplanError
from flowplan.render.look import Look
from flowplan.render.screen import Screen

if TYPE_CHECKING:
    from flowplan.planner.params import Params
    from flowplan.project.settings import Settings

__all__ = ["Call", "carry_out"]


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
            # On use, as `json_text` is: an editor that checks a template at every save wants text.
            from flowplan.render.json_file import JsonFile

            with JsonFile(self.flags.json_into) as file:
                file.document(document())
        if self.flags.json:
            from flowplan.render.json_text import write_json

            write_json(self.out, document())
            return
        drawn = text()
        if drawn:
            self.out.line(drawn)


def carry_out(run: Callable[[Call], int], flags: Flags) -> int:
    """Run a verb with these flags; its exit code. Raises what it raises."""
    call = Call.of(flags)
    if flags.json_into:
        from flowplan.render.json_file import JsonFile

        # Told now rather than after the work; and nothing of an earlier run stays in it.
        JsonFile(flags.json_into).close()
    try:
        code = run(call)
    except FlowplanError as error:
        # Only where something went wrong: `--help` and what goes well need none of it.
        from flowplan.cli.next_step import repeating

        error.diagnostics = tuple(repeating(item, flags) for item in error.diagnostics)
        raise
    if call.out.failure is not None:
        from flowplan.render.failure import raise_unless_reader_left

        raise_unless_reader_left(call.out.failure, code)
    return code
