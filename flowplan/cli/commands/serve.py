"""`flowplan serve`: Flow Framework's workflow API on a port, carried out by flowplan.

It puts the server together; what it answers must not be known here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.endpoint import choose_endpoint, credentials_for, sandbox_refusals
from flowplan.cli.options import Parameter, flag, option
from flowplan.cli.verbs import verb
from flowplan.errors import UsageError

if TYPE_CHECKING:
    from flowplan.cli.endpoint import Target
    from flowplan.server.access import Access
    from flowplan.server.clusters import Clusters
    from flowplan.server.service import Service

__all__ = ["command"]

HERE = ".flowplan"
_PLACE: tuple[Parameter, ...] = (
    partial(
        option, "--port", type=click.IntRange(0, 65535), default=9300, show_default=True,
        metavar="N", help="The port; 0 picks a free one.",
    ),
    partial(
        option, "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
        help="The address; another than this machine's own needs --tokens or --pass-through.",
    ),
    partial(
        option, "--store", metavar="PATH|URL",
        help="Where workflows are kept: a directory, or postgresql://…; else .flowplan/serve.",
    ),
)  # fmt: skip
_WHO: tuple[Parameter, ...] = (
    partial(option, "--tokens", metavar="FILE", help="Who may ask: the tokens of this file."),
    partial(
        flag, "--pass-through",
        help="Who may ask: users of the cluster, each with their own credentials there.",
    ),
    partial(
        flag, "--public-metrics", help="Answer /metrics and /readyz without credentials."
    ),
    partial(
        option, "--new-token", metavar="NAME",
        help="Print a new token and its line for the file of tokens, and end.",
    ),
    partial(
        option, "--role", type=click.Choice(["write", "read"]), default="write",
        show_default=True, help="What the new token may do.",
    ),
)  # fmt: skip
_WORK: tuple[Parameter, ...] = (
    partial(
        option, "--log-format", type=click.Choice(["text", "json"]), default="text",
        show_default=True, help="The form of the log on stderr.",
    ),
    partial(
        option, "--runs", type=click.IntRange(1, 256), default=16, show_default=True, metavar="N",
        help="How many provisionings and deprovisionings are at work at once.",
    ),
    partial(
        option, "--runs-per-minute", type=click.IntRange(0), metavar="N",
        help="How many each caller may begin in a minute.  [default: any number]",
    ),
)  # fmt: skip


@verb(
    "serve",
    *(make() for make in (*_PLACE, *_WHO, *_WORK)),
    summary=VERBS["serve"],
    template_params=False,
)
def command(call: Call) -> int:
    """Serve until SIGTERM or Ctrl-C; says on stdout when it listens."""
    try:
        from flowplan.server.app import create_app
        from flowplan.server.serving import serve
    except ImportError as error:
        raise _not_installed(error) from None
    if call.flags.new_token is not None:
        return _new_token(call, call.flags.new_token)
    # The working directory may be moved while a server runs.
    place = Path(HERE).absolute()
    target = choose_endpoint(call.flags.endpoint, call.environ, project=call.settings.endpoint)
    clusters = _clusters(call, target, place)
    access = _access(call, clusters)
    with _logged(call):
        service = _service(call, clusters, access, place)
        _listen(call, service, create_app(service, public_metrics=call.flags.public_metrics), serve)
    return 0


def _new_token(call: Call, name: str) -> int:
    """Make a token; who runs the server adds the line to the file."""
    from flowplan.server.tokens import make_token

    token, line = make_token(name, call.flags.role)
    call.result(
        lambda: f"token  {token}\nline   {line}",
        lambda: {"name": name, "role": call.flags.role, "token": token, "line": line},
    )
    return 0


def _clusters(call: Call, target: Target, place: Path) -> Clusters:
    """The cluster that is worked on, with what there is to say of it."""
    from flowplan.render.validation import warn
    from flowplan.server.clusters import Clusters

    sandbox = place / "sandbox.db"
    if not target.chosen and not call.flags.quiet:
        call.err.line(
            f"No endpoint is named: this works on the sandbox in {sandbox}, not on a cluster."
        )
    with sandbox_refusals():
        credentials = credentials_for(call, target)
        if call.flags.pass_through:
            from flowplan.server.accounts import see_passable

            see_passable(target.url, credentials)
        made = Clusters(target.url, sandbox, credentials, verify=not call.flags.insecure)
    warn(call.err, made.warnings)
    return made


def _access(call: Call, clusters: Clusters) -> Access:
    """Who may ask. Raises `UsageError` FP686 to FP689."""
    from flowplan.server.access import Anybody, see_safe
    from flowplan.server.accounts import Accounts
    from flowplan.server.tokens import Tokens

    flags = call.flags
    if flags.tokens is not None and flags.pass_through:
        raise UsageError.of(
            "FP689",
            "--tokens and --pass-through don't go together",
            "With tokens the server works with credentials of its own, else with each caller's.",
            hint="Choose one of them.",
        )
    access: Access = Anybody()
    if flags.tokens is not None:
        access = Tokens(Path(flags.tokens))
    elif flags.pass_through:
        access = Accounts(clusters)
    see_safe(flags.host, access)
    return access


def _service(call: Call, clusters: Clusters, access: Access, place: Path) -> Service:
    from flowplan.server import ServeSettings
    from flowplan.server.service import open_service

    flags = call.flags
    return open_service(
        clusters,
        ServeSettings(runs=flags.runs, runs_a_minute=flags.runs_per_minute),
        directory=place / "serve",
        store=flags.store,
        environ=call.environ,
        access=access,
    )


def _listen(call: Call, service: Service, app: Any, serve: Callable[..., None]) -> None:
    flags = call.flags
    try:
        serve(
            service, app, flags.host, flags.port, lambda url: call.out.line(f"listening on {url}")
        )
    except OSError as error:
        service.end()
        raise _no_port(flags.host, flags.port, error) from None


@contextmanager
def _logged(call: Call) -> Iterator[None]:
    """Log to stderr meanwhile: what was asked, with -q only what went wrong."""
    from flowplan.server.logs import log_to

    level = logging.WARNING if call.flags.quiet else logging.INFO
    if call.flags.verbose:
        level = logging.DEBUG
    handler = log_to(call.err.stream, call.flags.log_format, level)  # type: ignore[arg-type] # click has checked it
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def _no_port(host: str, port: int, error: OSError) -> UsageError:
    return UsageError.of(
        "FP613",
        f"port {port} of {host} can't be used: {error.strerror}",
        hint="Name another with --port, or 0 to pick a free one; the address is --host's.",
    )


def _not_installed(error: ImportError) -> UsageError:
    return UsageError.of(
        "FP685",
        f"serve needs the package {error.name}, which is not installed",
        hint="pip install 'flowplan[server]'",
    )
