"""What a change triggers is not forgotten, wherever the run that made the change was cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowplan.planner.execute.context import Run
from flowplan.planner.select import Selection
from flowplan.state.model import ResourceRecord
from tests.cutting import Cut, cut_at
from tests.lab import Lab, change_of
from tests.workflow.requests_sent import watched

MODEL = "connector.parameters.model"


def group(name: str, *triggers: str) -> dict[str, Any]:
    return {
        "id": name, "type": "register_model_group", "user_inputs": {"name": f"the {name}"},
        "flowplan": {"replace_triggered_by": list(triggers)},
    }  # fmt: skip


@pytest.fixture
def triggered(lab: Lab) -> Lab:
    """Two groups are made anew, one for the connector's model, one for the first group."""
    lab.nodes.extend([group("first", MODEL), group("second", "first")])
    lab.inputs("connector")["parameters"]["extra"] = "1"
    lab.without("deployment")
    lab.template["flowplan"] = {}
    lab.apply()
    return lab


def is_due(lab: Lab, node: str = "first") -> bool:
    return lab.state.resources[node].due


def made_anew(lab: Lab, before: dict[str, str | None]) -> None:
    """The next apply replaces both groups, and nothing is left to do after it."""
    assert lab.apply(parallelism=1).failed == 0
    after = lab.ids()
    assert [name for name in ("first", "second") if after[name] == before[name]] == []
    assert not is_due(lab)
    assert not is_due(lab, "second")
    assert lab.plan().empty
    assert len(lab.on_cluster()["model_groups"]) == 3


def test_a_cut_between_the_record_of_the_change_and_whatever_follows(
    triggered: Lab, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = triggered.ids()
    triggered.inputs("connector")["parameters"]["model"] = "gpt-4o"
    put = Run.put

    def cutting(run: Run, record: ResourceRecord, *args: Any, **kw: Any) -> None:
        put(run, record, *args, **kw)
        if record.node == "connector":
            raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(Run, "put", cutting)
        with pytest.raises(Cut):
            triggered.apply(parallelism=1)
    assert is_due(triggered)
    assert change_of(triggered.plan(), "connector").action == "no-op"
    made_anew(triggered, before)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(0, 16, 2))
def test_a_cut_at_any_request_of_a_change(
    triggered: Lab, soon: None, number: int, after: bool
) -> None:
    before = triggered.ids()
    triggered.inputs("connector")["parameters"]["model"] = "gpt-4o"
    with cut_at(number, after=after), pytest.raises(Cut):
        triggered.apply(parallelism=1)
    made_anew(triggered, before)


def test_a_lost_answer_of_a_replacement_whose_input_triggers(
    triggered: Lab, cut: Callable[..., None], soon: None
) -> None:
    before = triggered.ids()
    triggered.inputs("connector")["parameters"]["model"] = "gpt-4o"
    del triggered.inputs("connector")["parameters"]["extra"]
    cut("POST", "connectors/_create", after=True)
    with pytest.raises(Cut):
        triggered.apply(parallelism=1)
    made_anew(triggered, before)


def test_a_refused_change_that_is_taken_back_triggers_nothing(triggered: Lab) -> None:
    triggered.inputs("connector")["parameters"]["model"] = "gpt-4o"

    def refuse(method: str, path: str, body: str) -> tuple[int, str] | None:
        hit = method == "PUT" and "/connectors/" in path
        return (400, '{"error": {"reason": "no"}, "status": 400}') if hit else None

    with watched(refuse):
        assert triggered.apply(parallelism=1).failed == 1
    assert not is_due(triggered)
    triggered.inputs("connector")["parameters"]["model"] = "gpt-3.5-turbo"
    assert triggered.plan().empty


def test_one_of_two_causes_that_fails_does_not_take_back_the_other(
    triggered: Lab, soon: None
) -> None:
    triggered.nodes.append(group("other", "connector.description"))
    triggered.nodes.append(group("both", "first", "other"))
    triggered.apply()
    triggered.inputs("connector")["parameters"]["model"] = "gpt-4o"
    triggered.inputs("connector")["description"] = "another"
    other = triggered.ids()["other"]

    def refuse(method: str, path: str, body: str) -> tuple[int, str] | None:
        hit = method == "DELETE" and str(other) in path
        return (403, '{"error": {"reason": "no"}, "status": 403}') if hit else None

    with watched(refuse):
        assert triggered.apply(parallelism=1).failed == 1
    assert is_due(triggered, "both")
    triggered.apply()
    assert not is_due(triggered, "both")
    assert triggered.plan().empty


def test_what_a_partial_apply_leaves_out_is_replaced_by_the_next_whole_one(
    triggered: Lab,
) -> None:
    before = triggered.ids()
    triggered.inputs("connector")["parameters"]["model"] = "gpt-4o"
    assert triggered.apply(selection=Selection(target=("connector",))).updated == 1
    assert is_due(triggered)
    change = change_of(triggered.plan(), "first")
    assert (change.action, change.reason) == ("replace", "triggered")
    made_anew(triggered, before)


def test_a_partial_apply_of_another_change_triggers_nothing(triggered: Lab) -> None:
    triggered.inputs("connector")["description"] = "another"
    triggered.apply(selection=Selection(target=("connector",)))
    assert not is_due(triggered)
    assert triggered.plan().empty
