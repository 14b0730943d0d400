"""A template of what is on a cluster is written, and taking all of it over plans nothing more."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from flowplan.planner.generate_check import generate
from tests.lab import KEY, Lab, actions
from tests.live.workflows import nine_steps, remove, settle, witnesses


@pytest.fixture
def made(either: Lab, service: str) -> Iterator[Lab]:
    """Nine steps on the cluster, and no state that knows them."""
    lab = settle(either, nine_steps(), service)
    try:
        assert lab.apply().state == "COMPLETED"
        for path in lab.directory.glob("t.state.json*"):
            path.unlink()
        yield lab
    finally:
        remove(lab)


def test_what_is_there_is_written_taken_over_and_planned_empty(made: Lab) -> None:
    before = witnesses(made)
    found = generate(made.workspace(template=False), only=[f"*{made.tag}*", "OpenAI Chat*"])
    assert [item.code for item in found.warnings] == []
    made.template = copy.deepcopy(dict(found.document))
    made.params = dict.fromkeys(found.params, KEY)
    own = {item["id"] for item in made.nodes}
    assert len(own) >= 8
    plan = made.plan()
    assert set(actions(plan).values()) == {"import"}
    assert not any(change.fields or change.then for change in plan.changes)
    assert made.apply().imported == len(own)
    assert witnesses(made) == before
    again = made.plan()
    assert (again.empty, again.drift) == (True, ())
