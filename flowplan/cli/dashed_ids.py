"""Ids that begin with a dash, as one in 64 that OpenSearch makes does, among a verb's arguments.

They are taken for what they are, not for options. It must not know any verb.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import click

from flowplan.cli.helptext import HelpfulCommand

__all__ = ["TakesIds"]

_ID = re.compile(r"-[\w-]{19}", re.ASCII)
"""Twenty characters, which no option of ours with a value in the same word has without a `=`."""
_MARK = "\0"
"""Before an id it is no option; in an argument of a process it can't be."""


class TakesIds(HelpfulCommand):
    """A command whose arguments may be such ids, without a `--` before them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Click's own, the ids kept from it meanwhile."""
        options = {name for param in self.params for name in (*param.opts, *param.secondary_opts)}
        rest = super().parse_args(ctx, list(_marked(args, options)))
        for name, value in ctx.params.items():
            if isinstance(value, str):
                ctx.params[name] = value.removeprefix(_MARK)
            elif isinstance(value, tuple):
                ctx.params[name] = tuple(
                    item.removeprefix(_MARK) if isinstance(item, str) else item for item in value
                )
        return rest


def _marked(args: Sequence[str], options: set[str]) -> Iterator[str]:
    for word in args:
        yield f"{_MARK}{word}" if _ID.fullmatch(word) and word not in options else word
