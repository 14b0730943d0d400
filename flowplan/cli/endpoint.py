"""Which cluster, and the connection to it.

A pipeline must never be green because it provisioned a sandbox, so with CI set the endpoint
has to be named; elsewhere the default is said on stderr.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flowplan.cli.call import Call
from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic, FlowplanError, UsageError
from flowplan.http import Connection
from flowplan.project.settings import Settings
from flowplan.render.tables import wrapped
from flowplan.render.validation import warn

if TYPE_CHECKING:
    from flowplan.project.credentials import Composed

__all__ = ["Target", "choose_endpoint", "connect", "credentials_for", "sandbox_refusals"]

SANDBOX = "sandbox:"


class NoRoom(UsageError):
    """The sandbox's file can't be made there. Exit 1: the call itself was right."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint as it was named; `chosen` by somebody, or the default."""

    url: str
    chosen: bool = True


def choose_endpoint(
    flag: str | None,
    environ: Mapping[str, str],
    *,
    saved: str | None = None,
    project: str | None = None,
) -> Target:
    """The flag, FLOWPLAN_ENDPOINT, a saved plan's, the project file's, else the sandbox.

    Raises `UsageError` FP610 when nothing is named and CI is set, FP614 for an empty flag.
    """
    if flag is not None and not flag.strip():
        # As of `--endpoint "$UNSET"`: the sandbox is the last thing that was meant.
        raise UsageError.of(
            "FP614",
            "--endpoint is empty",
            hint="Name the cluster, as https://host:9200, or sandbox: for the embedded one.",
        )
    named = flag or environ.get("FLOWPLAN_ENDPOINT") or saved or project
    if named:
        return Target(named)
    if environ.get("CI", "").lower() not in {"", "0", "false"}:
        raise UsageError.of(
            "FP610",
            "no endpoint is named, and CI is set",
            "Without one, flowplan works on the sandbox, and a pipeline would be green without "
            "having touched a cluster.",
            hint="Name the cluster with --endpoint URL, FLOWPLAN_ENDPOINT, or in flowplan.yaml.\n"
            "If the sandbox is meant: --endpoint sandbox:",
        )
    return Target(SANDBOX, chosen=False)


def connect(call: Call, target: Target, sandbox: Path) -> tuple[Connection, str]:
    """The connection, and the endpoint's name for people. Nothing is sent yet."""
    from flowplan.http import open_connection

    if not target.url.startswith(SANDBOX):
        connection = _reached(call, target)
        warn(call.err, connection.warnings)
        return connection, connection.endpoint
    if not target.chosen and not call.flags.quiet:
        said = f"No endpoint is named: this works on the sandbox in {sandbox}, not on a cluster."
        call.err.line("\n".join(wrapped(said, call.err.width, "")) if call.err.terminal else said)
    from flowplan.providers.sandbox.adapter import BASE_URL, open_sandbox

    with sandbox_refusals():
        adapter = open_sandbox(target.url, default_path=sandbox)
    connection = open_connection(
        BASE_URL, mounts={BASE_URL: lambda: adapter}, environ=call.environ, shown=target.url
    )
    return connection, _absolute(target.url)


def _reached(call: Call, target: Target) -> Connection:
    """The connection to a cluster, with the credentials of environment and project file."""
    from flowplan.http import open_connection

    composed = _composed(call, target)
    try:
        return open_connection(target.url, environ=composed.environ, verify=not call.flags.insecure)
    except FlowplanError as error:
        raise composed.placed(error, call.settings) from None


def credentials_for(call: Call, target: Target) -> Mapping[str, str]:
    """The environment, with what the project file says of credentials for this endpoint."""
    if target.url.startswith(SANDBOX):
        return call.environ
    return _composed(call, target).environ


def _composed(call: Call, target: Target) -> Composed:
    from flowplan.http_endpoint import parse_endpoint
    from flowplan.project.credentials import Composed, compose

    settings = call.settings
    place = parse_endpoint(target.url)
    # A plan that doesn't look at the cluster needs nobody's secrets.
    unused = call.flags.verb == "plan" and not call.flags.refresh
    if settings.credentials and not unused:
        if settings.endpoint is None or _same_host(settings.endpoint, place.base):
            return compose(settings, call.environ, user_in_url=place.user is not None)
        warn(call.err, (_kept_back(settings, place.base),))
    return Composed(call.environ)


def _same_host(endpoint: str, base: str) -> bool:
    """Whether the project file's endpoint is the one that is used."""
    from flowplan.http_endpoint import parse_endpoint

    return not endpoint.startswith(SANDBOX) and parse_endpoint(endpoint).base == base


def _kept_back(settings: Settings, base: str) -> Diagnostic:
    """Credentials belong to the cluster that stands beside them: another must not learn them."""
    return Diagnostic(
        "warning",
        "FP638",
        f"the credentials of {settings.file} are not sent to {base}",
        f"They are for {settings.endpoint}, which stands beside them.",
        hint="For another endpoint set FLOWPLAN_USERNAME and FLOWPLAN_PASSWORD, or FLOWPLAN_TOKEN.",
    )


@contextmanager
def sandbox_refusals() -> Iterator[None]:
    """Tell what keeps a sandbox from being opened. Raises `UsageError` FP615, `NoRoom` FP616."""
    try:
        yield
    except ValueError as error:
        problem, _, remedy = str(error).partition("; ")
        raise UsageError.of("FP615", problem, hint=remedy) from None
    except OSError as error:
        raise NoRoom.of(
            "FP616",
            f"the sandbox's file can't be made: {error.strerror}",
            f"It was to be {error.filename}." if error.filename else "",
            hint="Name one in a directory that you may write to: --endpoint sandbox:PATH",
        ) from None


def _absolute(endpoint: str) -> str:
    """A sandbox URL that means the same from any directory: a saved plan is bound to it."""
    path, mark, options = endpoint.removeprefix(SANDBOX).partition("?")
    return f"{SANDBOX}{Path(path).absolute() if path else ''}{mark}{options}"
