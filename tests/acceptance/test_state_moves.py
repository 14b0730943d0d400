"""`state pull`, `push`, `migrate`: a whole state in and out, and to another place."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest

from flowplan.state.backends.local import LocalBackend
from tests.acceptance.chat import NAME, files, write

STATE = "template.state.json"


def document(directory, name=STATE):
    return json.loads((directory / name).read_text())


def save(path, state):
    path.write_text(json.dumps(state))
    return str(path)


def cut_off():
    """Leave the journal of an apply behind that had let a node go."""
    backend = LocalBackend(STATE)
    state = backend.load().state
    assert state is not None
    journal = backend.start(state, "apply")
    journal.drop("deploy_model_3")
    journal.close()


@pytest.fixture
def edited(applied, flowplan):
    """Write a pulled document, changed, to a file."""

    def make(**changes):
        state = flowplan("state", "pull").json
        return save(applied / "edited.json", state | changes)

    return make


# ---- pull ----------------------------------------------------------------------------------------


def test_what_is_pulled_is_the_document_byte_for_byte(applied, flowplan, conforms):
    told = flowplan("state", "pull")
    assert told.out == (applied / STATE).read_text()
    conforms(told.json, "state")


def test_what_a_run_that_was_cut_off_did_is_pulled_with_it(applied, flowplan):
    cut_off()
    told = flowplan("state", "pull")
    assert [item["node"] for item in told.json["resources"]] == ["create_connector_1", "register_model_2"]  # fmt: skip
    assert told.json["serial"] == 2
    assert "FP221" in told.err


def test_a_pull_goes_into_a_file_too(applied, flowplan):
    flowplan("state", "pull", "--json-into", "copy.json")
    assert document(applied, "copy.json") == document(applied)


def test_there_is_nothing_to_pull_before_the_first_apply(project, flowplan):
    assert flowplan("state", "pull", "--format", "json").codes == ["FP456"]


# ---- push ----------------------------------------------------------------------------------------


def test_pushing_what_was_pulled_does_nothing(applied, flowplan, edited):
    before = (applied / STATE).read_bytes()
    told = flowplan("state", "push", edited())
    assert told.out.startswith("Nothing to do")
    assert (applied / STATE).read_bytes() == before
    assert flowplan("state", "push", edited(), "--format", "json").json["changed"] is False


def test_an_edited_state_with_a_higher_serial_is_pushed(applied, flowplan, edited, conforms):
    kept = document(applied)["resources"][:2]
    told = flowplan("state", "push", edited(serial=2, resources=kept), "--format", "json")
    found = conforms(told.json, "state-edit")
    assert (found["removed"], found["added"], found["changed_nodes"]) == (
        ["deploy_model_3"],
        [],
        [],
    )
    assert found["serial"] == document(applied)["serial"] == 2
    assert len(document(applied, STATE + ".backup")["resources"]) == 3
    assert [item["action"] for item in flowplan("plan", "--format", "json").json["changes"]] == ["no-op", "no-op", "create"]  # fmt: skip


def test_a_push_says_how_many_nodes_differ(applied, flowplan, edited):
    told = flowplan("state", "push", edited(serial=2, resources=[]))
    assert "Nodes: 3 removed." in told.out
    assert "template.state.json.backup" in told.out


def test_a_push_that_changes_no_node_says_so(applied, flowplan, edited):
    assert "No node differs." in flowplan("state", "push", edited(serial=2)).out


def test_a_state_is_pushed_from_standard_input(applied, flowplan, edited, monkeypatch):
    data = (applied / "edited.json").read_bytes() if edited(serial=5) else b""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data), isatty=lambda: False))
    told = flowplan("state", "push", "-")
    assert "from standard input" in told.out
    assert document(applied)["serial"] == 5


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"serial": 0}, "FP461"),
        ({"outputs": {}}, "FP461"),
        ({"serial": 2, "lineage": "anotherLineage000000"}, "FP460"),
        ({"serial": 2, "workflow": "other"}, "FP462"),
        ({"serial": 2, "salt": "xyz"}, "FP403"),
        ({"format_version": 99}, "FP404"),
    ],
)
def test_a_push_that_would_lose_something_is_refused(applied, flowplan, edited, changes, code):
    name = edited(**changes)
    before = (applied / STATE).read_bytes()
    told = flowplan("state", "push", name, "--format", "json")
    assert (told.code, told.codes) == (1, [code])
    assert (applied / STATE).read_bytes() == before


def test_an_older_state_is_forced_back_with_the_next_serial(applied, flowplan, edited):
    name = edited(lineage="anotherLineage000000", serial=0)
    told = flowplan("state", "push", name, "--force", "--format", "json")
    assert told.code == 0
    assert told.json["serial"] == document(applied)["serial"] == 2
    assert told.json["backup"] == STATE + ".backup"


def test_the_first_state_is_pushed_as_it_is(applied, flowplan, edited):
    name = edited(serial=9)
    for file in applied.glob(STATE + "*"):
        file.unlink()
    told = flowplan("state", "push", name, "--format", "json").json
    assert (told["serial"], told["backup"]) == (9, None)
    assert told["added"] == ["create_connector_1", "register_model_2", "deploy_model_3"]
    assert flowplan("plan").out.startswith("No changes.")


@pytest.mark.parametrize(
    ("content", "code"), [(None, "FP463"), (b"", "FP402"), (b"{", "FP402"), (b"[]", "FP403")]
)
def test_a_file_that_is_no_state_is_refused(applied, flowplan, content, code):
    if content is not None:
        (applied / "x.json").write_bytes(content)
    told = flowplan("state", "push", "x.json", "--format", "json")
    assert (told.code, told.codes) == (1, [code])


def test_a_document_without_an_end_is_refused(applied, flowplan, edited, monkeypatch):
    monkeypatch.setattr("flowplan.cli.documents._LARGEST", 100)
    assert flowplan("state", "push", edited(serial=2), "--format", "json").codes == ["FP463"]


def test_nothing_is_pushed_over_a_run_that_was_cut_off(applied, flowplan, edited):
    name = edited(serial=2)
    cut_off()
    assert flowplan("state", "push", name, "--force", "--format", "json").codes == ["FP455"]


# ---- migrate -------------------------------------------------------------------------------------


def test_a_migrated_state_plans_nothing_in_its_new_place(applied, flowplan, conforms):
    before = (applied / STATE).read_bytes()
    told = flowplan("state", "migrate", "--to", "new/chat.json", "--format", "json")
    found = conforms(told.json, "state-edit")
    assert (applied / "new" / "chat.json").read_bytes() == before
    assert (found["from"], found["state"], found["left"]) == (STATE, "new/chat.json", STATE + ".migrated")  # fmt: skip
    assert flowplan("plan", "--state", "new/chat.json", "--template", "template.yaml").out.startswith("No changes.")  # fmt: skip


def test_the_old_place_is_out_of_use(applied, flowplan):
    told = flowplan("state", "migrate", "--to", "new.json")
    assert "template.state.json.migrated" in told.out
    assert "Next: flowplan plan --state new.json" in told.out
    for words in (["plan"], ["apply", "--auto-approve"], ["status"], ["state", "list"]):
        assert flowplan(*words, "--format", "json").codes == ["FP472"]


def test_a_state_comes_back_once_the_old_copy_is_deleted(applied, flowplan):
    flowplan("state", "migrate", "--to", "new.json")
    back = ["state", "migrate", "--state", "new.json", "--to", STATE]
    assert flowplan(*back, "--format", "json").codes == ["FP472"]
    (applied / f"{STATE}.migrated").unlink()
    assert flowplan(*back).code == 0
    assert flowplan("plan").out.startswith("No changes.")


def test_a_migration_that_was_cut_off_after_its_copy_goes_on(applied, flowplan):
    (applied / "new.json").write_bytes((applied / STATE).read_bytes())
    told = flowplan("state", "migrate", "--to", "new.json", "--format", "json")
    assert told.code == 0
    assert told.json["copied"] is False
    assert not (applied / STATE).exists()


def test_another_state_is_never_replaced(applied, flowplan):
    state = document(applied)
    save(applied / "new.json", state | {"serial": 7})
    before = files(applied)
    told = flowplan("state", "migrate", "--to", "new.json", "--format", "json")
    assert (told.code, told.codes) == (1, ["FP464"])
    after = files(applied)
    assert {name: after[name] for name in (STATE, "new.json")} == {name: before[name] for name in (STATE, "new.json")}  # fmt: skip


@pytest.mark.parametrize("place", [STATE, "./template.state.json", "file:template.state.json"])
def test_a_state_can_not_move_to_where_it_is(applied, flowplan, place):
    assert flowplan("state", "migrate", "--to", place, "--format", "json").codes == ["FP466"]


def test_a_place_that_somebody_works_on_is_left_alone(applied, flowplan):
    with LocalBackend("new.json").lock("apply"):
        told = flowplan("state", "migrate", "--to", "new.json", "--format", "json")
    assert (told.code, told.codes) == (4, ["FP501"])
    assert (applied / STATE).exists()


def test_a_migration_wants_a_place(applied, flowplan):
    assert flowplan("state", "migrate").code == 64
    assert flowplan("state", "migrate", "--to", "ftp://x/y", "--format", "json").codes == ["FP409"]


def test_an_old_document_that_can_not_be_put_aside_is_a_warning(applied, flowplan, monkeypatch):
    def refuse(self):
        from flowplan.errors import StateError

        raise StateError.of("FP405", "template.state.json can't be written: read-only")

    monkeypatch.setattr(LocalBackend, "retire", refuse)
    told = flowplan("state", "migrate", "--to", "new.json")
    assert told.code == 0
    assert "FP467" in told.err


# ---- together ------------------------------------------------------------------------------------


def test_no_command_shows_the_key_or_writes_it(applied, flowplan, edited):
    flowplan("state", "push", edited(serial=2))
    flowplan("state", "migrate", "--to", "new.json")
    from tests.acceptance.chat import KEY

    assert all(KEY.encode() not in data for name, data in files(applied).items())


def test_the_template_of_another_workflow_is_refused(applied, flowplan):
    write(applied / "other.yaml", {"name": "other", "workflows": {"provision": {"nodes": [{"id": "a", "type": "noop"}]}}})  # fmt: skip
    told = flowplan("state", "mv", "deploy_model_3", "d", "--template", "other.yaml", "--state", STATE, "--format", "json")  # fmt: skip
    assert told.codes == ["FP406"]
    assert NAME in told.json["diagnostics"][0]["detail"]
