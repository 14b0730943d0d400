"""Many threads at once, and a process killed in the middle of its writes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import parse_options

ML = "/_plugins/_ml"


def together(*jobs: Any) -> None:
    errors = []

    def run(job: Any) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def make(caller: Any, name: Any) -> None:
    for number in range(12):
        mine = caller.connector()
        model = caller.model(mine, name=f"{name}-{number}")
        caller.ok("POST", f"{ML}/models/{model}/_deploy")
        caller.predict(model)
        caller.ok("POST", f"{ML}/models/{model}/_undeploy")
        caller.ok("DELETE", f"{ML}/models/{model}")
        caller.ok("DELETE", f"{ML}/connectors/{mine}")


def test_a_connector_is_swapped_under_traffic_and_nothing_fails(open_api: Any) -> None:
    api = open_api("deploy=5ms", clock=time.time)
    other = open_api("deploy=5ms", clock=time.time)
    connectors = [api.connector()]
    shared = api.model(connectors[0], name="shared")
    api.ok("POST", f"{ML}/models/{shared}/_deploy")
    done = threading.Event()

    def predict(caller: Any) -> None:
        while not done.is_set():
            assert caller.predict(shared)["choices"]

    def swap() -> None:
        time.sleep(0.02)  # its deployment is done then
        try:
            for number in range(12):
                new = api.connector(
                    parameters={"endpoint": "api.openai.com", "model": f"m{number}"}
                )
                api.ok("PUT", f"{ML}/models/{shared}", {"connector_id": new})
                # Whoever predicts after the answer is served by the new connector.
                assert api.predict(shared)["model"] == f"m{number}"
                api.ok("DELETE", f"{ML}/connectors/{connectors.pop()}")
                connectors.append(new)
        finally:
            done.set()

    together(
        swap,
        *(lambda caller=caller: predict(caller) for caller in (api, api, other, other)),
        *(
            lambda caller=caller, name=name: make(caller, name)
            for caller, name in ((api, "a"), (other, "b"), (other, "c"))
        ),
    )
    assert len(api.search("models", {"match_all": {}})) == 1
    assert api.get_model(shared)["model_state"] == "DEPLOYED"


def test_registrations_at_once_count_in_one_group(open_api: Any) -> None:
    api = open_api()
    connector = api.connector()
    together(*(lambda: api.model(connector, name="same") for _ in range(8)))
    versions = [hit["_source"]["model_version"] for hit in api.search("models", {"match_all": {}})]
    assert sorted(versions, key=int) == [str(number) for number in range(1, 9)]
    assert len(api.search("model_groups", {"match_all": {}})) == 1


WRITER = """
import sys, threading
from flowplan.providers.sandbox.app import SandboxApp
from flowplan.providers.sandbox.options import parse_options
from flowplan.providers.sandbox.wire import Request
app = SandboxApp(parse_options(sys.argv[1]))
def write(name):
    number = 0
    while True:
        number += 1
        body = b'{"name": "%s-%d"}' % (name.encode(), number)
        reply = app.handle(Request("POST", "/_plugins/_ml/model_groups/_register", {}, body))
        sys.stdout.write(reply.body["model_group_id"] + "\\n"); sys.stdout.flush()
for name in ("a", "b"):
    threading.Thread(target=write, args=(name,)).start()
"""


@pytest.mark.parametrize("lines", [1, 25, 60])
def test_a_killed_process_leaves_a_valid_database(
    open_api: Any, tmp_path: Path, lines: Any
) -> None:
    command = [sys.executable, "-c", WRITER, f"sandbox:{tmp_path}/sandbox.db"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline().strip() for _ in range(lines)]
        process.kill()
    api = open_api()
    sql = sqlite3.connect(tmp_path / "sandbox.db")
    assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    sql.close()
    # What was answered is there, and the next process goes on.
    found = api.search("model_groups", {"ids": {"values": answered}}, size=1000)
    assert {hit["_id"] for hit in found} == set(answered)
    api.connector()
    assert len(api.ok("GET", "/_tasks?group_by=none")["tasks"]) == 2


def test_a_crash_can_be_injected(tmp_path: Path) -> None:
    url = f"sandbox:{tmp_path}/sandbox.db"
    command = [sys.executable, "-c", WRITER, f"{url}?crash_rate=0.05&seed=1"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == -9
    app = SandboxApp(parse_options(url))
    with app._store.reading() as tx:
        # One more than was answered when a crash came after its effect, one for each thread.
        assert 0 <= len(list(tx.find("model_group"))) - len(done.stdout.split()) <= 2
    app.close()


def test_two_processes_share_one_sandbox(open_api: Any, tmp_path: Path) -> None:
    api = open_api(clock=time.time)
    command = [sys.executable, "-c", WRITER, f"sandbox:{tmp_path}/sandbox.db"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        mine = [api.connector() for _ in range(30)]
        process.kill()
    assert len(set(mine)) == 30
    assert len(api.search("connectors", {"match_all": {}}, size=100)) == 30
