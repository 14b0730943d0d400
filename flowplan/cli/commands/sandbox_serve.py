"""`flowplan sandbox serve`: the embedded cluster on a port of this machine."""

from __future__ import annotations

import click

from flowplan.cli.app import SANDBOX_VERBS
from flowplan.cli.call import Call
from flowplan.cli.endpoint import sandbox_refusals
from flowplan.cli.options import option
from flowplan.cli.verbs import verb
from flowplan.errors import UsageError

__all__ = ["command"]


@verb(
    "sandbox serve",
    option(
        "--port",
        type=click.IntRange(0, 65535),
        default=9200,
        show_default=True,
        metavar="N",
        help="The port; 0 picks a free one.",
    ),
    summary=SANDBOX_VERBS["serve"],
    template_params=False,
)
def command(call: Call) -> int:
    """Serve until SIGTERM or Ctrl-C; says on stdout when it listens."""
    from flowplan.cli.settings import project_path
    from flowplan.project import Settings, locate
    from flowplan.providers.sandbox.app import SandboxApp
    from flowplan.providers.sandbox.options import parse_options
    from flowplan.providers.sandbox.server import serve

    flags = call.flags
    endpoint = flags.endpoint or "sandbox:"
    if not endpoint.startswith("sandbox:"):
        raise UsageError.of(
            "FP612",
            f"{endpoint} is no sandbox",
            hint="Name one as sandbox:PATH, with options as sandbox:PATH?latency=50ms",
        )
    # Only where the project is: which environment is meant makes no difference here.
    where = Settings(file=project_path(flags))
    try:
        beside = locate(template=flags.template, state=flags.state, settings=where).sandbox
    except UsageError:
        # No template here: it stands beside what will be made here.
        beside = locate(state="template.state.json", settings=where).sandbox
    with sandbox_refusals():
        options = parse_options(endpoint).at(beside)
        # Opened once before the port is taken: what is wrong with the file is told as such.
        SandboxApp(options).close()
    try:
        serve(options, flags.port, lambda url: call.out.line(f"listening on {url}"))
    except OSError as error:
        raise UsageError.of(
            "FP613",
            f"port {flags.port} can't be used: {error.strerror}",
            hint="Name another with --port, or 0 to pick a free one.",
        ) from None
    return 0
