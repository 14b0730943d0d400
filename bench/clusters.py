"""Against clusters: the makespan beside its bound, requests and seconds, bare threads.

It must not know how the table is written.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from bench import bare
from bench.bound import bound, fsync_seconds, step_cost
from bench.case import Figure, Setting, figure
from bench.graphs import Graph, Kind, build
from bench.measure import Failed, LeftOut, Sample
from bench.stand_in import requests_so_far, running
from bench.subject import Flowplan

__all__ = ["live", "makespan", "requests"]

LATENCY = 0.05
PARALLELISM = 10
RECORDED = {"apply": 24.0, "no change": 5.0, "destroy": 40.0}
"""Terraform 1.11 with its OpenSearch provider 2.x on 999 nodes, seconds: that provider has to be
fetched, so it isn't run each time."""
PER_TRIPLE = {"apply": 4.0, "destroy": 4.0}
REFRESH = 10.0


def makespan(shape: str, count: int) -> Callable[[Setting], Iterator[Figure]]:
    """A case: from the first step's start to the last one's end, on a sandbox with latency."""

    def measure(setting: Setting) -> Iterator[Figure]:
        graph = build(shape, setting.size(count))
        calls = calls_by_kind(setting)
        own = Flowplan(
            setting.directory / "own", graph, "real", parallelism=PARALLELISM,
            endpoint=f"sandbox:?latency={LATENCY * 1000:g}ms&deploy=0ms", program=setting.program,
        )  # fmt: skip
        took, least, whole = [], [], []
        for _ in range(setting.repeat):
            own.forget()
            cost = step_cost(calls, LATENCY, fsync_seconds(own.directory))
            least.append(bound(graph, cost, PARALLELISM))
            sample = own.verb("apply", "--format", "json")
            took.append(between_steps(sample.printed))
            whole.append(sample.seconds)
        name = f"makespan, {shape} of {len(graph.vertices)}"
        note = ", ".join(f"{kind} {number:g}" for kind, number in calls.items())
        yield figure(
            name, "s", took, least, against="the bound", limit=1.05, note=f"calls a step: {note}"
        )
        yield figure(f"{name}, the whole command", "s", whole, least, against="the bound")

    return measure


def between_steps(printed: str) -> float:
    """Seconds from the first step's start to the last one's end, by the events' own times."""
    times = []
    for line in printed.splitlines():
        if line.startswith("{"):
            event = json.loads(line)
            if event.get("type") in {"step_started", "step_completed"}:
                times.append(datetime.fromisoformat(event["@timestamp"]))
    if not times:
        raise Failed(f"no step was run\n{printed[-500:]}")
    return (max(times) - min(times)).total_seconds()


def calls_by_kind(setting: Setting) -> dict[Kind, float]:
    """Requests that one more step of each kind takes, counted: what is sent once falls out."""
    kinds: tuple[Kind, ...] = ("connector", "model", "deployment")
    found: dict[Kind, float] = {}
    with running() as url:
        for last in range(len(kinds)):
            less, more = (
                _applied(setting, url, only(build("triples", 3 * count), kinds[: last + 1]))
                for count in (2, 12)
            )
            found[kinds[last]] = (more - less) / 10 - sum(found.values())
    return found


def only(graph: Graph, kinds: tuple[Kind, ...]) -> Graph:
    """The graph's nodes of these kinds, which must need none of the others."""
    kept = [vertex for vertex in graph.vertices if vertex.kind in kinds]
    place = {vertex.number: number for number, vertex in enumerate(kept)}
    return Graph(
        graph.shape,
        tuple(
            replace(it, number=place[it.number], after=tuple(place[before] for before in it.after))
            for it in kept
        ),
    )


def _applied(setting: Setting, url: str, graph: Graph) -> int:
    own = Flowplan(
        setting.directory / f"calls-{len(graph.vertices)}",
        graph,
        "real",
        endpoint=url,
        program=setting.program,
    )
    own.forget()
    requests_so_far(url)
    own.verb("apply")
    return requests_so_far(url).total()


def requests(setting: Setting) -> Iterator[Figure]:
    """999 nodes against the stand-in without latency: seconds, and requests a triple."""
    size = setting.size(999) // 3 * 3
    verbs = ("apply", "no change", "destroy")
    found: dict[str, list[Sample]] = {verb: [] for verb in verbs}
    counts: dict[str, Counter[str]] = {}
    fixed: dict[str, Counter[str]] = {}
    with running() as url:
        own = Flowplan(
            setting.directory / "own",
            build("triples", size),
            "real",
            endpoint=url,
            program=setting.program,
        )
        one = Flowplan(
            setting.directory / "one",
            build("triples", 3),
            "real",
            endpoint=url,
            program=setting.program,
        )
        for verb in verbs:
            one.verb(verb)
            fixed[verb] = requests_so_far(url)
        for _ in range(setting.repeat):
            own.forget()
            for verb in verbs:
                found[verb].append(own.verb(verb))
                counts[verb] = requests_so_far(url)
    triples = size // 3
    for verb in verbs:
        scaled = RECORDED[verb] * size / 999
        yield figure(
            f"{size} nodes, stand-in: {verb}", "s", [it.seconds for it in found[verb]], [scaled],
            against="Terraform's OpenSearch provider (recorded)", limit=0.1,
        )  # fmt: skip
    for verb, limit in PER_TRIPLE.items():
        more = (counts[verb].total() - fixed[verb].total()) / (triples - 1)
        yield figure(f"{size} nodes, stand-in: {verb}, a triple", "requests", [more], limit=limit)
    checked = float(counts["no change"].total())
    yield figure(f"{size} nodes, stand-in: refresh of all", "requests", [checked], limit=REFRESH)


def live(setting: Setting) -> Iterator[Figure]:
    """50 triples on a real node, beside ten bare threads that do the same, a request at a time."""
    graph = build("triples", 3 * (5 if setting.quick else 50))
    with _node() as url:
        own = Flowplan(
            setting.directory, graph, "real", endpoint=url, parallelism=PARALLELISM,
            program=setting.program,
        )  # fmt: skip
        # A new node answers 500 while it makes its indices: both sides find them made.
        _lived(own)
        ours, theirs = [], []
        # Collections and merges make one run of a node half as long again as the next.
        for number in range(3 * setting.repeat):
            own.forget()
            if number % 2:
                ours.append(_lived(own))
            theirs.append(_lived_bare(url, graph))
            if not number % 2:
                ours.append(_lived(own))
    for place, verb in enumerate(("apply", "destroy")):
        yield figure(
            f"real node, {len(graph.vertices) // 3} triples: {verb}", "s",
            [it[place] for it in ours], [it[place] for it in theirs],
            against="ten bare threads", limit=1.1,
        )  # fmt: skip


def _lived(own: Flowplan) -> tuple[float, float]:
    """Seconds to apply and to destroy."""
    return own.verb("apply").seconds, own.verb("destroy").seconds


def _lived_bare(url: str, graph: Graph) -> tuple[float, float]:
    triples = bare.triples_of(graph)
    return bare.create(url, triples, PARALLELISM), bare.delete(url, triples, PARALLELISM)


@contextmanager
def _node() -> Iterator[str]:
    """The node that FLOWPLAN_TEST_ENDPOINT names, else one that is started for this.

    Raises `LeftOut` where none can be started.
    """
    named = os.environ.get("FLOWPLAN_TEST_ENDPOINT")
    if named:
        yield named
        return
    # Only here: it needs what the tests need.
    import pytest

    from tests.live.node import running as node

    try:
        with node() as url:
            yield url
    except pytest.skip.Exception as none:
        raise LeftOut(f"no real node: {none}") from None
