"""Workflows in a directory: what is kept, what is refused, and what a restart goes on with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import FlowplanError, LockHeld, StateError, Unreachable
from flowplan.http import Connection
from flowplan.http_answers import Answer
from flowplan.http_operation import Request
from flowplan.server.carrying import Carrier, Provisioned
from flowplan.server.documents import Order, Workflow
from flowplan.server.store import Changed, open_store
from flowplan.server.store_directory import DirectoryStore
from tests.server.bench import Bench
from tests.server.templates import KEY, chat

WAIT = "wait_for_completion_timeout=20s"


def code(error: pytest.ExceptionInfo[FlowplanError]) -> str:
    return error.value.diagnostics[0].code


def test_a_document_is_kept_whole(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    made = store.put(Workflow("w1", template={"name": "é"}, order=Order("r", "s", ("books",))))
    store.close()
    again = DirectoryStore(tmp_path)
    assert again.get("w1") == made
    assert made.version == 1
    again.close()


def test_a_document_is_replaced_only_by_who_has_read_it(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    made = store.put(Workflow("w1"))
    store.put(replace(made, error="first"))
    with pytest.raises(Changed):
        store.put(made)
    store.close()


def test_a_second_server_is_kept_out(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    with pytest.raises(LockHeld):
        DirectoryStore(tmp_path)
    store.close()
    DirectoryStore(tmp_path).close()


@pytest.mark.parametrize("text", ["{}", "[", '{"format": 9}', '{"format": 1, "id": "a", "x": 1}'])
def test_a_document_that_is_none_is_named_and_the_directory_let_go(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "workflow.json").write_text(text)
    with pytest.raises(FlowplanError) as caught:
        DirectoryStore(tmp_path)
    assert code(caught) == "FP683"
    (tmp_path / "a" / "workflow.json").unlink()
    DirectoryStore(tmp_path).close()


def test_a_directory_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FlowplanError) as caught:
        DirectoryStore(tmp_path / "file" / "serve")
    assert code(caught) == "FP684"


def test_a_place_that_keeps_no_workflows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FlowplanError) as caught:
        open_store("ftp://example.org", tmp_path, {})
    assert code(caught) == "FP682"


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_a_path_names_the_directory(tmp_path: Path, prefix: str) -> None:
    store = open_store(f"{prefix}{tmp_path / 'named'}", tmp_path / "default", {})
    assert (tmp_path / "named").is_dir()
    assert not (tmp_path / "default").exists()
    store.close()


def test_what_was_promised_is_carried_out_by_the_next_server(tmp_path: Path) -> None:
    with Bench(tmp_path) as first:
        template = chat(credential={"openAI_key": "${{ openai_key }}"})
        workflow = first.create(template)
        found = first.service.kept.find(workflow)
        sealed = first.service.kept.seal.close({"openai_key": KEY})
        promised = replace(found, state="PROVISIONING", start_time=1, order=Order("run", sealed))
        first.service.kept.store.put(promised)
    with Bench(tmp_path) as second:
        second.settle()
        body = second.ask("GET", f"{workflow}/_status?all=true")[1]
        assert body["state"] == "COMPLETED"
        assert body["provision_start_time"] == 1
        kept = json.loads((tmp_path / "serve" / workflow / "workflow.json").read_text())
        assert kept["order"] is None


def test_a_lost_key_is_told_and_the_workflow_can_still_be_deprovisioned(tmp_path: Path) -> None:
    with Bench(tmp_path) as first:
        workflow = first.create(chat(), f"provision=true&{WAIT}")
    (tmp_path / "serve" / "key").unlink()
    with Bench(tmp_path) as second:
        status, body = second.ask("GET", f"{workflow}/_plan")
        assert status == 503
        assert "(FP680)" in body["error"]
        assert second.ask("GET", workflow)[0] == 200
        assert second.ask("POST", f"{workflow}/_deprovision")[0] == 200


def test_a_full_disk_is_told_and_nothing_is_promised(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = bench.create(chat())

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flowplan.server.store_directory.write_file", full)
    status, body = bench.ask("POST", f"{workflow}/_provision")
    assert status == 503
    assert "No space left on device" in body["error"]
    assert bench.ask("GET", f"{workflow}/_status")[1]["state"] == "NOT_STARTED"
    assert bench.service.runs.count == 0


def test_a_deprovision_that_was_cut_off_is_finished_by_the_next_server(tmp_path: Path) -> None:
    with Bench(tmp_path) as first:
        workflow = first.create(chat(), f"provision=true&{WAIT}")
        found = first.service.kept.find(workflow)
        order = Order("run", kind="deprovision")
        first.service.kept.store.put(replace(found, order=order))
        assert first.ask("POST", f"{workflow}/_deprovision")[0] == 409
    with Bench(tmp_path) as second:
        second.settle()
        assert second.ask("GET", f"{workflow}/_status")[1] == {
            "workflow_id": workflow, "state": "NOT_STARTED",
        }  # fmt: skip


def test_what_another_server_has_done_meanwhile_is_not_done_again(bench: Bench) -> None:
    workflow = bench.create(chat(), f"provision=true&{WAIT}")
    bench.ask("POST", f"{workflow}/_deprovision")
    done = Order("old", bench.service.kept.seal.close({}))
    bench.service.provisioning._start(workflow, done, resumed=True).wait(20)
    assert bench.ask("GET", f"{workflow}/_status")[1]["state"] == "NOT_STARTED"


def test_a_run_that_another_server_is_at_is_left_to_it(tmp_path: Path) -> None:
    from flowplan.server import ServeSettings

    settings = ServeSettings(lock_timeout=0)
    with Bench(tmp_path) as first:
        workflow = first.create(chat())
        found = first.service.kept.find(workflow)
        order = Order("run", first.service.kept.seal.close({}))
        first.service.kept.store.put(replace(found, state="PROVISIONING", order=order))
        backend = first.service.kept.store.backend(workflow)
    with backend.lock("provision"), Bench(tmp_path, settings=settings) as second:
        second.settle()
        assert second.ask("GET", f"{workflow}/_status")[1]["state"] == "PROVISIONING"
        assert second.ask("POST", f"{workflow}/_deprovision")[0] == 409


def test_a_restarted_server_waits_for_a_cluster_that_comes_back_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Bench(tmp_path) as first:
        workflow = first.create(chat())
        found = first.service.kept.find(workflow)
        order = Order("run", first.service.kept.seal.close({}))
        first.service.kept.store.put(replace(found, state="PROVISIONING", order=order))
    tries = []
    plain = Carrier.provision

    def later(carrier: Carrier, *rest: Any) -> Provisioned:
        tries.append(1)
        if len(tries) < 3:
            raise Unreachable.of("FP322", "nothing answers")
        return plain(carrier, *rest)

    monkeypatch.setattr(Carrier, "provision", later)
    monkeypatch.setattr("flowplan.server.provisioning._PAUSE", 0.01)
    with Bench(tmp_path) as second:
        second.settle()
        assert second.ask("GET", f"{workflow}/_status")[1]["state"] == "COMPLETED"
    assert len(tries) == 3


def test_the_end_of_a_run_is_written_whatever_else_changed_meanwhile(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, plain, failures = bench.service.kept.store, DirectoryStore.put, list[Exception]()
    failures += [Changed("w"), StateError.of("FP684", "full for a moment")]

    def put(self: DirectoryStore, workflow: Workflow) -> Workflow:
        if workflow.state == "COMPLETED" and failures:
            raise failures.pop()
        return plain(self, workflow)

    monkeypatch.setattr(DirectoryStore, "put", put)
    workflow = bench.create(chat(), f"provision=true&{WAIT}")
    found = store.get(workflow)
    assert found is not None
    assert (found.state, found.order, failures) == ("COMPLETED", None, [])


def test_equal_resources_of_other_workflows_are_not_taken_for_what_a_cut_off_run_made(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Connection.send

    def cut_off(self: Connection, request: Request, timeout: float) -> Answer:
        answer = plain(self, request, timeout)
        if request.path == "/_plugins/_ml/connectors/_create":
            raise RuntimeError("the process ends here")
        return answer

    mine = bench.create(chat("mine"))
    with monkeypatch.context() as patch:
        patch.setattr(Connection, "send", cut_off)
        bench.ask("POST", f"{mine}/_provision?{WAIT}")
    assert len(bench.service.kept.store.backend(mine).load().open) == 1
    for number in range(2):
        bench.create(chat(f"other {number}"), f"provision=true&{WAIT}")
    body = bench.ask("POST", f"{mine}/_provision?{WAIT}")[1]
    assert body["state"] == "COMPLETED", body
    connectors = bench.cluster("POST", "/_plugins/_ml/connectors/_search", "{}")[1]["hits"]["hits"]
    assert len(connectors) == 3
