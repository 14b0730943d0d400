"""Beside Terraform: start-up, a plan of many nodes, whole lives of a graph.

Both sides run in turn, command by command. It must not know how the table is written.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench.case import Figure, Setting, figure
from bench.graphs import build
from bench.measure import Sample, alternate
from bench.subject import Flowplan
from bench.terraform import Terraform

__all__ = ["VERBS", "big_plan", "life", "start_up"]

VERBS = ("plan", "apply", "no change", "one change", "destroy")
_SEEDS = Path(__file__).resolve().parents[1] / "examples/openai-chat/template.yaml"
_START_UP_RUNS = 4
"""Start-up takes a twentieth of a second: it is measured this many times as often as the rest."""
TERRAFORM = "Terraform"


def start_up(setting: Setting) -> Iterator[Figure]:
    """`--version`, `--help` and `validate` of the seeds' template, as whole processes."""
    graph = build("triples", 3)
    own = Flowplan(setting.directory / "own", graph, program=setting.program)
    shutil.copy(_SEEDS, own.directory / "seeds.yaml")
    runs: dict[str, Callable[[], Sample]] = {
        "--version": lambda: own.run("--version"),
        "--help": lambda: own.run("--help"),
        "validate": lambda: own.run("validate", "seeds.yaml", FLOWPLAN_PARAM_openai_key="none"),
    }
    if setting.terraform:
        other = Terraform(setting.terraform, setting.directory / "peer", graph)
        runs["version"] = lambda: other.run("version")
        runs["validate of the peer"] = lambda: other.run("validate", "-no-color")
    for once in runs.values():
        once()  # the first run writes byte code and fills the page cache
    found = alternate(runs, setting.repeat * _START_UP_RUNS)
    for name, peer, limit in (
        ("--version", "version", 1.0),
        ("--help", "version", 1.3),
        ("validate", "validate of the peer", 1.3),
    ):
        yield figure(
            f"start-up, {name}", "s", [it.seconds for it in found[name]],
            [it.seconds for it in found.get(peer, ())],
            against=f"{TERRAFORM} {peer.split()[0]}", limit=limit,
        )  # fmt: skip


def big_plan(setting: Setting) -> Iterator[Figure]:
    """A plan of 10,000 nodes with all their inputs on an empty state, from YAML and from JSON."""
    count = setting.size(10_000)
    graph = build("triples", count)
    runs: dict[str, Callable[[], Sample]] = {}
    for suffix in (".yaml", ".json"):
        own = Flowplan(
            setting.directory / suffix[1:], graph, "real", suffix=suffix, program=setting.program
        )
        runs[suffix] = lambda own=own: own.verb("plan")  # type: ignore[misc]
    if setting.terraform:
        other = Terraform(setting.terraform, setting.directory / "peer", graph)
        runs[TERRAFORM] = lambda: other.verb("plan")
    found = alternate(runs, setting.repeat)
    peer = found.get(TERRAFORM, ())
    for suffix in (".yaml", ".json"):
        name = f"plan of {count:,} nodes in triples, {suffix[1:].upper()}"
        yield figure(
            name, "s", [it.seconds for it in found[suffix]], [it.seconds for it in peer],
            against=TERRAFORM, limit=0.1,
        )  # fmt: skip
        yield figure(
            f"{name}, memory", "MiB", [it.peak for it in found[suffix]],
            [it.peak for it in peer], against=TERRAFORM, limit=0.5,
        )  # fmt: skip


def life(
    shape: str, count: int, limits: Mapping[str, float], *, beside: bool = True
) -> Callable[[Setting], Iterator[Figure]]:
    """A case: plan, apply, plan without and with a change, destroy, of steps that do nothing.

    `limits` has the highest ratio to Terraform by verb. Without `beside` it runs alone.
    """

    def measure(setting: Setting) -> Iterator[Figure]:
        size = setting.size(count)
        graph = build(shape, size)
        own = Flowplan(setting.directory / "own", graph, program=setting.program)
        runs: dict[str, Flowplan | Terraform] = {"flowplan": own}
        if setting.terraform and beside:
            runs[TERRAFORM] = Terraform(setting.terraform, setting.directory / "peer", graph)
        found: dict[tuple[str, str], list[Sample]] = {}
        for _ in range(setting.repeat):
            for side in runs.values():
                side.forget()
            for verb in VERBS:
                for name, side in runs.items():
                    found.setdefault((name, verb), []).append(side.verb(verb))
        for verb in VERBS:
            peer = found.get((TERRAFORM, verb), ())
            yield figure(
                f"{shape}, {size:,} nodes: {verb}", "s",
                [it.seconds for it in found["flowplan", verb]], [it.seconds for it in peer],
                against=TERRAFORM if beside else "", limit=limits.get(verb),
            )  # fmt: skip

    return measure
