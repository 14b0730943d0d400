"""The flags as click options, in the groups in which verbs take them.

Every verb accepts the shared ones; those that mean nothing to it are hidden in its help, so
that a script can pass one set of flags to all. Options are made anew for each command, since
click keeps state in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import click

from flowplan.cli.complete import environment_names, node_names

__all__ = [
    "ALLOW_DELETE", "APPROVE", "GENERAL", "LOCK_TIMEOUT", "MAX_DELETES", "PARAMS", "PLACE",
    "REFRESH_ONLY", "REPLACE", "RUN", "SELECT", "WAIT", "Parameter",
    "choice_of_format", "duration", "flag", "option", "optional_argument", "optional_duration",
    "shared",
]  # fmt: skip

Parameter: TypeAlias = Callable[[], click.Parameter]
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def duration(context: click.Context, param: click.Parameter, value: str) -> float:
    """`30s`, `5m`, `500ms`, as seconds. A callback of an option."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)", value)
    if match is None:
        raise click.BadParameter(
            f'"{value}" is no duration: write it as 30s, 5m or 500ms.', context, param
        )
    return float(match[1]) * _SECONDS[match[2]]


def optional_duration(
    context: click.Context, param: click.Parameter, value: str | None
) -> float | None:
    """The same for an option that has no default."""
    return None if value is None else duration(context, param, value)


def option(*names: str, hidden: bool = False, **settings: Any) -> click.Option:
    """A click option."""
    return click.Option(list(names), hidden=hidden, **settings)


def flag(*names: str, hidden: bool = False, **settings: Any) -> click.Option:
    """An on-off option."""
    return click.Option(list(names), is_flag=True, hidden=hidden, **settings)


def optional_argument(name: str, metavar: str, **settings: Any) -> click.Argument:
    """An argument that may be left out."""
    return click.Argument([name], metavar=metavar, required=False, **settings)


GENERAL: tuple[Parameter, ...] = (
    partial(
        option, "--color", type=click.Choice(["auto", "always", "never"]), default=None,
        help="Whether to colour. NO_COLOR and FORCE_COLOR are honoured.",
    ),
    partial(flag, "--no-color", help="The same as --color never."),
    partial(flag, "--no-input", help="Never ask; refuse instead."),
    partial(flag, "-q", "--quiet", help="No progress, only results, warnings and errors."),
    partial(flag, "-v", "--verbose", help="List what is only counted otherwise."),
)  # fmt: skip
PLACE: tuple[Callable[..., click.Option], ...] = (
    partial(option, "--endpoint", metavar="URL|sandbox:", help="The cluster."),
    partial(flag, "--insecure", help="Do not check the cluster's TLS certificate."),
    partial(option, "--state", metavar="PATH|URL", help="The state."),
    partial(option, "--template", metavar="PATH", help="The template."),
    partial(option, "--project", metavar="PATH", help="The project file, flowplan.yaml."),
    partial(
        option,
        "-e",
        "--env",
        metavar="NAME",
        shell_complete=environment_names,
        help="The environment in the project file; FLOWPLAN_ENV names it, too.",
    ),
)
PARAMS: tuple[Callable[..., click.Option], ...] = (
    partial(
        option, "-p", "--param", metavar="K=V", multiple=True,
        help="A param; K=@FILE reads its value from a file.",
    ),
    partial(
        option, "--params-file", metavar="FILE", multiple=True, help="Params, as JSON or YAML."
    ),
    partial(flag, "--strict", help="Unknown inputs are errors, not warnings."),
)  # fmt: skip
APPROVE: Parameter = partial(flag, "--auto-approve", help="Do not ask before the first change.")
ALLOW_DELETE: Parameter = partial(
    option, "--allow-delete", metavar="NODE|ID|all", multiple=True,
    help="Allow deleting this index or pipeline.",
)  # fmt: skip
SELECT: tuple[Parameter, ...] = (
    partial(
        option, "--target", "targets", metavar="NODES", multiple=True,
        shell_complete=node_names,
        help="Only these nodes, and what they need: an id, a glob or a step type.",
    ),
    partial(
        option, "--exclude", metavar="NODES", multiple=True, shell_complete=node_names,
        help="All but these nodes, and what needs them.",
    ),
)  # fmt: skip
REPLACE: Parameter = partial(
    option, "--replace", metavar="NODES", multiple=True, shell_complete=node_names,
    help="Make these nodes anew, though nothing differs.",
)  # fmt: skip
REFRESH_ONLY: Parameter = partial(
    flag, "--refresh-only",
    help="Change nothing on the cluster: take what changed there into the state.",
)  # fmt: skip
LOCK_TIMEOUT: Parameter = partial(
    option, "--lock-timeout", callback=duration, default="0s", metavar="DURATION",
    help="How long to wait for the lock, as 30s or 5m.  [default: not at all]",
)  # fmt: skip
MAX_DELETES: Parameter = partial(
    option, "--max-deletes", type=click.IntRange(0), metavar="N",
    help="Refuse to delete or replace more than this many.",
)  # fmt: skip
WAIT: Parameter = partial(
    option, "--wait-timeout", "--wait-for-completion-timeout", "wait_timeout",
    callback=optional_duration, metavar="DURATION",
    help="Go on in the background after this time, and print the status.",
)  # fmt: skip
RUN: tuple[Parameter, ...] = (
    APPROVE,
    ALLOW_DELETE,
    MAX_DELETES,
    WAIT,
    partial(
        option, "--parallelism", type=click.IntRange(1, 256), metavar="N",
        help="How many steps run at once.  [default: the project file's, else 10]",
    ),
    LOCK_TIMEOUT,
)  # fmt: skip


def choice_of_format(*forms: str) -> click.Option:
    """`--format`, the first form being the default."""
    return option(
        "--format", type=click.Choice(forms), default=forms[0], show_default=True,
        help="The form of the result.",
    )  # fmt: skip


def shared(*, place: bool = True, params: bool = True) -> Sequence[click.Parameter]:
    """The flags that every verb takes; hidden in the help where they mean nothing."""
    return [
        *(make(hidden=not place) for make in PLACE),
        *(make(hidden=not params) for make in PARAMS),
        option("--json-into", metavar="FILE", help="Write the JSON form to a file, too."),
        *(make() for make in GENERAL),
    ]
