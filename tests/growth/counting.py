"""Counts the lines of Python that a life of a template executes, by verb and function.

    python -m tests.growth.counting DIRECTORY TEMPLATE

Prints a JSON object: verb → function → lines. Run in a process of its own, since a tracer slows down all
that comes after it. Loops inside C, as in `x in some_list`, are not seen.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from flowplan.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
SANDBOX = "sandbox:?deploy=0ms"
VERBS: dict[str, Sequence[str]] = {
    "validate": ("validate",),
    "plan": ("plan", "--endpoint", SANDBOX),
    "apply": ("apply", "--endpoint", SANDBOX, "--auto-approve"),
    "no change": ("plan", "--endpoint", SANDBOX, "--detailed-exitcode"),
    "destroy": ("destroy", "--endpoint", SANDBOX, "--auto-approve"),
}


def lines_of(words: Sequence[str]) -> Counter[str]:
    """Run one command here and count; raises RuntimeError unless it ends with 0."""
    counts: list[Counter[CodeType]] = []
    own = threading.local()  # threads that share a counter lose some of its ticks

    def inside(frame: FrameType, event: str, arg: Any) -> Any:
        ticks = getattr(own, "ticks", None)
        if ticks is None:
            ticks = own.ticks = Counter()
            counts.append(ticks)
        ticks[frame.f_code] += 1
        return inside

    printed = io.StringIO()
    threading.settrace(inside)
    sys.settrace(inside)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = main(words)
    finally:
        sys.settrace(None)
        threading.settrace(None)
    if code != 0:
        raise RuntimeError(f"{words} ended with {code}: {printed.getvalue()[-2000:]}")
    found: Counter[str] = Counter()
    for ticks in counts:
        for part, number in ticks.items():
            found[f"{part.co_filename.removeprefix(f'{ROOT}/')}:{part.co_qualname}"] += number
    return found


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    counted = {}
    for verb, (first, *rest) in VERBS.items():
        counted[verb] = lines_of([first, sys.argv[2], *rest])
    print(json.dumps(counted))
