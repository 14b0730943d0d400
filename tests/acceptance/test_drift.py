"""`drift` and `--refresh-only` through the command line."""

from __future__ import annotations

import pytest

from flowplan.http import open_connection
from flowplan.providers.sandbox.adapter import BASE_URL, SandboxAdapter, open_sandbox
from tests.acceptance.chat import chat, write

MODELS = "/_plugins/_ml/models"


@pytest.fixture
def by_hand(here):
    """by_hand(method, path, body): a request of somebody else to the sandbox beside the template."""

    def send(method, path, body=None, **settings):
        adapter = open_sandbox("sandbox:", default_path=here / ".flowplan" / "sandbox.db")
        connection = open_connection(BASE_URL, mounts={BASE_URL: lambda: adapter}, environ={})
        return connection.operation().request(method, path, body=body, **settings).body

    return send


@pytest.fixture
def ids(flowplan, here):
    write(here / "template.yaml", chat())
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    listed = flowplan("status", "--format", "json").json["resources_created"]
    return {item["workflow_step_id"]: item["resource_id"] for item in listed}


@pytest.fixture
def drifted(by_hand, ids):
    by_hand("PUT", f"{MODELS}/{ids['register_model_2']}", {"description": "changed by hand"})


@pytest.fixture
def gone(by_hand, ids):
    """The model is deleted, and with it its deployment; its group stays."""
    model = ids["register_model_2"]
    by_hand("POST", f"{MODELS}/{model}/_undeploy", {}, safe=True)
    by_hand("DELETE", f"{MODELS}/{model}")


@pytest.fixture
def requests_sent(monkeypatch):
    """Method and path of every request to the sandbox, from now on."""
    sent = []
    send = SandboxAdapter.send

    def watching(self, request, **settings):
        sent.append((request.method, request.path_url))
        return send(self, request, **settings)

    monkeypatch.setattr(SandboxAdapter, "send", watching)
    return sent


def writes(sent):
    return [
        one for one in sent if one[0] != "GET" and not one[1].partition("?")[0].endswith("_search")
    ]


# ---- drift ----------------------------------------------------------------------------------


def test_without_drift_it_is_one_line_and_exit_0(flowplan, ids):
    told = flowplan("drift", "--detailed-exitcode")
    assert told.code == 0
    assert told.out == "No drift. 3 resources are as applied (checked in 4 requests).\n"


def test_without_drift_the_document_is_empty(flowplan, ids, conforms):
    document = conforms(flowplan("drift", "--format", "json").json, "drift")
    assert (document["drift"], document["summary"]) == ([], {"drift": 0})


def test_what_changed_outside_has_a_line_a_field(flowplan, drifted):
    told = flowplan("drift")
    assert told.code == 0
    assert '  register_model_2  description "test model" → "changed by hand"\n' in told.out
    assert "1 of 3 resources changed outside flowplan (checked in 4 requests).\n" in told.out
    assert told.out.endswith(
        "Next: flowplan plan, or to accept it: flowplan apply --refresh-only\n"
    )


def test_drift_exits_2_where_that_is_asked_for(flowplan, drifted, conforms):
    told = flowplan("drift", "--detailed-exitcode", "--format", "json")
    assert told.code == 2
    (found,) = conforms(told.json, "drift")["drift"]
    (field,) = found["fields"]
    assert (found["node"], found["gone"]) == ("register_model_2", False)
    assert (field["path"], field["before"], field["after"]) == (
        ["description"], "test model", "changed by hand",
    )  # fmt: skip


def test_what_is_gone_is_drift(flowplan, gone):
    told = flowplan("drift", "--detailed-exitcode")
    assert told.code == 2
    assert "  register_model_2  deleted on the cluster\n" in told.out
    assert "  deploy_model_3    deleted on the cluster\n" in told.out


def test_it_needs_no_template_and_no_params(flowplan, drifted, here, monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    assert flowplan("drift", "--detailed-exitcode").code == 2
    (here / "template.yaml").unlink()
    told = flowplan("drift", "--state", "template.state.json", "--detailed-exitcode")
    assert told.code == 2
    assert told.out.endswith(
        "Next: flowplan plan --state template.state.json, or to accept it: "
        "flowplan apply --refresh-only --state template.state.json\n"
    )


def test_it_takes_no_lock_and_writes_nothing(flowplan, drifted, here, requests_sent):
    before = {path.name: path.read_bytes() for path in here.glob("template.*")}
    assert flowplan("drift").code == 0
    assert {path.name: path.read_bytes() for path in here.glob("template.*")} == before
    assert not writes(requests_sent)


def test_it_can_be_about_some_nodes_only(flowplan, drifted):
    told = flowplan("drift", "--detailed-exitcode", "--exclude", "register_model_2")
    assert (told.code, told.out) == (
        0, "No drift. 1 resource is as applied (checked in 3 requests).\n",
    )  # fmt: skip
    told = flowplan("drift", "--target", "register_model_2")
    assert "This is about 2 of 3 nodes only: --target register_model_2.\n1 of 2" in told.out


def test_a_workflow_that_was_never_applied_has_none(flowplan, project):
    told = flowplan("drift", "--detailed-exitcode")
    assert (told.code, told.out) == (0, "No drift. Nothing is recorded that could be looked at.\n")


def test_a_cluster_that_does_not_answer_is_told_and_exits_1(flowplan, ids):
    told = flowplan("drift", "--endpoint", "http://127.0.0.1:9", "--detailed-exitcode")
    assert told.code == 1
    assert "error[FP322]" in told.err


# ---- plan --refresh-only --------------------------------------------------------------------


def test_a_refresh_only_plan_has_drift_and_nothing_else(flowplan, drifted, conforms):
    told = flowplan("plan", "--refresh-only", "--format", "json", "--detailed-exitcode")
    assert told.code == 2
    plan = conforms(told.json, "plan")
    assert (plan["mode"], plan["changes"], plan["summary"]) == ("refresh-only", [], {"drift": 1})
    assert [item["node"] for item in plan["drift"]] == ["register_model_2"]
    assert plan["outputs"] == {}


def test_a_refresh_only_plan_says_what_would_be_done(flowplan, drifted):
    told = flowplan("plan", "--refresh-only")
    assert told.out.endswith(
        '  register_model_2  description "test model" → "changed by hand"\n\n'
        "Plan: 1 drifted, to be taken into the state.\n"
        "Next: flowplan apply --refresh-only\n"
    )


def test_a_refresh_only_plan_without_drift_is_one_line(flowplan, ids):
    told = flowplan("plan", "--refresh-only", "--detailed-exitcode")
    assert (told.code, told.out) == (0, "No changes. The cluster is as it was recorded.\n")


# ---- apply --refresh-only -------------------------------------------------------------------


def test_accepting_drift_writes_the_state_and_nothing_on_the_cluster(
    flowplan, drifted, requests_sent
):
    told = flowplan("apply", "--refresh-only", "--auto-approve")
    assert told.code == 0
    assert told.out.endswith(
        "Accepted: what changed on 1 resource is in the state now. State serial 2.\n"
    )
    assert not writes(requests_sent)
    assert flowplan("drift", "--detailed-exitcode").code == 0


def test_the_next_plan_shows_what_the_template_would_change_back(flowplan, drifted):
    flowplan("apply", "--refresh-only", "--auto-approve")
    changes = flowplan("plan", "--format", "json").json["changes"]
    (change,) = [item for item in changes if item["action"] != "no-op"]
    assert (change["node"], change["action"], change["reason"]) == (
        "register_model_2", "update", "changed",
    )  # fmt: skip
    assert [(f["before"], f["after"]) for f in change["fields"]] == [
        ("changed by hand", "test model")
    ]
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_without_drift_nothing_is_written(flowplan, ids, here):
    before = (here / "template.state.json").read_bytes()
    told = flowplan("apply", "--refresh-only", "--auto-approve")
    assert (told.code, told.out) == (0, "No changes. The cluster is as it was recorded.\n")
    assert (here / "template.state.json").read_bytes() == before


def test_accepting_drift_has_to_be_approved(flowplan, drifted, here):
    before = (here / "template.state.json").read_bytes()
    told = flowplan("apply", "--refresh-only")
    assert told.code == 1
    assert "error[FP630]" in told.err
    assert (here / "template.state.json").read_bytes() == before


def test_what_is_gone_is_dropped_and_made_again_by_the_next_apply(flowplan, gone):
    told = flowplan("apply", "--refresh-only", "--auto-approve")
    assert told.code == 0
    assert "warning[FP268]: register_model_2: the model group" in told.err
    assert flowplan("state", "list").out.split() == ["create_connector_1"]
    assert flowplan("drift", "--detailed-exitcode").code == 0
    plan = flowplan("plan", "--format", "json").json
    assert (plan["summary"]["create"], plan["drift"]) == (2, [])


def test_a_script_reads_how_much_was_accepted(flowplan, drifted, conforms):
    told = flowplan("apply", "--refresh-only", "--auto-approve", "--format", "json")
    first, last = told.lines
    conforms(first, "event")
    conforms(last, "event")
    assert (first["type"], first["plan"]["mode"]) == ("plan", "refresh-only")
    assert (last["accepted"], last["updated"], last["state"]) == (1, 0, "COMPLETED")


def test_a_saved_refresh_only_plan_is_carried_out_once(flowplan, drifted):
    assert flowplan("plan", "--refresh-only", "--out", "drift.plan").code == 0
    assert flowplan("apply", "--plan", "drift.plan", "-q").code == 0
    assert flowplan("drift", "--detailed-exitcode").code == 0
    assert flowplan("apply", "--plan", "drift.plan", "-q").code == 5


def test_a_saved_refresh_only_plan_is_refused_once_the_cluster_moved_on(
    flowplan, drifted, by_hand, ids, here
):
    assert flowplan("plan", "--refresh-only", "--out", "drift.plan").code == 0
    by_hand("PUT", f"{MODELS}/{ids['register_model_2']}", {"description": "once more"})
    before = (here / "template.state.json").read_bytes()
    told = flowplan("apply", "--plan", "drift.plan", "-q")
    assert told.code == 5
    assert "error[FP266]" in told.err
    assert (here / "template.state.json").read_bytes() == before


def test_the_secret_stays_sealed(flowplan, ids, by_hand, here):
    by_hand("POST", f"{MODELS}/{ids['register_model_2']}/_undeploy", {}, safe=True)
    connector = f"/_plugins/_ml/connectors/{ids['create_connector_1']}"
    by_hand("PUT", connector, {"description": "by hand"})
    record = flowplan("state", "show", "create_connector_1", "--format", "json").json
    assert flowplan("apply", "--refresh-only", "--auto-approve", "-q").code == 0
    after = flowplan("state", "show", "create_connector_1", "--format", "json").json
    assert after["inputs"]["description"] == "by hand"
    assert after["inputs"]["credential"] == record["inputs"]["credential"]


@pytest.mark.parametrize(
    "flags",
    [
        ("plan", "--refresh-only", "--destroy"),
        ("plan", "--refresh-only", "--no-refresh"),
        ("plan", "--refresh-only", "--replace", "x"),
        ("plan", "--replace", "x", "--destroy"),
        ("apply", "--refresh-only", "--plan", "x.plan"),
        ("apply", "--target", "x", "--plan", "x.plan"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(flowplan, project, flags):
    told = flowplan(*flags)
    assert told.code == 64
    assert "error[FP269]" in told.err
