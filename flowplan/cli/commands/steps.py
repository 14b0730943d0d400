"""`flowplan steps [TYPE…]`: what Flow Framework's `_steps` answers."""

from __future__ import annotations

import click

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "steps",
    click.Argument(["types"], nargs=-1, metavar="[TYPE]..."),
    summary=VERBS["steps"],
    place=False,
    template_params=False,
)
def command(call: Call) -> int:
    """List all types, or the named ones."""
    from flowplan.providers.registry import Registry
    from flowplan.providers.steps_document import steps_document
    from flowplan.render.steps import steps_text

    document = steps_document(Registry(), call.flags.types)
    call.result(lambda: steps_text(document, call.look), lambda: document)
    return 0
