"""`flowplan completion bash|zsh|fish`: the script that a shell loads."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from flowplan.cli.app import VERBS, build_app
from flowplan.cli.call import Call
from flowplan.cli.verbs import verb

__all__ = ["command"]


@verb(
    "completion",
    click.Argument(["target"], type=click.Choice(["bash", "zsh", "fish"]), metavar="bash|zsh|fish"),
    summary=VERBS["completion"],
    forms=("text",),
    place=False,
    template_params=False,
)
def command(call: Call) -> int:
    """Print it; `eval "$(flowplan completion bash)"` loads it."""
    shell = get_completion_class(call.flags.target or "")
    assert shell is not None  # noqa: S101 the choices are click's own
    script = shell(build_app(), {}, "flowplan", "_FLOWPLAN_COMPLETE")
    # click's own `source` asks bash for its version first; the script itself is all we want.
    call.out.line((script.source_template % script.source_vars()).strip())
    return 0
