"""One template in five steps: a model, a pipeline on it, an index, a changed pipeline, a node less.

For the sandbox and for a real node alike: names hold the lab's tag. It must not know fixtures.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.lab import CHAT, Lab, actions

__all__ = ["STEPS", "Step", "climb", "template_at"]

Node = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """What the template gains or loses, and what that comes to, node by node."""

    nodes: tuple[str, ...]
    planned: Mapping[str, str]
    field: str = ""


MODEL = ("connector", "model", "deployment")
CREATED = dict.fromkeys(MODEL, "create")
KEPT = dict.fromkeys(MODEL, "no-op")
STEPS = (
    Step(MODEL, CREATED),
    Step((*MODEL, "ingest", "rewrite"), KEPT | {"ingest": "create", "rewrite": "create"}),
    Step(
        (*MODEL, "ingest", "rewrite", "index"),
        KEPT | {"ingest": "no-op", "rewrite": "no-op", "index": "create"},
    ),
    Step(
        (*MODEL, "ingest", "rewrite", "index"),
        KEPT | {"ingest": "update", "rewrite": "no-op", "index": "no-op"},
        "configurations.description",
    ),
    Step(
        (*MODEL, "ingest", "index"),
        KEPT | {"ingest": "no-op", "rewrite": "delete", "index": "no-op"},
    ),
)
"""From nothing: each on the one before it."""
CHANGED = 3


def template_at(number: int, base: Mapping[str, Any] = CHAT, tag: str = "") -> dict[str, Any]:
    """The template of step `number`, from 0, with the model of `base`."""
    made = copy.deepcopy(dict(base))
    nodes: list[Node] = made["workflows"]["provision"]["nodes"]
    more: Mapping[str, Callable[[int, str], Node]] = {
        "ingest": _ingest, "rewrite": _rewrite, "index": _index,
    }  # fmt: skip
    nodes += [more[name](number, tag) for name in STEPS[number].nodes if name in more]
    return made


def climb(lab: Lab) -> None:
    """Take every step: planned, applied, looked at, and planned again."""
    base = copy.deepcopy(lab.template)
    before: Mapping[str, str | None] = {}
    for number, step in enumerate(STEPS):
        lab.template = template_at(number, base, lab.tag)
        plan = lab.plan()
        assert actions(plan) == step.planned, number
        fields = {
            ".".join(map(str, field.path))
            for change in plan.pending
            if change.action == "update"
            for field in change.fields
        }
        assert fields == ({step.field} if step.field else set())
        done = list(step.planned.values())
        summary = lab.apply()
        assert (summary.state, summary.failed, summary.skipped) == ("COMPLETED", 0, 0)
        assert (summary.created, summary.updated, summary.replaced, summary.deleted) == tuple(
            done.count(action) for action in ("create", "update", "replace", "delete")
        )
        after = lab.ids()
        assert set(after) == set(step.nodes)
        kept = [name for name in before if name in after]
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
        again = lab.plan()
        assert again.empty, again.pending
        assert not again.drift
        before = after


def _ingest(number: int, tag: str) -> Node:
    inference = {
        "model_id": "${{ model.model_id }}",
        "input_map": [{"messages": "text"}],
        "output_map": [{"answer": "choices"}],
    }
    text = "answers beside the texts" if number >= CHANGED else "answers"
    configurations = {"description": text, "processors": [{"ml_inference": inference}]}
    inputs = {"pipeline_id": f"ladder-in{tag}", "configurations": configurations}
    return {"id": "ingest", "type": "create_ingest_pipeline", "user_inputs": inputs}


def _rewrite(number: int, tag: str) -> Node:
    configurations = {"request_processors": [{"filter_query": {"query": {"match_all": {}}}}]}
    inputs = {"pipeline_id": f"ladder-out{tag}", "configurations": configurations}
    return {"id": "rewrite", "type": "create_search_pipeline", "user_inputs": inputs}


def _index(number: int, tag: str) -> Node:
    configurations = {
        "settings": {"number_of_replicas": 0, "default_pipeline": "${{ ingest.pipeline_id }}"},
        "mappings": {"properties": {"text": {"type": "text"}}},
    }
    inputs = {"index_name": f"ladder-docs{tag}", "configurations": configurations}
    return {"id": "index", "type": "create_index", "user_inputs": inputs}
