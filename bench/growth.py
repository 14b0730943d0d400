"""How time grows with the number of nodes, and what very many take.

It must not know how the table is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.case import Figure, Setting, figure
from bench.graphs import build
from bench.measure import KIB, Sample
from bench.peers import VERBS
from bench.stand_in import running
from bench.subject import Flowplan

__all__ = ["durable", "huge", "per_node"]

TEN = 10_000
HUNDRED = 100_000
MEASURED = tuple(verb for verb in VERBS if verb != "one change")
LIMIT = 1.3


def per_node(setting: Setting) -> Iterator[Figure]:
    """Seconds a node at 10,000 nodes against those at 1,000, with steps that do nothing."""
    sizes = (setting.size(TEN) // 10, setting.size(TEN))
    lives = {
        size: Flowplan(
            setting.directory / str(size), build("triples", size), program=setting.program
        )
        for size in sizes
    }
    found: dict[tuple[int, str], list[Sample]] = {}
    states: list[float] = []
    for _ in range(setting.repeat):
        for one in lives.values():
            one.forget()
        for verb in MEASURED:
            for size, one in lives.items():
                found.setdefault((size, verb), []).append(one.verb(verb))
                if verb == "apply" and size == sizes[1]:
                    states.append(one.state.stat().st_size / KIB)
    for verb in MEASURED:
        less, more = ([it.seconds / size * 1000 for it in found[size, verb]] for size in sizes)
        yield figure(
            f"{verb}: a node of {sizes[1]:,} beside one of {sizes[0]:,}", "ms", more, less,
            against=f"at {sizes[0]:,}", limit=LIMIT,
        )  # fmt: skip
    for verb in MEASURED:
        yield from _alone(f"noop, {sizes[1]:,} nodes: {verb}", found[sizes[1], verb])
    yield figure(f"noop, {sizes[1]:,} nodes: state", "KiB", states)


def durable(setting: Setting) -> Iterator[Figure]:
    """10,000 real steps against the stand-in: each request has its durable intent."""
    size = setting.size(TEN)
    with running() as url:
        own = Flowplan(
            setting.directory, build("triples", size), "real", endpoint=url, program=setting.program
        )
        found: dict[str, list[Sample]] = {verb: [] for verb in MEASURED}
        states: list[float] = []
        for _ in range(setting.repeat):
            own.forget()
            for verb in MEASURED:
                found[verb].append(own.verb(verb))
                if verb == "apply":
                    states.append(own.state.stat().st_size / KIB)
    for verb, samples in found.items():
        yield from _alone(f"real steps, {size:,} nodes: {verb}", samples)
    yield figure(f"real steps, {size:,} nodes: state", "KiB", states)


def huge(setting: Setting) -> Iterator[Figure]:
    """100,000 nodes, planned and applied once: that it works, and what it takes."""
    size = setting.size(HUNDRED)
    own = Flowplan(setting.directory, build("triples", size), program=setting.program)
    found: Mapping[str, Sample] = {verb: own.verb(verb) for verb in ("plan", "apply", "no change")}
    for verb, sample in found.items():
        yield from _alone(f"noop, {size:,} nodes: {verb}", [sample])
    yield figure(f"noop, {size:,} nodes: state", "KiB", [own.state.stat().st_size / KIB])


def _alone(name: str, samples: Sequence[Sample]) -> Iterator[Figure]:
    yield figure(name, "s", [it.seconds for it in samples])
    yield figure(f"{name}, memory", "MiB", [it.peak for it in samples])
