"""A status that changes: redrawn on a terminal, in a pipe a line for what changed.

With JSON it is one document a line. rich is imported here for a terminal only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from flowplan.render.json_text import write_json
from flowplan.render.sanitise import clean, clean_lines
from flowplan.render.screen import Screen
from flowplan.render.status import status_text
from flowplan.render.tables import table

__all__ = ["Show", "changed_lines", "watching_on"]

Document: TypeAlias = Mapping[str, Any]
Show: TypeAlias = Callable[[Document, str], None]
"""Shows a status document; the text is the workflow's name."""
_COLUMNS = ("workflow_step_id", "workflow_step_name", "resource_type", "resource_id")


@contextmanager
def watching_on(screen: Screen, *, as_json: bool, verbose: bool = False) -> Iterator[Show]:
    """The way to show one document after the other on `screen`."""
    if as_json:
        yield lambda document, _: write_json(screen, dict(document), line=True)
    elif screen.terminal:
        with _redrawn(screen, verbose=verbose) as show:
            yield show
    else:
        yield _Lines(screen)


class _Lines:
    """For pipes and logs: the first time all of it, then what changed."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.before: Document | None = None

    def __call__(self, document: Document, name: str) -> None:
        if self.before is None:
            self.screen.line(status_text(document, name, self.screen.look()))
        else:
            for line in changed_lines(self.before, document, name):
                self.screen.line(line)
        self.before = document


def changed_lines(before: Document, after: Document, name: str) -> list[str]:
    """What is in `after` and was not before, and the other way round; the state comes last."""
    old, new = _rows(before), _rows(after)
    lines = [f"+ {line}" for line in table([row for row in new if row not in old])]
    lines += [f"- {line}" for line in table([row for row in old if row not in new])]
    if before["state"] != after["state"]:
        lines.append(f"{clean(name)}: {after['state']}")
        lines += clean_lines(str(after["error"])).split("\n") if after.get("error") else []
    return lines


def _rows(document: Document) -> list[list[str]]:
    resources = document.get("resources_created") or []
    return [[str(row.get(key, "")) for key in _COLUMNS] for row in resources]


@contextmanager
def _redrawn(screen: Screen, *, verbose: bool) -> Iterator[Show]:
    # On a terminal only: 100 ms that a pipe need not wait.
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    look = screen.look(verbose=verbose)
    console = Console(
        file=screen.stream, force_terminal=True, no_color=not screen.colour, width=screen.width,
        highlight=False, markup=False,
    )  # fmt: skip
    drawn = ""
    # Cut to the window while it is redrawn; what it comes to is printed whole.
    live = Live(
        console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False,
        transient=True,
    )  # fmt: skip

    def show(document: Document, name: str) -> None:
        nonlocal drawn
        drawn = status_text(document, name, look)
        live.update(Text.from_ansi(drawn), refresh=True)

    try:
        with live:
            yield show
    finally:
        if drawn:
            screen.line(drawn)
