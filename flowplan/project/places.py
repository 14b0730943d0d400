"""Where things are: template, state and sandbox, from what was named and what is there.

CONTRACT "Files". This module must not read templates or states, only look whether they exist.
"""

from __future__ import annotations

import os
from pathlib import Path

from flowplan.dataclass import dataclass
from flowplan.errors import UsageError
from flowplan.project.settings import NAME, Settings

__all__ = ["Place", "default_template", "find_project", "locate", "state_beside"]

TEMPLATES = ("template.yaml", "template.yml", "template.json")


@dataclass(frozen=True, slots=True)
class Place:
    """What a command works on. `state` is a path or URL; `sandbox` is the file of `sandbox:`.

    `project` is the project file, None where there is none.
    """

    template: Path | None
    state: str
    sandbox: Path
    project: Path | None = None


def find_project(start: Path) -> Path | None:
    """The project file of a directory or of the nearest one above it.

    A directory with `.git` is the last one looked into: what is above a repository is not part
    of it. The path is relative where `start` is.
    """
    try:
        here = Path(os.path.abspath(start))  # noqa: PTH100 Path.absolute keeps `..`
    except OSError:  # the working directory is gone
        return None
    for directory in (here, *here.parents):
        # os.path, since Path raises where a directory may not be looked into.
        if os.path.isfile(directory / NAME):  # noqa: PTH113
            found = directory / NAME
            return found if start.is_absolute() else Path(os.path.relpath(found))
        if os.path.lexists(directory / ".git"):
            return None
    return None


def state_beside(template: Path, environment: str | None = None) -> Path:
    """The state of a template: `<stem>.state.json`, `<stem>.<env>.state.json`, beside it."""
    middle = f".{environment}" if environment else ""
    return template.with_name(f"{template.stem}{middle}.state.json")


def locate(
    *,
    argument: str | None = None,
    template: str | None = None,
    state: str | None = None,
    directory: Path | None = None,
    wanted: bool = False,
    settings: Settings | None = None,
) -> Place:
    """Find template and state.

    `argument` is the verb's own TEMPLATE, `template` the flag's; `directory` is the working
    directory, and `settings` come from the project file. With a state named and no template, the
    default template is taken only where one is `wanted`: elsewhere it may be another workflow's.
    Raises `UsageError` FP605 when nothing is named and nothing is there, FP606 when two different
    templates are named.
    """
    settings = settings or Settings()
    if argument and template and Path(argument) != Path(template):
        raise UsageError.of(
            "FP606",
            f"two templates are named: {argument} and {template}",
            hint="Name one: as the argument, or with --template.",
        )
    named = argument or template
    found = Path(named) if named else None
    if found is None and (wanted or state is None):
        found = settings.template or default_template(directory)
        if found is None and settings.directory is not None:
            found = default_template(settings.directory)
    where = state or settings.state_of(found)
    if where is None:
        if found is None:
            raise _none_here(directory or Path())
        where = str(state_beside(found, settings.environment))
    sandbox = _beside(found, where, settings.directory) / ".flowplan" / "sandbox.db"
    return Place(found, where, sandbox, settings.file)


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


def _beside(template: Path | None, state: str, project: Path | None) -> Path:
    """Where the sandbox is: at the project file, else the template, else the state, else here."""
    if project is not None:
        return project
    if template is not None:
        return template.parent
    if "://" in state:
        return Path()
    return Path(state.removeprefix("file:")).parent
