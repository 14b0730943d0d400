"""The `state` commands that write: under the lock, one serial further, with a backup.

Each of them gives a function from the old state to the new one. This module must not know
what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flowplan.cli.call import Call
from flowplan.cli.changing import holding
from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic, StateError
from flowplan.render.state_edits import edit_document, edit_text
from flowplan.render.validation import warn
from flowplan.state.backends import Backend, Snapshot
from flowplan.state.model import State
from flowplan.state.transfer import at_rest

__all__ = ["Edit", "at_work", "backup_of", "present", "tell", "write"]


@dataclass(frozen=True, slots=True)
class Edit:
    """What a `state` command did: `lines` for people, `fields` for scripts."""

    state: State
    location: str
    changed: bool = True
    backup: str | None = None
    lines: Sequence[str] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Diagnostic, ...] = ()


@contextmanager
def at_work(call: Call, backend: Backend) -> Iterator[State]:
    """The state, to be edited under its lock. Raises `StateError` FP455, FP456 and `LockHeld`."""
    # Read before, so that the lock's details can name the workflow; and no lock is left in a
    # directory that has no state.
    before = backend.load()
    if before.holder is None:
        present(before, backend.location)
    with holding(call, backend, call.flags.verb):
        snapshot = backend.load()
        at_rest(snapshot, backend.location)
        yield present(snapshot, backend.location)


def present(snapshot: Snapshot, location: str) -> State:
    """The state that was read. Raises `StateError` FP456 when there is none."""
    if snapshot.state is not None:
        return snapshot.state
    raise StateError.of(
        "FP456",
        f"there is no state in {location}",
        "A state is written by the first apply.",
        hint="Name the one that is meant: --state PATH",
    )


def write(backend: Backend, before: State, change: Callable[[State], State]) -> Edit:
    """Store what `change` makes of `before`, if it makes anything of it."""
    after = change(before)
    if after == before:
        return Edit(before, backend.location, changed=False)
    after = replace(after, serial=before.serial + 1)
    backend.save(after)
    return Edit(after, backend.location, backup=backup_of(backend))


def backup_of(backend: Backend) -> str | None:
    """The file with the state before the last write, None where a place keeps it by itself."""
    # On first use: only what is written has a backup.
    from flowplan.state.backends.local import LocalBackend

    return backend.backup if isinstance(backend, LocalBackend) else None


def tell(call: Call, edit: Edit) -> int:
    """Print what was done; the exit code."""
    if not call.flags.json:
        warn(call.err, edit.warnings)
    look, serial = call.look, edit.state.serial if edit.changed else None
    call.result(
        lambda: edit_text(edit.lines, edit.location, serial, edit.backup, look),
        lambda: edit_document(
            call.flags.verb, edit.location, edit.state,
            changed=edit.changed, backup=edit.backup, fields=edit.fields, warnings=edit.warnings,
        ),
    )  # fmt: skip
    return 0
