"""`state mv`, `rm`, `rename`, `rebind`: after each, the next plan is as its user expects."""

from __future__ import annotations

import io
import json

import pytest

from tests.acceptance.chat import NAME, chat, files, write

NOTHING = "No changes."
INDEXED = {
    "name": "indexed",
    "workflows": {
        "provision": {
            "nodes": [
                {
                    "id": "docs",
                    "type": "create_index",
                    "user_inputs": {"index_name": "docs", "configurations": {"mappings": {"properties": {"a": {"type": "text"}}}}},
                }
            ]
        }
    },
}  # fmt: skip


def called(old, new, **settings):
    """The template with a node renamed wherever it is named."""
    return json.loads(json.dumps(chat(**settings)).replace(old, new))


def actions(result):
    return {item["node"]: item["action"] for item in result.json["changes"]}


def state_of(directory, name="template.state.json"):
    return json.loads((directory / name).read_text())


# ---- mv ------------------------------------------------------------------------------------------


def test_a_moved_node_that_the_template_calls_so_too_plans_nothing(applied, flowplan):
    moved = flowplan("state", "mv", "register_model_2", "model")
    assert moved.code == 0
    assert "The template has to call it so, too" in moved.out
    write(applied / "template.yaml", called("register_model_2", "model"))
    assert flowplan("plan").out.startswith(NOTHING)


def test_a_moved_node_that_the_template_does_not_have_would_be_deleted(applied, flowplan):
    flowplan("state", "mv", "register_model_2", "model")
    found = actions(flowplan("plan", "--format", "json"))
    assert (found["model"], found["register_model_2"]) == ("delete", "create")


def test_a_move_counts_one_write_and_keeps_the_state_before(applied, flowplan, conforms):
    before = (applied / "template.state.json").read_bytes()
    told = conforms(flowplan("state", "mv", "deploy_model_3", "d", "--format", "json").json, "state-edit")  # fmt: skip
    assert told["moved"] == [{"from": "deploy_model_3", "to": "d"}]
    assert (told["serial"], told["changed"]) == (2, True)
    assert told["backup"] == "template.state.json.backup"
    assert (applied / "template.state.json.backup").read_bytes() == before


def test_a_node_made_for_each_moves_by_its_quoted_name(applied, flowplan):
    assert flowplan("state", "mv", "deploy_model_3", 'deploy["eu"]').code == 0
    assert flowplan("state", "mv", 'deploy["eu"]', 'deploy["us"]').code == 0
    assert 'deploy["us"]' in flowplan("state", "list").out.splitlines()


def test_a_name_that_would_move_the_cursor_is_shown_escaped(applied, flowplan):
    state = state_of(applied)
    state["resources"][2]["node"] = "x\x1b[2J"
    (applied / "template.state.json").write_text(json.dumps(state))
    told = flowplan("state", "mv", "x\x1b[2J", "deploy_model_3")
    assert told.code == 0
    assert "\x1b" not in told.out


@pytest.mark.parametrize(
    ("source", "dest", "code"),
    [
        ("deploy_model_3", "register_model_2", "FP457"),
        ("deploy_model_4", "x", "FP491"),
        ("deploy_model_3", "", "FP458"),
    ],
)
def test_a_move_that_can_not_be_is_refused_and_nothing_written(
    applied, flowplan, source, dest, code
):
    before = files(applied)
    told = flowplan("state", "mv", source, dest, "--format", "json")
    assert (told.code, told.codes) == (1, [code])
    assert files(applied) == before


def test_a_tool_that_an_agent_lists_in_its_order_moves_without_a_change(here, flowplan):
    nodes = [
        {"id": "t1", "type": "create_tool", "user_inputs": {"type": "IndexMappingTool", "name": "one"}},
        {"id": "t2", "type": "create_tool", "user_inputs": {"type": "ListIndexTool", "name": "two"}},
        {
            "id": "agent",
            "type": "register_agent",
            "previous_node_inputs": {"t1": "tools", "t2": "tools"},
            "user_inputs": {"name": "a", "type": "flow", "tools_order": ["t2", "t1"]},
        },
    ]  # fmt: skip
    template = {"name": "agents", "workflows": {"provision": {"nodes": nodes}}}
    write(here / "template.yaml", template)
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    flowplan("state", "mv", "t2", "list_tool")
    write(here / "template.yaml", json.loads(json.dumps(template).replace('"t2"', '"list_tool"')))
    assert flowplan("plan").out.startswith(NOTHING)


# ---- rm ------------------------------------------------------------------------------------------


def test_what_is_let_go_stays_on_the_cluster_and_is_made_again(applied, flowplan, conforms):
    made = flowplan("status", "--format", "json").json["resources_created"][0]["resource_id"]
    told = conforms(flowplan("state", "rm", "create_*", "--format", "json").json, "state-edit")
    assert told["removed"] == [
        {
            "node": "create_connector_1",
            "type": "create_connector",
            "resource_type": "connector_id",
            "resource_id": made,
            "left": [{"kind": "connector", "resource_id": made}],
        }
    ]
    assert actions(flowplan("plan", "--format", "json"))["create_connector_1"] == "create"
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    assert flowplan("plan").out.startswith(NOTHING)


def test_a_model_group_that_came_along_is_named_as_left_behind(applied, flowplan):
    told = flowplan("state", "rm", "register_model_2", "--format", "json").json
    assert [item["kind"] for item in told["removed"][0]["left"]] == ["model", "model_group"]


def test_an_index_that_was_let_go_is_in_the_way_of_a_new_one(here, flowplan):
    write(here / "template.yaml", INDEXED)
    flowplan("apply", "--auto-approve", "-q")
    assert "docs" in flowplan("state", "rm", "docs").out
    told = flowplan("apply", "--auto-approve", "-q")
    assert told.code == 1
    assert "FP361" in told.err


def test_a_user_of_what_is_let_go_is_a_warning(applied, flowplan):
    told = flowplan("state", "rm", "create_connector_1")
    assert "warning[FP469]: register_model_2" in told.err
    assert flowplan("state", "rm", "*").err == ""


def test_a_dry_run_names_the_same_and_writes_nothing(applied, flowplan, conforms):
    before = files(applied)
    told = conforms(flowplan("state", "rm", "*", "--dry-run", "--format", "json").json, "state-edit")  # fmt: skip
    assert files(applied) == before
    assert len(told["removed"]) == 3
    assert (told["changed"], told["dry_run"], told["serial"]) == (False, True, 1)
    assert flowplan("state", "rm", "*", "--dry-run").out.startswith("3 nodes would be let go")


def test_a_dry_run_needs_no_lock_and_tells_who_is_at_work(applied, flowplan):
    from flowplan.state.backends.local import LocalBackend

    with LocalBackend("template.state.json").lock("apply"):
        told = flowplan("state", "rm", "*", "--dry-run")
    assert told.code == 0
    assert "warning[FP220]" in told.err


def test_a_glob_that_matches_nothing_lets_nothing_go(applied, flowplan):
    before = files(applied)
    told = flowplan("state", "rm", "deploy_model_3", "x*", "--format", "json")
    assert (told.code, told.codes) == (1, ["FP491"])
    assert files(applied) == before


def test_rm_wants_a_node(applied, flowplan):
    assert flowplan("state", "rm").code == 64


# ---- rename --------------------------------------------------------------------------------------


def test_the_command_that_a_renamed_template_is_told_puts_it_right(applied, flowplan):
    write(applied / "template.yaml", chat() | {"name": "chat with spaces"})
    told = flowplan("plan", "--format", "json").json["diagnostics"][0]
    assert told["code"] == "FP406"
    command = told["hint"].splitlines()[-1].partition(": ")[2]
    assert command == "flowplan state rename 'chat with spaces' --state template.state.json"
    assert flowplan("state", "rename", "chat with spaces").code == 0
    assert flowplan("plan").out.startswith(NOTHING)


def test_renaming_keeps_the_lineage_and_tells_both_names(applied, flowplan, conforms):
    lineage = state_of(applied)["lineage"]
    told = conforms(flowplan("state", "rename", "chat", "--format", "json").json, "state-edit")
    assert (told["before"], told["after"], told["workflow"]) == (NAME, "chat", "chat")
    assert told["workflow_id"] == lineage


def test_renaming_to_its_own_name_writes_nothing(applied, flowplan):
    before = (applied / "template.state.json").read_bytes()
    told = flowplan("state", "rename", NAME)
    assert told.code == 0
    assert told.out.startswith("Nothing to do")
    assert (applied / "template.state.json").read_bytes() == before


@pytest.mark.parametrize("name", ["", "a\nb"])
def test_a_name_that_can_not_be_shown_is_refused(applied, flowplan, name):
    assert flowplan("state", "rename", name, "--format", "json").codes == ["FP468"]


# ---- rebind --------------------------------------------------------------------------------------


def test_after_a_rebind_to_an_empty_cluster_all_is_made_again(applied, flowplan):
    refused = flowplan("plan", "--endpoint", "sandbox:new.db")
    assert "FP407" in refused.err
    assert "flowplan state rebind --state template.state.json --endpoint sandbox:" in refused.err
    assert flowplan("state", "rebind", "--endpoint", "sandbox:new.db", "--auto-approve").code == 0
    planned = flowplan("plan", "--endpoint", "sandbox:new.db", "--format", "json")
    assert set(actions(planned).values()) == {"create"}
    flowplan("apply", "--endpoint", "sandbox:new.db", "--auto-approve", "-q")
    assert flowplan("plan", "--endpoint", "sandbox:new.db").out.startswith(NOTHING)


def test_a_rebind_tells_both_clusters_and_keeps_the_ids(applied, flowplan, conforms):
    before = state_of(applied)
    told = conforms(
        flowplan("state", "rebind", "--endpoint", "sandbox:new.db", "--auto-approve", "--format", "json").json,
        "state-edit",
    )  # fmt: skip
    after = state_of(applied)
    assert told["before"] == before["cluster"]
    assert told["after"] == after["cluster"]
    assert told["before"]["uuid"] != told["after"]["uuid"]
    assert after["resources"] == before["resources"]


def test_a_rebind_that_nobody_approves_writes_nothing(applied, flowplan):
    before = (applied / "template.state.json").read_bytes()
    told = flowplan("state", "rebind", "--endpoint", "sandbox:new.db", "--format", "json")
    assert (told.code, told.codes) == (1, ["FP630"])
    assert (applied / "template.state.json").read_bytes() == before


@pytest.mark.parametrize(("answer", "code"), [("yes\n", 0), ("no\n", 1), ("", 1)])
def test_somebody_who_sits_there_is_shown_both_clusters_and_asked(
    applied, flowplan, monkeypatch, answer, code
):
    monkeypatch.setattr("flowplan.cli.approval.can_ask", lambda _: True)
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    told = flowplan("state", "rebind", "--endpoint", "sandbox:new.db")
    assert told.code == code
    assert told.err.count("(cluster ") == 2
    assert "Use the 3 recorded ids on that cluster? Only yes goes on:" in told.err


def test_a_rebind_to_its_own_cluster_asks_nobody(applied, flowplan):
    told = flowplan("state", "rebind")
    assert told.code == 0
    assert told.out.startswith("Nothing to do")


# ---- all of them ---------------------------------------------------------------------------------

EDITS = {
    "mv": ["mv", "deploy_model_3", "d"],
    "rm": ["rm", "deploy_model_3"],
    "rename": ["rename", "x"],
    "rebind": ["rebind", "--endpoint", "sandbox:new.db", "--auto-approve"],
    "rekey": ["rekey"],
    "migrate": ["migrate", "--to", "other.json"],
}


@pytest.mark.parametrize("words", EDITS.values(), ids=EDITS)
def test_without_a_state_there_is_nothing_to_edit(project, flowplan, words):
    told = flowplan("state", *words, "--format", "json")
    assert (told.code, told.codes) == (1, ["FP456"])


@pytest.mark.parametrize("words", EDITS.values(), ids=EDITS)
def test_a_run_that_was_cut_off_has_to_be_finished_first(applied, flowplan, words):
    from flowplan.state.backends.local import LocalBackend

    backend = LocalBackend("template.state.json")
    state = backend.load().state
    assert state is not None
    journal = backend.start(state, "apply")
    journal.put(state.resources["deploy_model_3"])
    journal.close()
    told = flowplan("state", *words, "--format", "json")
    assert (told.code, told.codes) == (1, ["FP455"])


@pytest.mark.parametrize("words", EDITS.values(), ids=EDITS)
def test_an_edit_while_a_run_is_at_work_is_told_of_its_lock(applied, flowplan, words):
    from flowplan.state.backends.local import LocalBackend

    backend = LocalBackend("template.state.json")
    state = backend.load().state
    assert state is not None
    with backend.lock("apply"):
        journal = backend.start(state, "apply")
        journal.put(state.resources["deploy_model_3"])
        journal.close()
        told = flowplan("state", *words, "--format", "json")
    assert (told.code, told.codes) == (4, ["FP501"])


@pytest.mark.parametrize("words", EDITS.values(), ids=EDITS)
def test_a_saved_plan_is_stale_after_an_edit(applied, flowplan, words):
    flowplan("plan", "--out", "p.plan")
    assert flowplan("state", *words).code == 0
    assert flowplan("apply", "--plan", "p.plan").code in {1, 5}
