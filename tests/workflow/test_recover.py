"""A run that was cut off, taken up by the next one: every wish without an answer gets one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from flowplan.dataclass import replace
from flowplan.errors import StateError
from flowplan.planner.reconcile import recover, settle
from flowplan.planner.workspace import Lost
from flowplan.protocol import Owned
from tests.cutting import Cut
from tests.lab import Lab, actions, change_of

pytestmark = pytest.mark.usefixtures("soon")

CREATES = [
    ("connectors/_create", 1),
    ("models/_register", 2),
    ("_deploy", 3),
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("part", "nodes"), CREATES)
def test_a_create_that_was_cut_off_is_neither_lost_nor_repeated(
    lab: Lab, cut: Callable[..., None], part: str, nodes: int, after: bool
) -> None:
    cut("POST", part, after=after)
    with pytest.raises(Cut):
        lab.apply()
    summary = lab.apply()
    assert (summary.failed, lab.counts()) == (0, (1, 1, 1))
    assert lab.plan().empty
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


def test_the_group_of_a_model_that_was_cut_off_before_it_was_noted_is_still_ours(
    lab: Lab, cut: Callable[..., None]
) -> None:
    cut("POST", "models/_search", after=False)
    with pytest.raises(Cut):
        lab.apply()
    assert lab.state.resources["connector"].resource_id
    recover(lab.workspace())
    record = lab.state.resources["model"]
    assert (record.status, record.notes) == ("ready", {})
    group = lab.on_cluster()["model_groups"][0]["id"]
    assert record.owned == (Owned("model_group", group),)
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


@pytest.mark.parametrize("after", [False, True])
def test_an_update_that_was_cut_off_is_made_again_even_if_the_wish_was_taken_back(
    lab: Lab, cut: Callable[..., None], after: bool
) -> None:
    lab.apply()
    lab.inputs("model")["name"] = "new"
    cut("PUT", "models/", after=after)
    with pytest.raises(Cut):
        lab.apply()
    lab.inputs("model")["name"] = "chat model"
    recover(lab.workspace())
    assert change_of(lab.plan(), "model").action == "update"
    lab.apply()
    assert lab.on_cluster()["models"][0]["name"] == "chat model"
    assert lab.plan().empty


@pytest.mark.parametrize("after", [False, True])
def test_a_replacement_that_was_cut_off_forgets_neither_the_old_nor_the_new(
    lab: Lab, cut: Callable[..., None], after: bool
) -> None:
    lab.apply()
    old = lab.ids()["connector"]
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    cut("DELETE", "connectors/", after=after)
    with pytest.raises(Cut):
        lab.apply()
    recover(lab.workspace())
    assert [item.resource_id for item in lab.state.resources["connector"].deposed] == [old]
    lab.apply()
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty


@pytest.mark.parametrize("part", ["connectors/", "models/", "model_groups/"])
@pytest.mark.parametrize("after", [False, True])
def test_a_destroy_that_was_cut_off_is_finished(
    lab: Lab, cut: Callable[..., None], part: str, after: bool
) -> None:
    lab.apply()
    cut("DELETE", part, after=after)
    with pytest.raises(Cut):
        lab.destroy()
    assert lab.destroy().left == ()
    assert lab.counts() == (0, 0, 0)


def test_a_plan_of_a_run_that_was_cut_off_says_so_and_writes_nothing(
    lab: Lab, cut: Callable[..., None]
) -> None:
    cut("POST", "models/_register", after=True)
    with pytest.raises(Cut):
        lab.apply()
    journal = lab.directory / "t.state.json.journal"
    before = journal.read_bytes()
    plan = lab.plan()
    assert [(d.code, "model" in d.summary) for d in plan.diagnostics] == [("FP221", True)]
    assert actions(plan)["connector"] == "no-op"
    assert journal.read_bytes() == before


def test_a_lookalike_that_somebody_else_made_meanwhile_is_listed_and_never_taken(
    lab: Lab, cut: Callable[..., None]
) -> None:
    cut("POST", "connectors/_create", after=True)
    with pytest.raises(Cut):
        lab.apply()
    wanted = {
        **lab.inputs("connector"), "credential": {"openAI_key": "another"},
    }  # fmt: skip
    lab.request("POST", "/_plugins/_ml/connectors/_create", wanted, safe=True)
    with pytest.raises(StateError) as caught:
        lab.apply()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "FP421"
    for found in lab.on_cluster()["connectors"]:
        assert found["id"] in diagnostic.detail
    mine = lab.on_cluster()["connectors"][0]["id"]
    lab.request("DELETE", f"/_plugins/_ml/connectors/{mine}")
    assert lab.apply().failed == 0
    assert lab.counts() == (1, 1, 1)


def test_an_older_lookalike_is_not_taken_for_what_was_cut_off(
    lab: Lab, cut: Callable[..., None]
) -> None:
    lab.request("POST", "/_plugins/_ml/connectors/_create", lab.inputs("connector"), safe=True)
    time.sleep(1.1)
    cut("POST", "connectors/_create", after=False)
    with pytest.raises(Cut):
        lab.apply()
    lab.apply()
    assert lab.counts() == (2, 1, 1)


def test_a_request_that_still_runs_is_waited_for(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, cut: Callable[..., None]
) -> None:
    looks: list[int] = []
    look = settle.look

    def busy(cluster: Any, ids: Any) -> Any:
        wanted = frozenset(ids)
        looks.append(1)
        seen = look(cluster, wanted)
        return type(seen)(wanted if len(looks) < 4 else frozenset(), seen.offset)

    cut("POST", "connectors/_create", after=False)
    with pytest.raises(Cut):
        lab.apply()
    monkeypatch.setattr(settle, "look", busy)
    recover(lab.workspace())
    assert len(looks) >= 5


def test_a_cut_off_run_is_not_taken_up_on_another_cluster(
    lab: Lab, cut: Callable[..., None]
) -> None:
    cut("POST", "connectors/_create", after=True)
    with pytest.raises(Cut):
        lab.apply()
    aside = lab.directory / "aside"
    aside.mkdir()
    for file in lab.directory.glob("sandbox.db*"):
        file.rename(aside / file.name)
    with pytest.raises(StateError) as caught:
        lab.apply()
    assert caught.value.diagnostics[0].code == "FP407"
    assert lab.counts() == (0, 0, 0)
    for file in aside.iterdir():
        file.replace(lab.directory / file.name)
    assert lab.apply().failed == 0
    assert lab.counts() == (1, 1, 1)


def test_a_group_whose_delete_was_cut_off_is_not_remembered_as_ours(
    lab: Lab, cut: Callable[..., None]
) -> None:
    lab.apply()
    cut("DELETE", "model_groups/", after=True)
    with pytest.raises(Cut):
        lab.destroy()
    lab.apply()
    there = lab.on_cluster()["model_groups"]
    assert lab.state.resources["model"].owned == tuple(
        Owned("model_group", item["id"]) for item in there
    )


class Leaving:
    """A neighbour that deletes its own and forgets it while it is asked what it has."""

    def __init__(self, lab: Lab, theirs: str) -> None:
        self.lab, self.theirs, self.looks = lab, theirs, 0

    def claim(self) -> AbstractContextManager[object]:
        return nullcontext()

    def look(self) -> tuple[frozenset[str], Sequence[Lost]]:
        self.looks += 1
        if self.looks == 1:
            self.lab.request("DELETE", f"/_plugins/_ml/connectors/{self.theirs}")
        return frozenset(), ()


@pytest.mark.parametrize("after", [False, True])
def test_what_a_neighbour_deletes_while_it_is_asked_was_not_made_by_us(
    lab: Lab, cut: Callable[..., None], after: bool
) -> None:
    cut("POST", "connectors/_create", after=after)
    with pytest.raises(Cut):
        lab.apply()
    inputs = {**lab.inputs("connector"), "credential": {"openAI_key": "k"}}
    theirs = lab.request("POST", "/_plugins/_ml/connectors/_create", inputs)["connector_id"]
    recover(replace(lab.workspace(), neighbours=Leaving(lab, theirs)))
    there = {item["id"] for item in lab.on_cluster()["connectors"]}
    recorded = {item.resource_id for item in lab.state.resources.values() if item.resource_id}
    assert (len(there), recorded) == (int(after), there)
