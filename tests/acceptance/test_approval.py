"""Who says yes to a plan: on a terminal, beforehand, or nobody; and how much may go at all."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.chat import NAME, chat, inputs, write

INDEX = {"id": "notes", "type": "create_index", "user_inputs": {"index_name": "notes", "configurations": "{}"}}  # fmt: skip


@pytest.fixture
def indexed(here, flowplan):
    """A workflow with an index, applied."""
    template = chat()
    template["workflows"]["provision"]["nodes"].append(INDEX)
    write(here / "template.yaml", template)
    result = flowplan("apply", "--auto-approve", "-q")
    assert result.code == 0, result.err
    return here


@pytest.fixture
def without_index(indexed):
    """The same, the index taken out of the template."""
    write(indexed / "template.yaml", chat())
    return indexed


def test_yes_goes_on(project, terminal):
    code, shown = terminal("apply", typed="yes\n")
    assert code == 0
    assert "Only yes goes on:" in shown
    assert "Applied: 3 created" in shown


@pytest.mark.parametrize("typed", ["no\n", "y\n", "\n", f"{NAME}\n"])
def test_anything_else_does_not(project, terminal, typed):
    code, shown = terminal("apply", typed=typed)
    assert code == 1
    assert "FP631" in shown
    assert not (project / "template.state.json").exists()


def test_where_data_goes_the_workflows_name_is_asked_for(without_index, terminal):
    code, shown = terminal("apply", "--allow-delete", "notes", typed=f"{NAME}\n")
    assert code == 0, shown
    assert f"The data of notes is deleted. Type {NAME} to go on:" in shown.replace("\n", " ")


def test_there_yes_is_not_enough(without_index, terminal, flowplan):
    code, shown = terminal("apply", "--allow-delete", "notes", typed="yes\n")
    assert code == 1
    assert "FP631" in shown
    assert "notes" in flowplan("state", "list").out


def test_a_destroy_with_data_asks_for_the_name_too(indexed, terminal, flowplan):
    assert terminal("destroy", "--allow-delete", "all", typed="yes\n")[0] == 1
    assert terminal("destroy", "--allow-delete", "all", typed=f"{NAME}\n")[0] == 0
    assert flowplan("state", "list").out == ""


def test_a_destroy_without_data_asks_for_yes(applied, terminal):
    assert terminal("destroy", typed="yes\n")[0] == 0


def test_where_nothing_changes_nobody_is_asked(applied, terminal):
    code, shown = terminal("apply")
    assert code == 0
    assert "goes on" not in shown


def test_with_auto_approve_nobody_is_asked(without_index, flowplan):
    assert flowplan("apply", "--auto-approve", "--allow-delete", "notes").code == 0


def test_what_was_said_yes_to_is_what_a_worker_does(project, terminal):
    code, shown = terminal("apply", "--wait-timeout", "60s", typed="yes\n")
    assert code == 0, shown
    assert shown.count("Plan: 3 to create.") == 1
    assert "Applied: 3 created" in shown


def test_a_worker_refuses_what_nobody_said_yes_to(project, process, terminal, flowplan):
    slow = ("--endpoint", "sandbox:?deploy=3s")
    first = process("apply", "--auto-approve", "--format", "json", *slow)
    for line in first.stdout:
        if "step_completed" in line:
            break
    # The first one comes to its end while the second waits for the lock with its answer.
    code, shown = terminal("apply", "--wait-timeout", "60s", "--lock-timeout", "60s", typed="yes\n")
    assert first.wait(30) == 0
    assert code == 5, shown
    assert "FP641" in shown


def fewer(directory):
    """Two nodes taken out of the template."""
    template = chat(outputs={})
    nodes = template["workflows"]["provision"]["nodes"]
    del nodes[1:]
    template["workflows"]["provision"]["edges"] = []
    write(directory / "template.yaml", template)


@pytest.mark.parametrize("verb", ["apply", "destroy"])
def test_more_deletes_than_expected_are_refused_before_the_first_write(applied, flowplan, verb):
    fewer(applied)
    before = (applied / "template.state.json").read_bytes()
    result = flowplan(verb, "--auto-approve", "--max-deletes", "1")
    assert result.code == 1
    assert "FP644" in result.err
    assert "register_model_2" in result.err
    assert (applied / "template.state.json").read_bytes() == before


def test_as_many_as_are_allowed_go(applied, flowplan):
    fewer(applied)
    assert flowplan("apply", "--auto-approve", "--max-deletes", "2").code == 0


def test_a_replacement_counts_as_a_delete(applied, flowplan):
    template = chat()
    inputs(template, "create_connector_1")["parameters"]["model"] = "gpt-4o"
    write(applied / "template.yaml", template)
    assert flowplan("apply", "--auto-approve", "--max-deletes", "0").code == 1
    assert flowplan("apply", "--auto-approve", "--max-deletes", "1").code == 0


def test_creates_and_updates_do_not_count(project, flowplan):
    assert flowplan("apply", "--auto-approve", "--max-deletes", "0").code == 0
    template = chat()
    inputs(template, "register_model_2")["description"] = "other"
    write(project / "template.yaml", template)
    assert flowplan("apply", "--auto-approve", "--max-deletes", "0").code == 0


def test_the_project_file_may_say_how_many_and_the_flag_comes_first(applied, flowplan):
    (applied / "flowplan.yaml").write_text("max_deletes: 0\nstate: template.state.json\n")
    assert flowplan("destroy", "--auto-approve").code == 1
    assert flowplan("destroy", "--auto-approve", "--max-deletes", "3").code == 0


def test_a_saved_plan_is_held_to_it_too(applied, flowplan):
    fewer(applied)
    assert flowplan("plan", "--out", "p.plan").code == 0
    refused = flowplan("apply", "--plan", "p.plan", "--max-deletes", "1")
    assert refused.code == 1
    assert "FP644" in refused.err
    assert flowplan("apply", "--plan", "p.plan", "--max-deletes", "2").code == 0


def test_a_worker_is_held_to_it_too(applied, flowplan):
    result = flowplan("destroy", "--auto-approve", "--wait-timeout", "60s", "--max-deletes", "2")
    assert result.code == 1
    assert "FP644" in result.err


def test_a_plan_says_already_that_it_would_be_refused(applied, flowplan):
    fewer(applied)
    result = flowplan("plan", "--max-deletes", "1", "--format", "json")
    assert result.code == 0
    assert [(item["code"], item["severity"]) for item in result.json["diagnostics"]] == [
        ("FP644", "warning")
    ]


def test_the_refusal_counts_as_the_plan_does(applied, flowplan):
    result = flowplan("destroy", "--auto-approve", "--max-deletes", "0", "--format", "json")
    (found,) = json.loads(result.out)["diagnostics"]
    assert found["summary"] == "the plan deletes 3 and replaces 0, and 0 together are allowed"
    assert found["hint"] == "If all of that is meant: --max-deletes 3"
