"""The other results: summary, status, outputs, state, steps, graph, failures, pictures."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path

import pytest

from flowplan.errors import Diagnostic, TemplateError, UsageError
from flowplan.planner.events import Summary
from flowplan.render.apply_summary import summary_lines
from flowplan.render.crash import internal_error
from flowplan.render.failure import show_failure
from flowplan.render.graph import (
    GraphEdge,
    GraphView,
    graph_document,
    graph_dot,
    graph_mermaid,
    graph_text,
)
from flowplan.render.json_file import JsonFile
from flowplan.render.look import Look
from flowplan.render.outputs import bare_value, outputs_document, outputs_text
from flowplan.render.picture import picture
from flowplan.render.screen import Screen
from flowplan.render.state_text import (
    node_list,
    record_document,
    state_document,
    state_text,
)
from flowplan.render.status import status_text
from flowplan.render.steps import steps_text
from flowplan.state.model import OutputRecord
from flowplan.state.status import workflow_status

LOOK = Look()
DIAMOND = GraphView(
    "w",
    {"a": "create_connector", 'b"<x>': "register_remote_model", "c": "deploy_model", "d": "noop"},
    (GraphEdge("a", 'b"<x>', ("reference",)), GraphEdge("a", "c", ("edge",)),
     GraphEdge('b"<x>', "d", ("edge", "reference")), GraphEdge("c", "d", ("edge",))),
)  # fmt: skip


def test_a_good_end_says_what_was_done_and_shows_the_outputs():
    summary = Summary("COMPLETED", created=1, updated=1, replaced=1, elapsed_ms=14_200, serial=8)
    text = summary_lines(summary, "apply", LOOK, outputs={"model_id": OutputRecord("gL4x")})
    assert text == (
        'Applied: 1 created, 1 updated, 1 replaced in 14.2 s. State serial 8.\nmodel_id = "gL4x"'
    )


def test_a_destroy_shows_no_outputs():
    text = summary_lines(
        Summary("NOT_STARTED", deleted=2, serial=3), "destroy", LOOK, outputs={"a": OutputRecord(1)}
    )
    assert text == "Destroyed: 2 deleted in 0.00 s. State serial 3."


def test_a_failure_part_way_says_what_is_kept_and_what_to_type():
    summary = Summary("FAILED", created=1, failed=1, skipped=2, serial=8, changed=True)
    text = summary_lines(summary, "apply", LOOK, outputs={}, next_step="flowplan plan")
    assert text == (
        "Stopped part-way: 1 created, 1 failed, 2 skipped. "
        "Everything done is in the state (serial 8).\nNext: flowplan plan"
    )


def test_a_failure_of_the_first_step_says_that_nothing_was_changed():
    text = summary_lines(Summary("FAILED", failed=1), "apply", LOOK, outputs={})
    assert text == "Failed: 1 failed. Nothing was changed."


def test_an_interruption_says_so():
    text = summary_lines(Summary("FAILED", interrupted=True), "apply", LOOK, outputs={})
    assert text.startswith("Interrupted: no step was started.")


def test_what_destroy_left_is_named():
    summary = Summary("FAILED", failed=1, left=("connector_id X",))
    assert "Still on the cluster:\n  connector_id X" in summary_lines(
        summary, "destroy", LOOK, outputs={}
    )


def test_the_status_of_an_applied_workflow_looks_like_this(state, golden, schema):
    document = workflow_status(state, all=True)
    schema("status", document)
    golden("status.txt", status_text(document, state.workflow, LOOK))


def test_the_status_of_nothing_is_not_started(schema):
    document = workflow_status(None)
    schema("status", document)
    assert status_text(document, "", LOOK) == "NOT_STARTED"


def test_the_status_shows_the_error():
    document = {"workflow_id": "i", "state": "FAILED", "error": "line one\n\x1b[2Jtwo"}
    assert "\nline one\n\\x1b[2Jtwo" in status_text(document, "w", LOOK)


def test_a_time_that_is_none_is_shown_as_it_is():
    document = {"workflow_id": "i", "state": "FAILED", "provision_start_time": 10**30}
    assert str(10**30) in status_text(document, "w", LOOK)


def test_outputs_fit_the_schema_and_hide_secrets(state, schema):
    outputs = {**state.outputs, "leaked": OutputRecord("s3cret", sensitive=True)}
    document = outputs_document(outputs)
    schema("output", document)
    assert document["leaked"] == {"value": "(sensitive)", "sensitive": True}
    assert "s3cret" not in outputs_text(outputs)


@pytest.mark.parametrize(
    ("value", "text"), [("plain", "plain"), (3, "3"), ({"a": [1]}, '{"a": [1]}'), (True, "true")]
)
def test_a_bare_value_is_for_a_shell(value, text):
    assert bare_value(OutputRecord(value)) == text


def test_a_state_looks_like_this(state, golden):
    golden("state.txt", state_text(state, "template.state.json", LOOK))


def test_a_state_that_is_not_there_says_so():
    assert state_text(None, "s.json", LOOK) == "s.json: nothing was applied yet."
    assert node_list(None) == ""


def test_the_state_document_has_neither_salt_nor_digest(state, schema):
    document = state_document(state)
    schema("show", document)
    schema("show", state_document(None))
    text = json.dumps(document)
    assert state.salt not in text
    assert "sealed" not in text
    assert record_document(state.resources["create_connector_1"])["inputs"]["credential"] == {
        "openAI_key": "(sensitive)"
    }


def test_the_step_list_looks_like_this(golden, schema):
    document = {
        "create_connector": {
            "inputs": ["name", "description", "version", "protocol", "parameters", "credential",
                       "actions"],
            "outputs": ["connector_id"], "required_plugins": ["opensearch-ml"], "timeout": "60s",
        },
        "noop": {"inputs": [], "outputs": [], "required_plugins": []},
    }  # fmt: skip
    schema("steps", document)
    golden("steps.txt", steps_text(document, LOOK))


def test_a_diamond_is_a_tree_with_each_node_drawn_once(golden):
    golden("graph.txt", graph_text(DIAMOND))


def test_mermaid_and_dot_quote_names(golden):
    golden("graph.mmd", graph_mermaid(DIAMOND))
    golden("graph.dot", graph_dot(DIAMOND))


def test_the_graph_document_fits_the_schema(schema):
    document = graph_document(DIAMOND)
    schema("graph", document)
    assert document["edges"][2] == {
        "source": 'b"<x>', "dest": "d", "kinds": ["edge", "reference"],
    }  # fmt: skip


def test_a_chain_of_ten_thousand_nodes_is_drawn_without_endless_indentation():
    names = [f"n{number}" for number in range(10_000)]
    edges = tuple(GraphEdge(a, b) for a, b in pairwise(names))
    text = graph_text(GraphView("w", dict.fromkeys(names, "noop"), edges))
    assert max(map(len, text.splitlines())) < 120
    assert all(f"{name}" in text for name in (names[0], names[-1]))


def test_edges_to_unknown_nodes_are_not_drawn():
    view = GraphView("w", {"a": "noop"}, (GraphEdge("a", "gone"), GraphEdge("gone", "a")))
    assert graph_text(view) == "a  noop"
    assert "-->" not in graph_mermaid(view)


def failing(**settings):
    out, err = Screen(io.StringIO()), Screen(io.StringIO())
    error = TemplateError(
        Diagnostic("error", "FP104", "one", file="t.yaml"), Diagnostic("error", "FP105", "two")
    )
    defaults = {"verb": "plan", "as_json": False, "one_line": False, "json_into": None}
    show_failure(error, **{**defaults, **settings}, out=out, err=err)
    return out.stream.getvalue(), err.stream.getvalue()


def test_a_failure_in_text_goes_to_stderr_with_a_count():
    out, err = failing()
    assert out == ""
    assert err.endswith("\n\n2 errors in t.yaml. Nothing was planned.\n")


def test_a_failure_in_json_goes_to_stdout():
    out, err = failing(as_json=True)
    assert [item["code"] for item in json.loads(out)["diagnostics"]] == ["FP104", "FP105"]
    assert err == ""


def test_a_failure_of_an_event_stream_is_one_line():
    out, _ = failing(as_json=True, one_line=True, verb="apply")
    assert out.count("\n") == 1


def test_a_failure_stands_in_the_json_file_too(tmp_path):
    failing(json_into=str(tmp_path / "x.json"))
    assert len(json.loads((tmp_path / "x.json").read_text())["diagnostics"]) == 2


def test_a_json_file_that_cannot_be_written_does_not_hide_the_failure(tmp_path):
    _, err = failing(json_into=str(tmp_path / "no" / "x.json"))
    assert "FP104" in err


def test_a_json_file_in_no_directory_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="FP608"):
        JsonFile(str(tmp_path / "no" / "x.json"))


def raising():
    secret = "s3cret"
    try:
        raise ValueError(f"bad value {secret}")  # noqa: TRY301 two in a chain are meant
    except ValueError as error:
        raise KeyError(secret) from error


def crashed(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    try:
        raising()
    except KeyError as error:
        return internal_error(error)


def test_an_internal_error_names_a_file_with_the_traceback(monkeypatch, tmp_path):
    error = crashed(monkeypatch, tmp_path)
    (file,) = tmp_path.iterdir()
    assert str(file) in error.diagnostics[0].detail
    assert error.exit_code == 70
    text = file.read_text()
    assert "in raising" in text
    assert "builtins.KeyError" in text
    assert "caused by:" in text


def test_the_traceback_file_holds_no_values(monkeypatch, tmp_path):
    monkeypatch.delenv("FLOWPLAN_TRACEBACK", raising=False)
    crashed(monkeypatch, tmp_path)
    (file,) = tmp_path.iterdir()
    assert "bad value s3cret" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_messages_are_written_when_they_are_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("FLOWPLAN_TRACEBACK", "full")
    crashed(monkeypatch, tmp_path)
    (file,) = tmp_path.iterdir()
    assert "bad value s3cret" in file.read_text()


def test_a_full_disk_does_not_hide_an_internal_error(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    error = internal_error(ValueError())
    assert "could not be written" in error.diagnostics[0].detail


def test_a_picture_is_an_svg_and_equal_for_equal_text():
    drawn = picture("\x1b[32m+ created\x1b[0m")
    assert drawn.startswith("<svg")
    assert "created" in drawn
    assert drawn == picture("\x1b[32m+ created\x1b[0m")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_does_not_break_off_a_run_and_is_told():
    with JsonFile("/dev/full") as file:
        file.line({"a": 1})
        file.line({"a": 2})
    (warning,) = file.told()
    assert (warning.severity, warning.code) == ("warning", "FP608")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_document_that_does_not_fit_is_a_usage_error():
    with pytest.raises(UsageError, match="FP608"), JsonFile("/dev/full") as file:
        file.document({"a": 1})


def test_a_written_file_has_nothing_to_tell(tmp_path):
    with JsonFile(str(tmp_path / "a")) as file:
        file.line({"a": 1})
    assert file.told() == ()
