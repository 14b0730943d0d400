"""What the replay compares, and how it stands in for what the sandbox does not have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fidelity import __main__ as command
from tests.fidelity.comparing import differences, misshapen
from tests.fidelity.outcomes import Outcome, of_recordings
from tests.fidelity.recordings import family
from tests.fidelity.report import listed, percent, table

CONNECTOR = {
    "name": "c",
    "version": "1",
    "protocol": "http",
    "credential": {"key": "v"},
    "parameters": {},
    "actions": [
        {"action_type": "predict", "method": "POST", "url": "https://api.openai.com/v1/embeddings"}
    ],
}
FLOW = "/_plugins/_flow_framework/workflow"
CONNECTORS = "/_plugins/_ml/connectors"


def call(method: str, path: str, answer: Any, body: Any = None, status: int = 200) -> Any:
    request = {"method": method, "path": path, "body": body}
    return {"name": "a call", "request": request, "response": {"status": status, "body": answer}}


def replayed(folder: Path, *calls: Any) -> list[Outcome]:
    (folder / "50-made.json").write_text(json.dumps({"calls": calls}))
    return list(of_recordings(folder, folder / "sandbox.db"))


@pytest.mark.parametrize(
    ("theirs", "own", "found"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [".a.b: 1, here 2"]),
        ({"a": 1}, {}, [".a is missing"]),
        ({}, {"a": None}, [".a is too much"]),
        ([1], [1, 2], ["the body: 1 items, here 2"]),
        ({"a": 1}, {"a": "1"}, [".a: 1, here '1'"]),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}, [".a[0].b: 'x', here 'y'"]),
    ],
)
def test_a_difference_is_found_with_its_place(theirs: Any, own: Any, found: Any) -> None:
    assert list(differences(theirs, own)) == found


@pytest.mark.parametrize(
    ("theirs", "own", "found"),
    [
        ({"a": 1, "b": "x"}, {"a": 2, "b": "y"}, []),
        ({"a": 1}, {"a": "1"}, [".a: 'int', here 'str'"]),
        ({"a": {"b": 1}}, {"a": {}}, [".a.b is missing"]),
        ([{"a": 1}, {"a": 2}], [{"a": 3}], []),
        (
            [{"a": 1}],
            [{"a": 3, "b": 4}],
            ['the body: [\'{"a": "int"}\'], here [\'{"a": "int", "b": "int"}\']'],
        ),
    ],
)
def test_a_shape_is_keys_and_kinds(theirs: Any, own: Any, found: Any) -> None:
    assert list(misshapen(theirs, own)) == found


def test_times_and_counters_may_differ_but_not_be_missing() -> None:
    assert not list(differences({"create_time": 1, "_seq_no": 2}, {"create_time": 3, "_seq_no": 4}))
    assert list(differences({"create_time": 1}, {})) == [".create_time is missing"]


def test_what_a_search_finds_may_come_in_any_order_but_not_be_another() -> None:
    one, two, other = ({"_id": name, "name": name} for name in "abc")
    assert not list(differences({"hits": [one, two]}, {"hits": [two, one]}))
    assert list(differences({"hits": [one, two]}, {"hits": [one, other]}))


def test_the_ids_that_a_guard_names_may_come_in_any_order_but_not_be_others() -> None:
    text = "2 models are still using this connector, please delete or update: [{}]"
    assert not list(differences(text.format("a, b"), text.format("b, a")))
    assert list(differences(text.format("a, b"), text.format("a, c")))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/_plugins/_ml/models/x/_predict", "predictions"),
        ("/_plugins/_ml/models/_search", "models"),
        ("/_plugins/_ml/model_groups/x", "model groups"),
        ("/_ingest/pipeline/x", "pipelines"),
        ("/_search/pipeline/x?pretty", "pipelines"),
        ("/demo/_mapping", "indices"),
        ("/demo/_search", "indices"),
        ("/_cat/indices?format=json", "indices"),
        ("/_cluster/settings", "cluster"),
        ("/", "cluster"),
        ("/_plugins/_flow_framework/workflow", "Flow Framework"),
    ],
)
def test_a_call_belongs_to_the_family_that_it_is_about(path: str, name: str) -> None:
    assert family(path) == name


def test_another_status_is_a_difference(tmp_path: Path) -> None:
    (outcome,) = replayed(tmp_path, call("GET", "/nothing/_settings", {}))
    assert "status 200, here 404" in outcome.found


def test_a_recorded_id_stands_for_the_one_that_the_sandbox_gave(tmp_path: Path) -> None:
    made = call("POST", f"{CONNECTORS}/_create", {"connector_id": "theirs"}, CONNECTOR)
    refusal = "Failed to find connector with the provided connector id: other"
    cause = {"type": "status_exception", "reason": refusal}
    missing = {"error": {"root_cause": [cause], **cause}, "status": 404}
    outcomes = replayed(
        tmp_path,
        made,
        call("PUT", f"{CONNECTORS}/theirs", {}, {"description": "x"}),
        call("GET", f"{CONNECTORS}/other", missing, status=404),
    )
    assert not outcomes[0].found
    assert not any("status" in text for text in outcomes[1].found)
    assert not outcomes[2].found


def test_what_flow_framework_made_is_there_and_gone_after_its_deprovisioning(
    tmp_path: Path,
) -> None:
    node = {"id": "c", "type": "create_connector", "user_inputs": CONNECTOR}
    template = {"name": "t", "workflows": {"provision": {"nodes": [node]}}}
    resource = {
        "workflow_step_id": "c",
        "workflow_step_name": "create_connector",
        "resource_id": "theirs",
    }
    status = {"workflow_id": "w", "state": "COMPLETED", "resources_created": [resource]}
    first, second = replayed(
        tmp_path,
        call("POST", f"{FLOW}?provision=true", {"workflow_id": "w"}, template, 202),
        call("GET", f"{FLOW}/w/_status", status),
        call("GET", f"{CONNECTORS}/theirs", {}),
        call("POST", f"{FLOW}/w/_deprovision", {"workflow_id": "w"}),
        call("GET", f"{CONNECTORS}/theirs", {}, status=404),
    )
    assert ".name is too much" in first.found
    assert not any("status 404" in text for text in second.found)


def test_the_table_has_a_row_a_family_and_the_list_every_place() -> None:
    outcomes = [
        Outcome("1:0", "a", "GET /a", "indices", ()),
        Outcome("1:1", "b", "GET /b", "indices", ("one", "two", "thr|ee")),
    ]
    assert "| indices | 2 | 1 | 1 |" in list(table(outcomes))
    assert r"| 1:1 `GET /b` | not known | `one`; `two`; `thr\|ee` |" in list(listed(outcomes))


def test_only_all_is_a_hundred_percent() -> None:
    assert percent(0.9999) == "99.9"
    assert percent(1.0) == "100.0"


def test_a_difference_without_a_reason_fails_the_command() -> None:
    equal = [Outcome("1:0", "a", "GET /a", "indices", ())] * 99
    assert command.good(equal)
    assert not command.good([*equal, Outcome("1:1", "b", "GET /b", "indices", ("one",))])


def test_a_folder_without_recordings_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(tmp_path)]) == 64
    assert "has no recordings" in capsys.readouterr().out


def test_without_recordings_the_page_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "RECORDINGS", tmp_path / "nowhere")
    monkeypatch.setattr(command, "PAGE", tmp_path / "page.md")
    assert command.main([]) == 0
    assert not (tmp_path / "page.md").exists()
    assert "stays as it is" in capsys.readouterr().out
