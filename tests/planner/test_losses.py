"""What is said of data that a plan would delete."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from flowplan.planner.losses import with_losses
from flowplan.planner.plan import NodeChange
from flowplan.planner.removal import needs_permission
from flowplan.planner.values import SEAL, seal_at
from flowplan.planner.workspace import Workspace
from flowplan.protocol import StepSchema
from flowplan.state.model import ResourceRecord

SALT = "00" * 16


class Kind:
    """A step type that holds data or not, and counts how often it is asked."""

    def __init__(self, *, holds: bool) -> None:
        self.schema = StepSchema({}, holds_data=holds)
        self.asked: list[list[str]] = []

    def losses(self, cluster: Any, ids: list[str]) -> dict[str, str]:
        self.asked.append(ids)
        return {"a": "much would be lost"}


@pytest.fixture
def kinds() -> dict[str, Kind]:
    return {"create_index": Kind(holds=True), "noop": Kind(holds=False)}


def workspace(kinds: dict[str, Kind], *, connected: bool = True) -> Workspace:
    connection = SimpleNamespace(operation=lambda: None) if connected else None
    steps = SimpleNamespace(step=kinds.__getitem__)
    return cast("Workspace", SimpleNamespace(connection=connection, steps=steps))


def record(node: str, type_: str = "create_index", resource_id: str | None = None) -> Any:
    return ResourceRecord(node=node, type=type_, resource_type="x", resource_id=resource_id)


RECORDS = {
    "one": record("one", resource_id="a"),
    "two": record("two", resource_id="b"),
    "none": record("none", "noop"),
    "step": record("step", "noop", "s"),
}


def test_all_that_goes_is_asked_for_at_once(kinds: dict[str, Kind]) -> None:
    changes = [
        NodeChange("one", "create_index", "delete", "removed"),
        NodeChange("two", "create_index", "replace", "changed"),
        NodeChange("none", "noop", "delete", "removed"),
        NodeChange("step", "noop", "delete", "removed"),
        NodeChange("new", "create_index", "create", "new"),
    ]
    told = with_losses(workspace(kinds), changes, RECORDS)
    assert kinds["create_index"].asked == [["a", "b"]]
    assert kinds["noop"].asked == []
    assert [change.notes for change in told] == [("much would be lost",), (), (), (), ()]


@pytest.mark.parametrize(("action", "reason"), [("update", "changed"), ("delete", "deposed")])
def test_what_stays_or_was_replaced_before_is_not_asked_for(
    kinds: dict[str, Kind], action: Any, reason: str
) -> None:
    changes = (NodeChange("one", "create_index", action, reason),)
    assert with_losses(workspace(kinds), changes, RECORDS) == changes
    assert kinds["create_index"].asked == []


def test_without_a_cluster_nothing_is_asked(kinds: dict[str, Kind]) -> None:
    changes = (NodeChange("one", "create_index", "delete", "removed"),)
    assert with_losses(workspace(kinds, connected=False), changes, RECORDS) == changes


def test_the_permission_for_a_replacement_is_asked_for_in_its_own_words() -> None:
    plain = needs_permission(RECORDS["one"], "a")
    anew = needs_permission(RECORDS["one"], "a", replaced=True)
    assert "keep the node" in plain.hint
    assert "undo the change" in anew.hint
    assert "making anew" in anew.summary


def test_a_secret_that_is_shown_under_another_key_seals_the_object_that_it_is_in() -> None:
    shown = {"configurations": {"settings": {"index": {"word": "secret"}}, "other": 1}}
    paths = frozenset({("configurations", "settings", "index.word")})
    sealed = seal_at(shown, paths, SALT)
    assert set(sealed["configurations"]["settings"]) == {SEAL}
    assert sealed["configurations"]["other"] == 1


def test_a_secret_input_that_is_not_shown_at_all_seals_nothing_else() -> None:
    assert seal_at({"name": "n"}, frozenset({("credential", "key")}), SALT) == {"name": "n"}
