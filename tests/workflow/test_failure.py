"""What a failure leaves, and how the next apply goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from flowplan.errors import FlowplanError
from flowplan.planner.events import Event
from flowplan.planner.execute import Stop
from flowplan.protocol import Owned
from flowplan.providers.sandbox.adapter import SandboxAdapter
from flowplan.providers.sandbox.faults import Fault
from tests.lab import CHAT, Lab, actions, change_of


def failing_after(monkeypatch: pytest.MonkeyPatch, method: str, part: str) -> None:
    """The next such request is carried out, and its answer is a 500."""
    send, left = SandboxAdapter.send, [1]

    def sending(self: SandboxAdapter, request: requests.PreparedRequest, **kw: Any) -> Any:
        answer = send(self, request, **kw)
        if left[0] and request.method == method and part in str(request.url):
            left[0] = 0
            fault = Fault("error", 500).reply()
            answer.status_code, answer._content = fault.status, fault.encoded()
        return answer

    monkeypatch.setattr(SandboxAdapter, "send", sending)


def branch(lab: Lab, name: str, **model: object) -> None:
    """A second connector → model → deployment beside the first."""
    lab.nodes.extend(
        [
            {
                "id": f"{name}_connector",
                "type": "create_connector",
                "user_inputs": {**CHAT["workflows"]["provision"]["nodes"][0]["user_inputs"]},
            },
            {
                "id": f"{name}_model",
                "type": "register_remote_model",
                "previous_node_inputs": {f"{name}_connector": "connector_id"},
                "user_inputs": {"name": f"{name} model", **model},
            },
            {
                "id": f"{name}_deployment",
                "type": "deploy_model",
                "previous_node_inputs": {f"{name}_model": "model_id"},
            },
        ]
    )


def test_a_failed_branch_skips_what_needs_it_and_the_rest_is_made(lab: Lab) -> None:
    branch(lab, "bad", model_group_id="no-such-group")
    summary = lab.apply()
    assert (summary.state, summary.created, summary.failed, summary.skipped) == ("FAILED", 4, 1, 1)
    told = {(e.type, e.node) for e in lab.events}
    assert ("step_failed", "bad_model") in told
    assert ("step_skipped", "bad_deployment") in told
    assert lab.state.status.state == "FAILED"
    assert "during step bad_model" in str(lab.state.status.error)


def test_the_next_apply_goes_on_from_a_failure(lab: Lab) -> None:
    branch(lab, "bad", model_group_id="no-such-group")
    lab.apply()
    kept = lab.ids()
    del lab.inputs("bad_model")["model_group_id"]
    summary = lab.apply()
    assert (summary.state, summary.created) == ("COMPLETED", 2)
    assert {name: lab.ids()[name] for name in kept} == kept
    assert lab.plan().empty


def test_a_model_registered_but_not_deployed_is_only_deployed_again(lab: Lab) -> None:
    lab.without("deployment")
    del lab.template["flowplan"]
    lab.inputs("model")["deploy"] = True
    lab.options = "deploy=20ms&deploy_fail=chat%20model"
    assert lab.apply().failed == 1
    registered = lab.ids()["model"]
    assert lab.state.resources["model"].status == "pending"
    change = change_of(lab.plan(), "model")
    assert (change.action, change.resource_id) == ("update", registered)
    lab.options = "deploy=20ms"
    assert lab.apply().failed == 0
    assert lab.ids()["model"] == registered
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


def test_a_failed_deployment_is_tried_again_by_the_next_apply(lab: Lab) -> None:
    lab.options = "deploy=20ms&deploy_fail=chat%20model"
    assert lab.apply().failed == 1
    lab.options = "deploy=20ms"
    assert lab.apply().failed == 0
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty


def test_a_replacement_whose_old_one_cannot_be_deleted_keeps_it_as_deposed(lab: Lab) -> None:
    lab.apply()
    old = lab.ids()["connector"]
    body = {"name": "foreign", "function_name": "remote", "connector_id": old}
    foreign = lab.request("POST", "/_plugins/_ml/models/_register", body, safe=True)["model_id"]
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    assert foreign in " ".join(d.summary for d in lab.plan().diagnostics)
    summary = lab.apply()
    assert (summary.replaced, summary.failed) == (1, 1)
    assert [item.resource_id for item in lab.state.resources["connector"].deposed] == [old]
    plan = lab.plan()
    assert [(c.action, c.reason, c.resource_id) for c in plan.pending] == [
        ("delete", "deposed", old)
    ]
    lab.request("DELETE", f"/_plugins/_ml/models/{foreign}")
    summary = lab.apply()
    assert (summary.deleted, summary.failed) == (1, 0)
    assert lab.plan().empty
    lab.destroy()
    assert lab.on_cluster()["connectors"] == []


def test_destroy_names_what_is_left_as_the_seeds_do_and_goes_on_later(lab: Lab) -> None:
    lab.apply()
    connector = lab.ids()["connector"]
    body = {"name": "foreign", "function_name": "remote", "connector_id": connector}
    foreign = lab.request("POST", "/_plugins/_ml/models/_register", body, safe=True)["model_id"]
    summary = lab.destroy()
    assert summary.left == (f"connector_id {connector}",)
    assert lab.state.status.error == (
        f"Failed to deprovision some resources: [connector_id {connector}]."
    )
    lab.request("DELETE", f"/_plugins/_ml/models/{foreign}")
    assert lab.destroy().left == ()
    assert lab.on_cluster()["connectors"] == []


def test_one_wish_to_stop_finishes_what_is_in_flight_and_starts_nothing_more(lab: Lab) -> None:
    stop = Stop()

    def listen(event: Event) -> None:
        if event.type == "step_started":
            stop.request()

    summary = lab.apply(stop=stop, listen=listen)
    assert (summary.interrupted, summary.created, summary.skipped) == (True, 1, 2)
    assert lab.counts() == (1, 0, 0)
    assert lab.apply().state == "COMPLETED"
    assert lab.counts() == (1, 1, 1)


def test_two_wishes_to_stop_leave_a_journal_that_the_next_command_takes_up(lab: Lab) -> None:
    stop = Stop()

    def listen(event: Event) -> None:
        if event.type == "step_started" and event.node == "model":
            stop.request()
            stop.request()

    before = set(threading.enumerate())
    lab.apply(stop=stop, listen=listen)
    for thread in set(threading.enumerate()) - before:
        # A process would end here; in this one the request in flight has to end first.
        thread.join(0.5)
    lab.apply()
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty


@pytest.mark.parametrize("seed", range(6))
def test_lost_answers_make_nothing_twice(lab: Lab, seed: int) -> None:
    lab.options = f"deploy=20ms&lost_rate=0.3&seed={seed}"
    for _ in range(8):
        if lab.apply().state == "COMPLETED":
            break
    lab.options = "deploy=20ms"
    lab.apply()
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty


@pytest.mark.parametrize("seed", range(4))
def test_random_errors_converge_to_the_same_result(lab: Lab, seed: int) -> None:
    lab.options = f"deploy=20ms&error_rate=0.2&lost_rate=0.1&reset_rate=0.1&seed={seed}"
    for _ in range(12):
        try:
            if lab.apply().state == "COMPLETED":
                break
        except FlowplanError:  # the fault may hit the refresh
            continue
    lab.options = "deploy=20ms"
    lab.apply()
    assert lab.counts() == (1, 1, 1)
    assert actions(lab.plan()) == dict.fromkeys(("connector", "model", "deployment"), "no-op")
    lab.destroy()
    assert lab.counts() == (0, 0, 0)


@pytest.mark.parametrize("kind", ["ingest", "search"])
def test_a_pipeline_whose_put_ended_with_a_500_is_ours_all_the_same(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    body = {"processors": []} if kind == "ingest" else {"request_processors": []}
    inputs = {"pipeline_id": "fp-tidy", "configurations": body}
    lab.nodes[:] = [{"id": "tidy", "type": f"create_{kind}_pipeline", "user_inputs": inputs}]
    lab.template["flowplan"], lab.params = {}, {}
    failing_after(monkeypatch, "PUT", f"/_{kind}/pipeline/fp-tidy")
    assert lab.apply().failed == 0
    assert lab.ids() == {"tidy": "fp-tidy"}
    assert lab.plan().empty


def test_an_update_that_ended_with_a_500_is_made_again_even_if_the_wish_was_taken_back(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.without("model", "deployment")
    del lab.template["flowplan"]
    key = lab.params["openai_key"]
    lab.apply()
    lab.params["openai_key"] = "sk-another"
    failing_after(monkeypatch, "PUT", "connectors/")
    assert lab.apply().failed == 1
    lab.params["openai_key"] = key
    # Nobody can read the key back, so the plan must know that the cluster may have the other one.
    change = change_of(lab.plan(), "connector")
    assert (change.action, change.reason) == ("update", "unfinished")
    assert lab.apply().updated == 1
    assert lab.plan().empty


def test_an_update_refused_while_in_use_is_a_replacement_in_the_next_plan(lab: Lab) -> None:
    lab.without("deployment")
    del lab.template["flowplan"]
    lab.apply()
    path = f"/_plugins/_ml/models/{lab.ids()['model']}"
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"

    def listen(event: Event) -> None:
        if event.type == "step_started":
            lab.request("POST", f"{path}/_deploy", safe=True)

    assert lab.apply(listen=listen).failed == 1
    lab.request("POST", f"{path}/_undeploy", safe=True)
    assert change_of(lab.plan(), "connector").action == "replace"
    assert lab.apply().replaced == 1
    assert lab.counts() == (1, 1, 1)
    assert lab.plan().empty


def test_a_secret_that_the_cluster_quotes_is_not_in_the_error(lab: Lab) -> None:
    lab.inputs("connector")["credential"] = {"a": "${{ openai_key }}"}
    lab.inputs("connector")["protocol"] = "${{ openai_key }}"
    lab.apply()
    told = [e.diagnostic for e in lab.events if e.diagnostic]
    assert told
    assert lab.params["openai_key"] not in str(told)
    assert lab.params["openai_key"] not in str(lab.state)


def test_a_step_has_the_time_that_its_node_timeout_gives_it(lab: Lab) -> None:
    lab.options = "deploy=3s"
    lab.node("deployment")["user_inputs"] = {"node_timeout": "200ms"}
    assert lab.apply().failed == 1
    assert "FP330" in str([event.diagnostic for event in lab.events])


def test_a_node_timeout_of_0_is_no_limit(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = lab.registry.schema("deploy_model")
    assert schema is not None
    monkeypatch.setattr(lab.registry.step("deploy_model"), "schema", replace(schema, timeout=0.05))
    lab.options = "deploy=300ms"
    assert lab.apply().failed == 1
    lab.node("deployment")["user_inputs"] = {"node_timeout": "0"}
    assert lab.apply().failed == 0


def test_a_replaced_connector_stays_while_a_model_could_not_be_moved(lab: Lab) -> None:
    lab.apply()
    old = lab.ids()["connector"]
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    lab.inputs("model")["model_group_id"] = "no-such-group"
    summary = lab.apply()
    assert (summary.replaced, summary.failed) == (1, 1)
    assert [item.resource_id for item in lab.state.resources["connector"].deposed] == [old]
    assert lab.counts()[0] == 2
    assert "gpt-3.5-turbo" in str(lab.predict("hello"))
    del lab.inputs("model")["model_group_id"]
    assert lab.apply().failed == 0
    assert lab.counts() == (1, 1, 1)
    assert "gpt-4o" in str(lab.predict("hello"))
    assert lab.plan().empty


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the cluster refuse the next so many searches for models."""

    def refuse(times: int) -> None:
        send = SandboxAdapter.send
        left = [times]

        def refusing(self: SandboxAdapter, request: Any, **kw: Any) -> Any:
            if left[0] and "models/_search" in request.url:
                left[0] -= 1
                request.url = request.url.replace("models/_search", "models/_nowhere")
            return send(self, request, **kw)

        monkeypatch.setattr(SandboxAdapter, "send", refusing)

    return refuse


def test_a_group_that_could_not_be_noted_goes_with_its_model(
    lab: Lab, unread: Callable[[int], None]
) -> None:
    unread(1)
    assert lab.apply().failed == 0
    record = lab.state.resources["model"]
    assert (record.status, record.owned, dict(record.notes)) == (
        "ready", (), {"group_existed": False},
    )  # fmt: skip
    assert lab.destroy().left == ()
    assert lab.counts() == (0, 0, 0)


def test_a_group_that_could_not_be_noted_is_noted_by_the_next_apply(
    lab: Lab, unread: Callable[[int], None]
) -> None:
    unread(1)
    lab.apply()
    assert lab.plan().empty
    lab.apply()
    record = lab.state.resources["model"]
    group = lab.on_cluster()["model_groups"][0]["id"]
    assert (record.owned, dict(record.notes)) == ((Owned("model_group", group),), {})


def test_a_group_that_could_not_be_noted_goes_with_its_replaced_model(
    lab: Lab, unread: Callable[[int], None]
) -> None:
    unread(1)
    lab.apply()
    lab.inputs("model")["access_mode"] = "public"
    lab.inputs("model")["name"] = "another"
    summary = lab.apply()
    assert (summary.replaced, summary.failed) == (2, 0)
    assert lab.counts() == (1, 1, 1)
    assert lab.on_cluster()["model_groups"][0]["name"] == "another"
    lab.destroy()
    assert lab.counts() == (0, 0, 0)
