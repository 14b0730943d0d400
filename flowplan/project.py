"""Where things are: template, state and sandbox, from what was named and what is there.

CONTRACT "Files". This module must not read templates or states, only look whether they exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flowplan.errors import UsageError

__all__ = ["Place", "default_template", "locate", "state_beside"]

TEMPLATES = ("template.yaml", "template.yml", "template.json")


@dataclass(frozen=True, slots=True)
class Place:
    """What a command works on. `state` is a path or URL; `sandbox` is the file of `sandbox:`."""

    template: Path | None
    state: str
    sandbox: Path


def state_beside(template: Path) -> Path:
    """The state of a template: `<stem>.state.json` in its directory."""
    return template.with_name(f"{template.stem}.state.json")


def locate(
    *,
    argument: str | None = None,
    template: str | None = None,
    state: str | None = None,
    directory: Path | None = None,
    wanted: bool = False,
) -> Place:
    """Find template and state.

    `argument` is the verb's own TEMPLATE, `template` the flag's; `directory` is the working
    directory. With a state named and no template, the directory's template is taken only where
    one is `wanted`: elsewhere it may be another workflow's. Raises `UsageError` FP605 when
    nothing is named and nothing is there, FP606 when two different templates are named.
    """
    if argument and template and Path(argument) != Path(template):
        raise UsageError.of(
            "FP606",
            f"two templates are named: {argument} and {template}",
            hint="Name one: as the argument, or with --template.",
        )
    named = argument or template
    found = Path(named) if named else None
    if found is None and (wanted or state is None):
        found = default_template(directory)
        if found is None and state is None:
            raise _none_here(directory or Path())
    where = state or (str(state_beside(found)) if found else "")
    return Place(found, where, _sandbox(found, where))


def default_template(directory: Path | None = None) -> Path | None:
    """The template of a directory, else of the working directory; None when it has none."""
    here = directory or Path()
    return next((here / name for name in TEMPLATES if (here / name).is_file()), None)


def _none_here(directory: Path) -> UsageError:
    return UsageError.of(
        "FP605",
        "no template is named, and there is none here",
        f"Looked for {', '.join(TEMPLATES)} in {directory.resolve()}.",
        hint="Name the template, or the state with --state PATH.",
    )


def _sandbox(template: Path | None, state: str) -> Path:
    """`.flowplan/sandbox.db` beside the template, else beside the state, else here."""
    if template is not None:
        beside = template.parent
    elif "://" in state:
        beside = Path()
    else:
        beside = Path(state.removeprefix("file:")).parent
    return beside / ".flowplan" / "sandbox.db"
