"""Every case with its limits, in the order of the table.

It must not know how anything is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch

from bench.case import Case
from bench.clusters import live, makespan, requests
from bench.growth import durable, huge, per_node
from bench.peers import big_plan, life, start_up

__all__ = ["CASES", "select"]

_TRIPLES = {"apply": 0.05, "no change": 0.2, "destroy": 0.03}
_CHAIN = {"plan": 0.1, "apply": 0.1}

CASES: Sequence[Case] = (
    Case("start-up", "how soon a command answers", start_up),
    Case("plan", "a plan of 10,000 nodes on an empty state", big_plan),
    Case("life-triples-1000", "a whole life of 1,000 nodes", life("triples", 1000, _TRIPLES)),
    Case("life-chain-500", "a chain of 500", life("chain", 500, _CHAIN)),
    Case("growth", "time a node at 10,000 beside 1,000 nodes", per_node),
    Case("durable", "10,000 real steps, each with a durable intent", durable),
    Case("huge", "100,000 nodes", huge),
    Case("makespan-triples", "beside the bound: triples", makespan("triples", 501)),
    Case("makespan-chain", "beside the bound: a chain", makespan("chain", 500)),
    Case("makespan-dag", "beside the bound: a random graph", makespan("dag", 500)),
    Case("requests", "999 nodes against a cluster that costs nothing", requests),
    Case("live", "50 triples on a real node beside ten bare threads", live),
    *(
        Case(
            f"grid-{shape}-{count}",
            f"a whole life: {shape}, {count:,} nodes",
            # Beyond, Terraform takes minutes for each command: the lives above have what is asked.
            life(shape, count, {}, beside=count <= 100),  # noqa: PLR2004
            usual=False,
        )
        for shape in ("independent", "triples", "chain")
        for count in (100, 1000, 10_000)
    ),
)


def select(patterns: Sequence[str]) -> Sequence[Case]:
    """The cases whose name fits one of the patterns; those of a usual run without any."""
    if not patterns:
        return [case for case in CASES if case.usual]
    return [case for case in CASES if any(fnmatch(case.name, it) for it in patterns)]
