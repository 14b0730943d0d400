"""Whole processes measured: wall seconds and peak memory, and what many such runs say together.

It must not know which programs it measures.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Failed", "LeftOut", "Sample", "Spread", "alternate", "run", "spread"]

_LAUNCHER = Path(__file__).with_name("launch.py")
_TOLD = 2000
KIB = 1024


class Failed(Exception):
    """A command that was to be measured did not do what it should; the text says which and how."""


class LeftOut(Exception):
    """Something that a case needs is not on this machine; the text says what."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: wall seconds, peak memory in MiB, and all that it printed."""

    seconds: float
    peak: float
    printed: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """Several runs of one thing: the median decides, the ends say how noisy the machine was."""

    median: float
    least: float
    most: float
    runs: int


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], codes: Sequence[int] = (0,)
) -> Sample:
    """Run `command` to its end in a process of its own; raises `Failed` for another exit code."""
    with tempfile.TemporaryDirectory(prefix="flowplan-bench-") as place:
        report, output = Path(place, "report"), Path(place, "output")
        launch = [sys.executable, "-S", "-E", str(_LAUNCHER), str(report), str(output), *command]
        subprocess.run(launch, cwd=cwd, env=dict(env), check=True)
        found = json.loads(report.read_text("utf-8"))
        printed = output.read_text("utf-8", errors="replace")
    if found["code"] not in codes:
        raise Failed(f"{' '.join(command)} ended with {found['code']}\n{printed[-_TOLD:]}")
    return Sample(found["seconds"], found["peak_kib"] / KIB, printed)


def alternate(
    runs: Mapping[str, Callable[[], Sample]], repeat: int
) -> Mapping[str, Sequence[Sample]]:
    """Each of `runs` in turn, `repeat` times: A B A B, so that both meet the same noise."""
    found: dict[str, list[Sample]] = {name: [] for name in runs}
    for _ in range(repeat):
        for name, once in runs.items():
            found[name].append(once())
    return found


def spread(values: Sequence[float]) -> Spread:
    """What several measurements say together; raises `ValueError` for none."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(statistics.median(values), min(values), max(values), len(values))
