"""Shell completion of names that stand in the state: read from the file, nothing connects."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from flowplan.cli.flags import Flags
from flowplan.errors import FlowplanError

if TYPE_CHECKING:
    from flowplan.state.model import State

__all__ = ["environment_names", "node_names", "output_names"]


def node_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The nodes of the state that the line so far names."""
    state = _state(context)
    return _matching(state.resources if state else (), incomplete)


def output_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The outputs of that state."""
    state = _state(context)
    return _matching(state.outputs if state else (), incomplete)


def environment_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The environments of the project file that the line so far means."""
    from flowplan.cli.settings import project_path
    from flowplan.project.grammar import read_project

    try:
        path = project_path(_flags(context))
        return _matching(read_project(path).environments if path else (), incomplete)
    except FlowplanError:
        return []


def _flags(context: click.Context) -> Flags:
    """What of the line so far says where things are."""
    given = context.params
    return Flags(
        argument=given.get("argument"),
        template=given.get("template"),
        state=given.get("state"),
        project=given.get("project"),
        env=given.get("env"),
    )


def _matching(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _state(context: click.Context) -> State | None:
    from flowplan.cli.settings import settings_of
    from flowplan.project import locate
    from flowplan.state.backends import open_backend

    flags = _flags(context)
    try:
        place = locate(
            argument=flags.argument,
            template=flags.template,
            state=flags.state,
            settings=settings_of(flags, os.environ),
        )
        return open_backend(place.state).load().state
    except FlowplanError:
        return None
