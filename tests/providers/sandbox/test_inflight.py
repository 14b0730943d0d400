"""What `_tasks` shows: flowplan believes from it that a request was not executed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from flowplan.providers.sandbox.inflight import executing, executing_now

LIST = "/_tasks?detailed&group_by=none"


def opaque(answer: Any) -> Any:
    return [task["headers"].get("X-Opaque-Id") for task in answer["tasks"]]


def test_the_listing_itself_is_a_task_with_its_start_time(api: Any) -> None:
    status, answer = api.send("GET", LIST, opaque_id="me")
    assert status == 200
    parent, child = answer["tasks"]
    assert parent["action"] == "cluster:monitor/tasks/lists"
    assert child["parent_task_id"] == f"{parent['node']}:{parent['id']}"
    assert parent["headers"] == {"X-Opaque-Id": "me"}
    assert parent["start_time_in_millis"] == 1_800_000_000_000
    assert parent["description"] == ""


def test_a_request_is_shown_while_it_is_executed(open_api: Any) -> None:
    entered, leave = threading.Event(), threading.Event()

    def sleep(_seconds: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            entered.set()
            leave.wait(10)

    api = open_api("latency=1ms", sleep=sleep)
    other = open_api()  # another application on the same file, as another process would be
    thread = threading.Thread(target=api.connector)
    sent = threading.Thread(
        target=api.send, args=("POST", "/_plugins/_ml/models/_register", {}, "intent-1")
    )
    for worker in (thread, sent):
        entered.clear()
        worker.start()
        assert entered.wait(10)
    answer = other.ok("GET", LIST)
    actions = [task["action"] for task in answer["tasks"]]
    assert actions[:2] == [
        "cluster:admin/opensearch/ml/create_connector",
        "cluster:admin/opensearch/ml/register_model",
    ]
    assert opaque(answer)[:2] == [None, "intent-1"]
    assert answer["tasks"][0].keys() >= {"node", "id", "action", "start_time_in_millis", "headers"}
    leave.set()
    thread.join()
    sent.join()
    assert len(other.ok("GET", LIST)["tasks"]) == 2


def test_a_read_is_shown_only_when_it_carries_an_id(open_api: Any) -> None:
    seen: list[Any] = []
    api: Any = open_api(
        "latency=1ms", sleep=lambda _seconds: seen.append(executing_now(api.app._node))
    )
    api.send("GET", "/")
    api.send("GET", "/", opaque_id="reading")
    assert seen[0] == []
    there, back = seen[2:]
    assert [task.opaque_id for task in there] == ["reading"]
    assert back == []


def test_a_request_that_fails_leaves_nothing(api: Any) -> None:
    api.send("POST", "/_plugins/_ml/models/_register", b"{", "intent")
    assert executing_now(api.app._node) == []


def test_what_a_killed_process_left_is_dropped(api: Any, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from flowplan.providers.sandbox.app import SandboxApp\n"
        "from flowplan.providers.sandbox.inflight import executing\n"
        "from flowplan.providers.sandbox.options import SandboxOptions\n"
        "app = SandboxApp(SandboxOptions(path=Path(sys.argv[1])))\n"
        "with executing(app._node, 'a', 'dead'): print('in', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "sandbox.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        assert "dead" in opaque(api.ok("GET", LIST))
        process.kill()
        process.wait()
    assert "dead" not in opaque(api.ok("GET", LIST))
    with api.app._store.reading() as tx:
        assert tx.sql.execute("SELECT count(*) FROM in_flight").fetchone() == (0,)


def test_a_pid_that_another_process_has_now_is_not_believed(api: Any) -> None:
    with executing(api.app._node, "a", "old"):
        with api.app._store.writing() as tx:
            tx.sql.execute("UPDATE in_flight SET born = 'earlier' WHERE pid = ?", (os.getpid(),))
        assert executing_now(api.app._node) == []


def test_tasks_are_grouped_and_filtered_as_asked(api: Any) -> None:
    node = api.app._node.id
    by_parent = api.ok("GET", "/_tasks?group_by=parents")["tasks"]
    (parent,) = by_parent.values()
    assert parent["children"][0]["action"] == "cluster:monitor/tasks/lists[n]"
    by_node = api.ok("GET", "/_tasks")["nodes"][node]["tasks"]
    assert len(by_node) == 2
    assert api.ok("GET", "/_tasks?group_by=none&actions=*ml*") == {"tasks": []}


def test_times_are_those_of_the_server(open_api: Any) -> None:
    before = int(time.time() * 1000)
    api = open_api(clock=time.time)
    started = api.ok("GET", LIST)["tasks"][0]["start_time_in_millis"]
    assert before <= started <= int(time.time() * 1000)
