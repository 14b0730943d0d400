"""The order of a plan does not depend on the order in which an earlier apply finished."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowplan.planner.plan import Plan
from flowplan.planner.removal import removal_order
from flowplan.render.plan_json import plan_document
from flowplan.state.backends import open_backend
from flowplan.state.model import ResourceRecord
from tests.lab import Lab

NODES = 14


def some_template(seed: int) -> dict[str, Any]:
    """Groups and pipelines, some of which come after others."""
    rng = random.Random(seed)
    names = [f"n{number:02}" for number in range(NODES)]
    rng.shuffle(names)
    nodes, edges = [], []
    for place, name in enumerate(names):
        kind = rng.choice(["group", "pipeline", "noop"])
        if kind == "group":
            inputs: dict[str, Any] = {"name": name}
            nodes.append({"id": name, "type": "register_model_group", "user_inputs": inputs})
        elif kind == "pipeline":
            inputs = {"pipeline_id": name, "configurations": {}}
            nodes.append({"id": name, "type": "create_search_pipeline", "user_inputs": inputs})
        else:
            nodes.append({"id": name, "type": "noop"})
        for other in rng.sample(names[:place], min(place, rng.randint(0, 2))):
            edges.append({"source": other, "dest": name})
    return {"name": "x", "workflows": {"provision": {"nodes": nodes, "edges": edges}}}


def told(plan: Plan, ids: dict[str, str | None]) -> str:
    """The plan as scripts get it, with names in the place of ids that the cluster made up."""
    text = json.dumps(plan_document(plan), sort_keys=False)
    for name, resource_id in sorted(ids.items()):
        text = text.replace(f'"{resource_id}"', f'"id of {name}"') if resource_id else text
    return text


@pytest.mark.parametrize("seed", range(4))
def test_however_an_apply_went_the_plans_after_it_are_equal(tmp_path: Path, seed: int) -> None:
    found: dict[str, set[str]] = {"destroy": set(), "removed": set(), "refresh-only": set()}
    for run, parallelism in enumerate((1, 10, 10)):
        directory = tmp_path / str(run)
        directory.mkdir()
        lab = Lab(directory, some_template(seed))
        lab.params = {}
        lab.options = ""
        shuffled(lab, seed * 10 + run, parallelism)
        ids = lab.ids()
        found["destroy"].add(told(lab.plan(mode="destroy"), ids))
        found["refresh-only"].add(told(lab.plan(mode="refresh-only"), ids))
        lab.nodes[:] = lab.nodes[:1]
        lab.template["workflows"]["provision"]["edges"] = []
        found["removed"].add(told(lab.plan(), ids))
    assert {kind: len(plans) for kind, plans in found.items()} == dict.fromkeys(found, 1)


def shuffled(lab: Lab, seed: int, parallelism: int) -> None:
    """An apply after which the records stand in an order of their own, as its steps may end."""
    lab.apply(parallelism=parallelism)
    backend = open_backend(lab.location)
    records = list(lab.state.resources.items())
    random.Random(seed).shuffle(records)
    backend.save(replace(lab.state, resources=dict(records)))


def test_what_was_made_with_others_goes_first_and_names_decide_between_equals() -> None:
    needs = {"c": ("a",), "a": (), "b": ("a",), "d": ("c", "gone")}
    records = {
        name: ResourceRecord(name, "noop", dependencies=others) for name, others in needs.items()
    }
    assert removal_order(records) == ("b", "d", "c", "a")
    assert removal_order(dict(reversed(records.items()))) == ("b", "d", "c", "a")
