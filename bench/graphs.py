"""Graphs to measure with: their nodes, what each comes after, and what each would be given.

Terraform's side and flowplan's are written from the same graph. This module must not know how
either writes it down.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = ["SHAPES", "Graph", "Kind", "Vertex", "build", "inputs_of"]

Kind: TypeAlias = Literal["connector", "model", "deployment"]

SEED = 20240917
DAG_REACH = 60
"""A node of the random graph comes after at most three of this many before it."""
DAG_FREE = 0.2
"""This part of the random graph's nodes comes after nothing."""
TRIPLE = 3


@dataclass(frozen=True, slots=True)
class Vertex:
    """One node: its place in the graph, its name, and the numbers of those it comes after."""

    number: int
    name: str
    kind: Kind
    after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in an order in which each comes after those that it needs."""

    shape: str
    vertices: tuple[Vertex, ...]


def independent(count: int) -> tuple[Vertex, ...]:
    """`count` connectors that need nothing."""
    return tuple(Vertex(n, f"create_connector_{n}", "connector") for n in range(count))


def triples(count: int) -> tuple[Vertex, ...]:
    """`count // 3` connectors, each with a model on it, and each model deployed."""
    found: list[Vertex] = []
    for number in range(count // TRIPLE):
        first = len(found)
        found += [
            Vertex(first, f"create_connector_{number}", "connector"),
            Vertex(first + 1, f"register_model_{number}", "model", (first,)),
            Vertex(first + 2, f"deploy_model_{number}", "deployment", (first + 1,)),
        ]
    return tuple(found)


def chain(count: int) -> tuple[Vertex, ...]:
    """`count` connectors, each after the one before it."""
    return tuple(Vertex(n, f"link_{n}", "connector", (n - 1,) if n else ()) for n in range(count))


def dag(count: int) -> tuple[Vertex, ...]:
    """`count` connectors, each after some that come shortly before it; the same at every call."""
    chosen = random.Random(SEED)  # noqa: S311 - a graph, no secret
    found: list[Vertex] = []
    for number in range(count):
        near = range(max(0, number - DAG_REACH), number)
        free = not near or chosen.random() < DAG_FREE
        wanted = 0 if free else chosen.randint(1, min(3, len(near)))
        after = tuple(sorted(chosen.sample(near, wanted)))
        found.append(Vertex(number, f"node_{number}", "connector", after))
    return tuple(found)


SHAPES: Mapping[str, Callable[[int], tuple[Vertex, ...]]] = {
    "independent": independent,
    "triples": triples,
    "chain": chain,
    "dag": dag,
}


def build(shape: str, count: int) -> Graph:
    """A graph of `count` nodes (triples: the whole triples of them)."""
    return Graph(shape, SHAPES[shape](count))


def inputs_of(vertex: Vertex, *, changed: bool = False) -> dict[str, Any]:
    """What a node is given, less what comes from other nodes."""
    number = vertex.number
    if vertex.kind == "deployment":
        return {}
    text = f"{'changed: ' if changed else ''}{vertex.kind} number {number} of the benchmark"
    if vertex.kind == "model":
        return {"name": f"model {number}", "function_name": "remote", "description": text}
    return {
        "name": f"connector {number}",
        "description": text,
        "version": "1",
        "protocol": "http",
        "parameters": {"endpoint": "api.example.com", "model": "small", "max_tokens": "256"},
        "credential": {"key": "not-a-key-but-as-long-as-one"},
        "actions": [
            {
                "action_type": "predict",
                "method": "POST",
                "url": "https://${parameters.endpoint}/v1/chat/completions",
                "headers": {"Authorization": "Bearer ${credential.key}"},
                "request_body": '{ "model": "${parameters.model}", '
                '"messages": ${parameters.messages} }',
            }
        ],
    }
