"""Reindexing, changing what others made, and what a template can't ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import TemplateError
from flowplan.protocol import Json
from tests.cutting import Cut
from tests.lab import Lab, actions, change_of


def node(name: str, type_: str, **inputs: Any) -> dict[str, Any]:
    return {"id": name, "type": type_, "user_inputs": inputs}


def lab_of(tmp_path: Path, *nodes: dict[str, Any]) -> Lab:
    lab = Lab(tmp_path, {"name": "acts", "workflows": {"provision": {"nodes": list(nodes)}}})
    lab.params = {}
    return lab


@pytest.fixture
def copying(tmp_path: Path) -> Lab:
    """Two indices and a copy from one to the other."""
    return lab_of(
        tmp_path,
        node("old", "create_index", index_name="fp-old", configurations={}),
        node("new", "create_index", index_name="fp-new", configurations={}),
        node(
            "copy",
            "reindex",
            source_index="${{ old.index_name }}",
            destination_index="${{ new.index_name }}",
        ),
    )


def sent(lab: Lab) -> int:
    assert lab.adapter is not None
    return lab.adapter.app.counts["POST /_reindex"]


def test_documents_are_copied_once(copying: Lab) -> None:
    assert copying.apply().created == 3
    assert sent(copying) == 1
    plan = copying.plan()
    assert (plan.empty, plan.drift) == (True, ())
    assert copying.state.resources["copy"].outputs == {
        "reindex": {"source_index": "fp-old", "destination_index": "fp-new"}
    }
    copying.inputs("old")["configurations"] = {"settings": {"refresh_interval": "5s"}}
    copying.apply()
    assert sent(copying) == 0


def test_documents_are_copied_again_when_the_inputs_change(copying: Lab) -> None:
    copying.apply()
    copying.inputs("copy")["refresh"] = True
    assert actions(copying.plan())["copy"] == "update"
    copying.apply()
    assert sent(copying) == 1
    assert copying.plan().empty


def test_a_copy_is_forgotten_without_a_request(copying: Lab) -> None:
    copying.apply()
    copying.without("copy")
    assert copying.apply().deleted == 1
    assert "copy" not in copying.state.resources


def test_a_copy_of_nothing_fails_and_is_tried_again(copying: Lab) -> None:
    copying.inputs("copy")["source_index"] = "fp-else"
    assert copying.apply().failed == 1
    copying.request("PUT", "/fp-else", {})
    assert copying.apply().failed == 0
    assert copying.plan().empty


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(("part", "begun"), [("_tasks/", 0), ("_reindex", 1)])
def test_a_copy_that_was_cut_off_is_waited_for_where_its_task_is_known(
    copying: Lab, cut: Callable[..., None], part: str, begun: int
) -> None:
    cut("GET" if begun == 0 else "POST", part, after=True)
    with pytest.raises(Cut):
        copying.apply()
    assert copying.apply().failed == 0
    assert sent(copying) == begun
    assert copying.state.resources["copy"].resource_id is None
    assert copying.plan().empty


def test_a_copy_that_takes_longer_than_its_time_is_waited_for_by_the_next_apply(
    copying: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying.inputs("copy")["node_timeout"] = "200ms"
    handle = "flowplan.providers.reindex._task"
    running: Json = {"completed": False, "task": {"status": {"total": 9, "created": 4}}}
    with monkeypatch.context() as patched:
        patched.setattr(handle, lambda cluster, task: running)
        assert copying.apply().failed == 1
    told = [event.text for event in copying.events if event.type == "step_progress"]
    assert "copying (4 of 9 documents)" in told
    assert change_of(copying.plan(), "copy").reason == "unfinished"
    assert copying.apply().failed == 0
    assert sent(copying) == 0
    assert copying.plan().empty


def test_an_index_that_somebody_else_made_is_changed_once(tmp_path: Path) -> None:
    wanted = {"settings": {"number_of_replicas": 2}}
    lab = lab_of(
        tmp_path, node("tune", "update_index", index_name="fp-theirs", configurations=wanted)
    )
    lab.request("PUT", "/fp-theirs", {})
    assert lab.apply().created == 1
    assert lab.plan().empty
    lab.request("PUT", "/fp-theirs/_settings", {"index.number_of_replicas": 0})
    assert lab.plan().empty
    lab.destroy()
    assert "fp-theirs" in lab.request("GET", "/fp-theirs")


@pytest.mark.parametrize(
    ("make", "act", "key"),
    [
        ("create_index", "update_index", "index_name"),
        ("create_ingest_pipeline", "update_ingest_pipeline", "pipeline_id"),
        ("create_search_pipeline", "update_search_pipeline", "pipeline_id"),
    ],
)
def test_what_a_node_of_the_template_makes_is_changed_there(
    tmp_path: Path, make: str, act: str, key: str
) -> None:
    both: dict[str, Any] = {key: "fp-mine", "configurations": {}}
    lab = lab_of(tmp_path, node("mine", make, **both), node("again", act, **both))
    with pytest.raises(TemplateError) as caught:
        lab.plan()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.node == "again"
    assert "change mine instead" in diagnostic.hint


@pytest.mark.parametrize(
    ("type_", "what"),
    [
        ("delete_index", "index"),
        ("delete_ingest_pipeline", "ingest pipeline"),
        ("delete_search_pipeline", "search pipeline"),
    ],
)
def test_a_template_does_not_delete_but_leaves_out(tmp_path: Path, type_: str, what: str) -> None:
    lab = lab_of(tmp_path, node("drop", type_))
    with pytest.raises(TemplateError) as caught:
        lab.plan()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "FP156"
    assert f"makes the {what}" in diagnostic.hint
    assert "--allow-delete" in diagnostic.hint


BODY: Json = {"processors": []}


def test_pipelines_of_two_kinds_may_have_one_id(tmp_path: Path) -> None:
    lab = lab_of(
        tmp_path,
        node("ingest", "create_ingest_pipeline", pipeline_id="fp", configurations=BODY),
        node("search", "create_search_pipeline", pipeline_id="fp", configurations={}),
    )
    assert lab.apply().created == 2
    assert lab.plan().empty


@pytest.mark.parametrize("given", ["fp", "${{ search.pipeline_id }}"])
def test_an_act_on_one_kind_is_none_on_the_other(tmp_path: Path, given: str) -> None:
    lab = lab_of(
        tmp_path,
        node("search", "create_search_pipeline", pipeline_id="fp", configurations={}),
        node("act", "update_ingest_pipeline", pipeline_id=given, configurations=BODY),
    )
    lab.request("PUT", "/_ingest/pipeline/fp", {"description": "theirs", "processors": []})
    assert lab.apply().created == 2
    assert lab.request("GET", "/_ingest/pipeline/fp") == {"fp": BODY}


def test_an_act_on_the_pipeline_of_another_node_is_refused(tmp_path: Path) -> None:
    lab = lab_of(
        tmp_path,
        node("search", "create_search_pipeline", pipeline_id="fp", configurations={}),
        node("act", "update_search_pipeline", pipeline_id="fp", configurations={}),
    )
    with pytest.raises(TemplateError) as caught:
        lab.plan()
    assert [item.code for item in caught.value.diagnostics] == ["FP155"]
