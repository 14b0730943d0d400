"""The least time that a graph can take: max(critical path, work ÷ parallelism).

What a step costs is put together from measured parts: its calls, each as long as the cluster
takes, and one fsync, since its intent has to be durable before the first of them. This module
must not know how steps are run.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.graphs import Graph, Kind, Vertex

__all__ = ["bound", "fsync_seconds", "step_cost"]

LINE = b"x" * 1500 + b"\n"
"""About as long as what a journal says of one connector."""


APART = 0.005
"""Seconds between two fsyncs, about as in a run of ten steps at once. One right after the other,
with disk and processor still awake, took a third of that in a virtual machine."""


def fsync_seconds(directory: Path, times: int = 100) -> float:
    """The median of `times` appends of a line with an fsync each, in `directory`."""
    found = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(times):
            time.sleep(APART)
            began = time.perf_counter()
            os.write(file.fileno(), LINE)
            os.fsync(file.fileno())
            found.append(time.perf_counter() - began)
    return statistics.median(found)


def step_cost(
    calls: Mapping[Kind, float], latency: float, fsync: float
) -> Callable[[Vertex], float]:
    """Seconds of a step, by its kind: its calls, and one fsync."""
    return lambda vertex: calls[vertex.kind] * latency + fsync


def bound(graph: Graph, cost: Callable[[Vertex], float], parallelism: int) -> float:
    """Seconds below which no schedule can come."""
    ends: list[float] = []
    work = 0.0
    for vertex in graph.vertices:
        took = cost(vertex)
        work += took
        ends.append(took + max((ends[before] for before in vertex.after), default=0.0))
    return max(max(ends, default=0.0), work / parallelism)
