"""A status that changes: which lines say so."""

from __future__ import annotations

import io
import json

from flowplan.render.screen import Screen
from flowplan.render.watch import changed_lines, watching_on


def status(state, *nodes, error=None):
    created = [
        {"workflow_step_id": node, "workflow_step_name": "create_connector",
         "resource_type": "connector_id", "resource_id": f"id-{node}"}
        for node in nodes
    ]  # fmt: skip
    told = {"error": error} if error else {}
    return {"workflow_id": "w", **told, "state": state, "resources_created": created}


def test_what_came_and_what_went_are_told_apart():
    found = changed_lines(status("PROVISIONING", "a"), status("PROVISIONING", "b"), "chat")
    assert found == [
        "+ b  create_connector  connector_id  id-b",
        "- a  create_connector  connector_id  id-a",
    ]


def test_the_state_comes_last_and_its_error_with_it():
    after = status("FAILED", "a", error="broke\nin two")
    found = changed_lines(status("PROVISIONING"), after, "chat")
    assert found[1:] == ["chat: FAILED", "broke", "in two"]


def test_nothing_new_is_no_line():
    assert changed_lines(status("COMPLETED", "a"), status("COMPLETED", "a"), "chat") == []


def test_a_pipe_has_all_of_it_first_and_then_what_changed():
    stream = io.StringIO()
    with watching_on(Screen(stream), as_json=False) as show:
        show(status("PROVISIONING", "a"), "chat")
        show(status("COMPLETED", "a"), "chat")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "chat: PROVISIONING"
    assert lines[-1] == "chat: COMPLETED"
    assert sum("id-a" in line for line in lines) == 1


def test_a_script_has_one_document_a_line():
    stream = io.StringIO()
    with watching_on(Screen(stream), as_json=True) as show:
        show(status("PROVISIONING"), "chat")
        show(status("COMPLETED"), "chat")
    states = [json.loads(line)["state"] for line in stream.getvalue().splitlines()]
    assert states == ["PROVISIONING", "COMPLETED"]


def test_a_terminal_is_left_with_the_last_one_whole():
    stream = io.StringIO()
    screen = Screen(stream, width=100, terminal=True)
    with watching_on(screen, as_json=False) as show:
        show(status("PROVISIONING"), "chat")
        show(status("COMPLETED", *(f"node{number}" for number in range(100))), "chat")
    assert stream.getvalue().rstrip().endswith("id-node99")
