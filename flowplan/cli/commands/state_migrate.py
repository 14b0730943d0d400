"""`flowplan state migrate --to URL`: the state moves to another place."""

from __future__ import annotations

import os
from collections.abc import Sequence

from flowplan.cli.app import STATE_VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import LOCK_TIMEOUT, option
from flowplan.cli.verbs import verb
from flowplan.errors import Diagnostic, StateError
from flowplan.state.backends import Backend

__all__ = ["command"]


@verb(
    "state migrate",
    option("--to", metavar="PATH|URL", required=True, help="The place to move it to."),
    LOCK_TIMEOUT(),
    summary=STATE_VERBS["migrate"],
    template_params=False,
)
def command(call: Call) -> int:
    """Copy under both locks, check the copy by its digest, take the old one out of use."""
    from flowplan.cli.changing import holding
    from flowplan.cli.editing import Edit, at_work, tell
    from flowplan.cli.session import open_existing
    from flowplan.state.backends import open_backend
    from flowplan.state.transfer import copy, digest

    _, source = open_existing(call)
    target = open_backend(call.flags.to or "")
    if _place(source.location) == _place(target.location):
        raise StateError.of(
            "FP466",
            f"the state is in {target.location} already",
            hint="Name another place: flowplan state migrate --to PATH|URL",
        )
    with at_work(call, source) as state, holding(call, target, call.flags.verb):
        written = copy(state, target)
        left, warnings = _retired(source)
    fields = {"from": source.location, "left": left, "digest": digest(state), "copied": written}
    lines = _lines(call, source, target, left)
    return tell(call, Edit(state, target.location, lines=lines, fields=fields, warnings=warnings))


def _place(location: str) -> str:
    return location if "://" in location else os.path.realpath(location)


def _retired(source: Backend) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """The old document's new name; two that both count as the state would part ways."""
    from flowplan.state.backends.local import LocalBackend

    if not isinstance(source, LocalBackend):
        return None, (_still_there(source.location, "Only a local file is put aside by flowplan."),)
    try:
        return source.retire(), ()
    except StateError as error:
        return None, (_still_there(source.location, f"{error.diagnostics[0].summary}."),)


def _still_there(location: str, reason: str) -> Diagnostic:
    return Diagnostic(
        "warning",
        "FP467",
        f"the old state is still in {location}",
        f"{reason} Whoever goes on using it parts ways with the one that was moved.",
        hint="Delete it there once everybody uses the new place.",
    )


def _lines(call: Call, source: Backend, target: Backend, left: str | None) -> Sequence[str]:
    from flowplan.cli.next_step import next_in_place

    told = [f"Moved the state from {source.location}; the copy was read back and is the same."]
    if left is not None:
        told.append(f"The old one is {left} now, and is no longer used.")
    return [
        *told,
        f"Name it from now on, with --state or in the project file: state: {target.location}",
        f"Next: {next_in_place(call.flags, target.location)}",
    ]
