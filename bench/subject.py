"""flowplan's side: a template in a directory of its own, and the commands that work on it.

Each is a whole process, as a user starts it. This module must not know flowplan's code.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.graphs import Graph
from bench.measure import Sample, run
from bench.template import Steps, document, write

__all__ = ["Flowplan", "environment"]

_VERBS = {
    "plan": ("plan",),
    "apply": ("apply", "--auto-approve"),
    "no change": ("plan", "--detailed-exitcode"),
    "one change": ("plan",),
    "destroy": ("destroy", "--auto-approve"),
}


def environment() -> dict[str, str]:
    """The caller's, without what would change what flowplan does."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FLOWPLAN_", "COVERAGE_", "PYTHON")) and name != "CI"
    }


class Flowplan:
    """One graph in one directory; `verb` runs one command on it."""

    def __init__(
        self,
        directory: Path,
        graph: Graph,
        steps: Steps = "noop",
        *,
        suffix: str = ".json",
        endpoint: str = "sandbox:",
        parallelism: int = 10,
        program: Path | None = None,
    ) -> None:
        # Without one it is the checkout's own.
        self.program = [str(program)] if program else [sys.executable, "-m", "flowplan"]
        self.directory = directory
        self.endpoint = endpoint
        self.parallelism = parallelism
        self.template = f"template{suffix}"
        directory.mkdir(parents=True, exist_ok=True)
        write(directory / self.template, document(graph, steps))
        write(directory / f"changed{suffix}", document(graph, steps, changed=1))

    @property
    def state(self) -> Path:
        """The state file, where there is one."""
        return self.directory / "template.state.json"

    def verb(self, name: str, *more: str) -> Sample:
        """Run one step of a life: plan, apply, no change, one change, destroy."""
        template = self.template.replace("template", "changed") if name == "one change" else None
        words = [*_VERBS[name], template or self.template, "--state", self.state.name]
        if name in {"apply", "destroy"}:
            words += ["--parallelism", str(self.parallelism)]
        return self.run(*words, "--endpoint", self.endpoint, "--no-color", *more)

    def run(self, *words: str, codes: Sequence[int] = (0,), **variables: str) -> Sample:
        """Run any command, with more variables in its environment."""
        env = environment() | variables
        return run([*self.program, *words], cwd=self.directory, env=env, codes=codes)

    def forget(self) -> None:
        """Begin again: without a state, on an empty sandbox."""
        for path in self.directory.glob(f"{self.state.name}*"):
            path.unlink()
        shutil.rmtree(self.directory / ".flowplan", ignore_errors=True)
