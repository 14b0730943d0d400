"""`state rekey`: other digests of the same secrets; the next plan sees no difference."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.chat import KEY, chat, files, inputs, write

STATE = "template.state.json"
SEAL = "$flowplan.sealed"


def digests(directory, name=STATE):
    found = []

    def look(value):
        if isinstance(value, dict):
            if SEAL in value:
                found.append(value[SEAL])
            for item in value.values():
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)

    look(json.loads((directory / name).read_text()))
    return found


def salt(directory):
    return json.loads((directory / STATE).read_text())["salt"]


def test_the_digests_and_the_salt_differ_and_the_plan_is_empty(applied, flowplan, conforms):
    before, old = digests(applied), salt(applied)
    told = conforms(flowplan("state", "rekey", "--format", "json").json, "state-edit")
    after = digests(applied)
    assert told["digests"] == len(before) == len(after) > 0
    assert not set(before) & set(after)
    assert salt(applied) != old
    assert (told["differing"], told["without_value"], told["diagnostics"]) == ([], [], [])
    assert flowplan("plan").out.startswith("No changes.")


def test_a_changed_secret_is_still_seen_afterwards(applied, flowplan, monkeypatch):
    flowplan("state", "rekey")
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", "sk-rotated")
    fields = flowplan("plan", "--format", "json").json["changes"][0]["fields"]
    assert [field["path"] for field in fields] == [["credential", "openAI_key"]]


def test_the_key_is_in_no_file(applied, flowplan):
    flowplan("state", "rekey")
    assert all(KEY.encode() not in data for data in files(applied).values())


def test_the_copy_with_the_old_salt_is_named(applied, flowplan):
    assert "rm template.state.json.backup" in flowplan("state", "rekey").out


def test_another_value_than_the_digested_is_refused(applied, flowplan, monkeypatch):
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", "sk-rotated")
    before = (applied / STATE).read_bytes()
    told = flowplan("state", "rekey")
    assert told.code == 1
    assert "error[FP459]" in told.err
    assert "create_connector_1: credential.openAI_key" in told.err
    assert "sk-rotated" not in told.out + told.err
    assert (applied / STATE).read_bytes() == before


def test_a_lost_salt_is_accepted_when_forced(applied, flowplan):
    state = json.loads((applied / STATE).read_text())
    (applied / STATE).write_text(json.dumps(state | {"salt": "00" * 32}))
    assert "FP459" in flowplan("state", "rekey").err
    told = flowplan("state", "rekey", "--force")
    assert told.code == 0
    assert "warning[FP470]" in told.err
    assert flowplan("plan").out.startswith("No changes.")


def test_without_the_salt_secrets_are_not_compared_and_the_plan_says_so(
    applied, flowplan, monkeypatch
):
    state = json.loads((applied / STATE).read_text())
    (applied / STATE).write_text(json.dumps(state | {"salt": ""}))
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", "sk-rotated")
    planned = flowplan("plan")
    assert planned.out.startswith("No changes.")
    assert "warning[FP473]" in planned.err
    assert "create_connector_1" in planned.err
    assert flowplan("state", "rekey", "--force").code == 0
    assert "FP473" not in flowplan("plan").err


def test_without_the_salt_what_is_no_secret_is_compared(applied, flowplan):
    state = json.loads((applied / STATE).read_text())
    (applied / STATE).write_text(json.dumps(state | {"salt": ""}))
    template = chat()
    inputs(template, "create_connector_1")["description"] = "another"
    write(applied / "template.yaml", template)
    fields = flowplan("plan", "--format", "json").json["changes"][0]["fields"]
    assert [field["path"] for field in fields] == [["description"]]


def test_a_secret_that_the_template_no_longer_has_is_a_warning(applied, flowplan):
    template = chat()
    credential = inputs(template, "create_connector_1")["credential"]
    credential["other"] = "${{ openai_key }}"
    write(applied / "template.yaml", template)
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    del credential["other"]
    write(applied / "template.yaml", template)
    before = digests(applied)
    told = flowplan("state", "rekey", "--format", "json")
    assert told.json["without_value"] == ["create_connector_1: credential.other"]
    assert [item["code"] for item in told.json["diagnostics"]] == ["FP471"]
    assert not set(before) & set(digests(applied))
    fields = flowplan("plan", "--format", "json").json["changes"][0]["fields"]
    assert [field["path"] for field in fields] == [["credential", "other"]]


@pytest.mark.parametrize("where", ["parameters", "description"])
def test_a_secret_that_the_cluster_shows_is_compared_again(here, flowplan, where):
    template = chat()
    wanted = inputs(template, "create_connector_1")
    if where == "parameters":
        wanted["parameters"]["token"] = "${{ openai_key }}"
    else:
        wanted["description"] = "known by ${{ openai_key }}"
    write(here / "template.yaml", template)
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    told = flowplan("state", "rekey", "--format", "json").json
    assert told["digests"] == len(digests(here)) == 3
    assert flowplan("plan").out.startswith("No changes.")


def test_the_template_of_another_workflow_is_refused(applied, flowplan):
    write(applied / "template.yaml", chat() | {"name": "other"})
    assert flowplan("state", "rekey", "--format", "json").codes == ["FP406"]


def test_an_unset_param_is_an_error(applied, flowplan, monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    before = (applied / STATE).read_bytes()
    assert flowplan("state", "rekey").code == 1
    assert (applied / STATE).read_bytes() == before
