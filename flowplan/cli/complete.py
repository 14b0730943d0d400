"""Shell completion of names that stand in the state: read from the file, nothing connects."""

from __future__ import annotations

from collections.abc import Iterable

import click

from flowplan.errors import FlowplanError
from flowplan.state.model import State

__all__ = ["node_names", "output_names"]


def node_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The nodes of the state that the line so far names."""
    state = _state(context)
    return _matching(state.resources if state else (), incomplete)


def output_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The outputs of that state."""
    state = _state(context)
    return _matching(state.outputs if state else (), incomplete)


def _matching(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _state(context: click.Context) -> State | None:
    from flowplan.project import locate
    from flowplan.state.backends import open_backend

    try:
        place = locate(template=context.params.get("template"), state=context.params.get("state"))
        return open_backend(place.state).load().state
    except FlowplanError:
        return None
