"""From the flags to the settings of the project file, if there is one.

Looking is cheap; the file's grammar is imported only where one was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowplan.cli.flags import Flags
from flowplan.project.places import find_project
from flowplan.project.settings import NAME, Settings

__all__ = ["FLOWPLAN_ENV", "project_path", "settings_of"]

FLOWPLAN_ENV = "FLOWPLAN_ENV"


def project_path(flags: Flags) -> Path | None:
    """The project file: the flag's, else the one looked for upward from the template or here."""
    if flags.project is not None:
        named = Path(flags.project)
        return named / NAME if named.is_dir() else named
    template = flags.argument or flags.template
    return find_project(Path(template).parent if template else Path())


def settings_of(flags: Flags, environ: Mapping[str, str]) -> Settings:
    """The settings for `-e`, else FLOWPLAN_ENV, else the file's `default_env`.

    Raises `ProjectError` for mistakes in the file, and `UsageError` FP626, FP627 and FP634 for
    environments.
    """
    path = project_path(flags)
    named = flags.env or environ.get(FLOWPLAN_ENV) or None
    if path is None:
        if named is None:
            return Settings()
        from flowplan.project.choose import no_project

        raise no_project(named)
    from flowplan.project.choose import choose
    from flowplan.project.grammar import read_project

    return choose(read_project(path), named, environ)
