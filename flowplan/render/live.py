"""Progress on a terminal, by rich: finished steps scroll by, what runs is redrawn below them.

Only what moves is redrawn: the running steps, the next few waiting ones and a bar, so a plan of
ten thousand nodes costs no more than one of ten. rich is imported here and in the picture only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from flowplan.planner.events import Event
from flowplan.planner.plan import Plan
from flowplan.render.diagnostics import diagnostic_text
from flowplan.render.look import Look
from flowplan.render.sanitise import clean
from flowplan.render.screen import Screen
from flowplan.render.wording import DOING, EventWords

__all__ = ["LiveProgress", "Running"]

_MOST_WAITING = 3
_FRAMES_A_SECOND = 10


class Running:
    """A step in flight: what it does, since when, and how long it may."""

    def __init__(self, action: str, began: float, timeout: float | None) -> None:
        self.text = DOING.get(action, action)
        self.began = began
        self.timeout = timeout
        # One for the whole time: a new one in each frame would never turn.
        self.spinner = Spinner("dots")

    def words(self, now: float) -> str:
        """`deploying (task RUNNING, 12 s of 60 s)`."""
        elapsed = now - self.began
        if elapsed < 1:
            return self.text
        bound = f" of {self.timeout:.0f} s" if self.timeout else ""
        took = f"{elapsed:.0f} s{bound}"
        if self.text.endswith(")"):
            return f"{self.text[:-1]}, {took})"
        return f"{self.text} ({took})"


class LiveProgress:
    """A listener and context manager; draws on a terminal's stderr while it is open."""

    def __init__(
        self,
        console: Console,
        plan: Plan,
        look: Look,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console = console
        self.clock = clock
        self.began = clock()
        self.waiting = {change.node: change.depends_on for change in plan.pending}
        self.total = len(plan.pending)
        self.done = 0
        self.running: dict[str, Running] = {}
        names = max((len(clean(node)) for node in self.waiting), default=0)
        self.look = look
        self.words = EventWords(look, names)
        self.lock = threading.RLock()
        self.live = Live(
            console=console,
            get_renderable=self.draw,
            refresh_per_second=_FRAMES_A_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    @classmethod
    def on(cls, screen: Screen, plan: Plan) -> LiveProgress:
        """Live progress on a screen that is a terminal."""
        console = Console(
            file=screen.stream,
            force_terminal=True,
            no_color=not screen.colour,
            width=screen.width,
            highlight=False,
            markup=False,
        )
        return cls(console, plan, screen.look())

    def __enter__(self) -> Self:
        self.live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.live.__exit__(kind, error, trace)

    def __call__(self, event: Event) -> None:
        """Take one event in; finished steps are printed above what is redrawn."""
        if event.check:
            self._tell([self.words.line(event), *self._why(event)])
            return
        if event.node is None:
            return
        with self.lock:
            if event.type == "step_started":
                self.waiting.pop(event.node, None)
                self.running[event.node] = Running(event.action or "", self.clock(), event.timeout)
                return
            if event.type == "step_progress":
                running = self.running.get(event.node)
                if running is not None:
                    running.text = clean(event.text)
                    return
                # Something is still done for a finished step: the old resource is deleted.
                lines = [self.words.line(event)]
            else:
                lines = self._finished(event)
        self._tell(lines)

    def _tell(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.console.print(Text.from_ansi(line), soft_wrap=True)

    def _why(self, event: Event) -> list[str]:
        return [diagnostic_text(event.diagnostic, self.look)] if event.diagnostic else []

    def line(self, text: str = "", /) -> None:
        """Print a line that belongs to no step above what is redrawn."""
        self.console.print(Text.from_ansi(text.strip("\n")), soft_wrap=True)

    def _finished(self, event: Event) -> list[str]:
        self.running.pop(event.node or "", None)
        self.waiting.pop(event.node or "", None)
        self.done += 1
        return [self.words.line(event), *self._why(event)]

    def draw(self) -> RenderableType:
        """What is redrawn: running steps, the next waiting ones, the bar."""
        with self.lock:
            now = self.clock()
            rows = Table.grid(padding=(0, 1))
            rows.add_column(width=self.words.column, no_wrap=True, overflow="ellipsis")
            rows.add_column(no_wrap=True, overflow="ellipsis")
            for node, running in self.running.items():
                running.spinner.update(text=Text(running.words(now)))
                rows.add_row(Text(clean(node)), running.spinner)
            for node, needs in self._next_waiting():
                rows.add_row(Text(clean(node), style="dim"), Text(needs, style="dim"))
            return Group(rows, self._bar(now))

    def _next_waiting(self) -> list[tuple[str, str]]:
        shown: list[tuple[str, str]] = []
        for node, depends_on in self.waiting.items():
            needs = [name for name in depends_on if name in self.running or name in self.waiting]
            if needs:
                shown.append((node, f"· waits for {', '.join(map(clean, needs))}"))
            if len(shown) == _MOST_WAITING:
                break
        rest = len(self.waiting) - len(shown)
        if rest > 0 and shown:
            shown.append(("", f"· {rest:,} more wait"))
        return shown

    def _bar(self, now: float) -> RenderableType:
        line = Table.grid(padding=(0, 1))
        line.add_row(
            ProgressBar(
                total=max(self.total, 1),
                completed=min(self.done, self.total),
                width=32,
                complete_style="cyan",
                finished_style="green",
            ),
            Text(f"{self.done}/{self.total}   {now - self.began:.0f} s"),
        )
        return line
