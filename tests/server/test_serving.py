"""`flowplan serve` as a process: how it begins, what a client meets, how it ends and goes on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flowplan.server.tokens import make_token
from tests.server.cluster import resources
from tests.server.curl import cycle
from tests.server.guarded import basic, guarded
from tests.server.process import ROOT, Served
from tests.server.templates import chat, triples

SLOW = "sandbox:?latency=60ms"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path) as made:
        yield made


def test_it_says_where_it_listens_and_ends_with_0(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", served.url)
        assert served.ask("GET", "/healthz") == (200, {"status": "ok"})
        ready = {"status": "ready", "runs": 0, "store": "ok", "cluster": "ok"}
        assert served.ask("GET", "/readyz") == (200, ready)
        assert served.end() == 0
    assert (tmp_path / "serve.err").read_text() == ""


def test_workflows_persist_over_a_restart(served: Served) -> None:
    created = served.ask("POST", "", chat())[1]["workflow_id"]
    served.ask("POST", f"{created}/_provision?wait_for_completion_timeout=30s")
    before = served.state(created)
    assert served.end() == 0
    served.start()
    assert served.state(created) == before
    assert served.ask("POST", f"{created}/_deprovision")[0] == 200


def test_sigterm_lets_a_run_come_to_its_end(tmp_path: Path) -> None:
    with Served(tmp_path, endpoint=SLOW) as served:
        created = served.ask("POST", "?provision=true", triples(3))[1]["workflow_id"]
        assert served.state(created)["state"] == "PROVISIONING"
        assert served.end() == 0
        served.start()
        assert served.state(created)["state"] == "COMPLETED"


def test_a_run_goes_on_when_its_client_is_gone(served: Served) -> None:
    created = served.ask("POST", "", chat())[1]["workflow_id"]
    path = f"/_plugins/_flow_framework/workflow/{created}/_provision"
    code = (
        "import http.client, sys\n"
        f"c = http.client.HTTPConnection({served.url[7:]!r})\n"
        f"c.request('POST', {path!r} + '?wait_for_completion_timeout=30s')\n"
        "c.sock.close()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
    assert len(served.until(created, "COMPLETED")["resources_created"]) == 3


@pytest.mark.parametrize("moment", [0.0, 0.15, 0.4, 0.8])
def test_a_killed_server_goes_on_where_it_was_and_makes_nothing_twice(
    tmp_path: Path, moment: float
) -> None:
    with Served(tmp_path, endpoint=SLOW) as served:
        query = "?provision=true&openai_key=sk-after-the-kill"
        template = triples(4)
        for node in template["workflows"]["provision"]["nodes"]:
            if node["type"] == "create_connector":
                node["user_inputs"]["credential"] = {"openAI_key": "${{ openai_key }}"}
        created = served.ask("POST", query, template)[1]["workflow_id"]
        threading.Event().wait(moment)
        served.kill()
        served.start()
        body = served.until(created, "COMPLETED", "FAILED")
        assert body["state"] == "COMPLETED", body
        assert len(body["resources_created"]) == 12
        assert served.end() == 0
    there = resources(tmp_path / ".flowplan/sandbox.db")
    assert {kind: len(ids) for kind, ids in there.items()} == {
        "connectors": 4, "models": 4, "model_groups": 4,
    }  # fmt: skip


def test_two_servers_do_not_share_a_directory(served: Served) -> None:
    command = [sys.executable, "-m", "flowplan", "serve", "--port", "0", "--format", "json"]
    environ = {**served.environ}
    done = subprocess.run(
        [*command, "--endpoint", "sandbox:"], cwd=served.directory, env=environ, check=False,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 4
    assert json.loads(done.stdout)["diagnostics"][0]["code"] == "FP501"


def test_the_official_client_runs_the_whole_cycle(served: Served) -> None:
    opensearchpy = pytest.importorskip("opensearchpy")
    host = served.url.removeprefix("http://")
    client = opensearchpy.OpenSearch([host], timeout=30)
    flow = client.plugins.flow_framework
    try:
        ten_methods(flow)
    finally:
        client.close()


def ten_methods(flow: Any, change: Callable[[Any], Any] = lambda template: template) -> None:
    """Every method of the client's namespace; `change` makes a template fit the cluster."""
    created = flow.create(body=change(chat()))["workflow_id"]
    assert flow.get(workflow_id=created)["name"] == "chat"
    updated = flow.update(workflow_id=created, body=change(chat("renamed")))
    assert updated == {"workflow_id": created}
    params = {"wait_for_completion_timeout": "30s"}
    assert flow.provision(workflow_id=created, params=params)["state"] == "COMPLETED"
    status = flow.get_status(workflow_id=created, params={"all": "true"})
    assert status["provisioning_progress"] == "DONE"
    assert set(flow.get_steps(params={"workflow_step": "noop"})) == {"noop"}
    query = {"query": {"match_all": {}}}
    assert flow.search(body=query)["hits"]["total"]["value"] == 1
    assert flow.search_state(body=query)["hits"]["hits"][0]["_source"]["state"] == "COMPLETED"
    assert flow.deprovision(workflow_id=created) == {"workflow_id": created}
    assert flow.delete(workflow_id=created)["result"] == "deleted"


def test_the_lines_of_the_documentation_work(served: Served) -> None:
    cycle(served)


def test_the_packages_that_it_needs_are_named(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['flask'] = None\n"
        "from flowplan.__main__ import main; sys.exit(main(['serve', '--endpoint', 'sandbox:']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": ""}, timeout=60,
    )  # fmt: skip
    assert done.returncode == 64
    assert "error[FP685]: serve needs the package flask" in done.stderr
    assert "pip install 'flowplan[server]'" in done.stderr


def test_with_pass_through_a_killed_run_goes_on_as_who_began_it(tmp_path: Path) -> None:
    with (
        guarded(tmp_path, options="deploy=20ms&latency=40ms") as (url, guard),
        Served(tmp_path, "--pass-through", "--public-metrics", "-q", endpoint=url) as served,
    ):
        served.session.headers.update(basic("ada"))
        created = served.ask("POST", "?provision=true", triples(3))[1]["workflow_id"]
        threading.Event().wait(0.3)
        served.kill()
        guard.heard.clear()
        served.session.headers.pop("Authorization")
        served.start()
        assert served.ask("GET", "/readyz")[0] == 200
        assert served.ask("GET", f"{created}/_status")[0] == 401
        served.session.headers.update(basic("ada"))
        assert len(served.until(created, "COMPLETED", "FAILED")["resources_created"]) == 9
        assert served.end() == 0
    assert {user for user, path in guard.heard if path != "/"} == {"ada"}
    assert (tmp_path / "serve.err").read_text() == ""


def test_an_open_address_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flowplan", "serve", "--host", "::", "--endpoint", "sandbox:"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 64
    assert "error[FP686]" in done.stderr
    assert not (tmp_path / ".flowplan/serve").exists()


def test_the_address_and_the_port_that_can_not_be_had_are_named(served: Served) -> None:
    port = served.url.rpartition(":")[2]
    (served.directory / "tokens").write_text(make_token("ci", "write")[1])
    command = [sys.executable, "-m", "flowplan", "serve", "--endpoint", "sandbox:"]
    for more in (["--port", port], ["--port", "0", "--host", "127.0.0.1.invalid"]):
        done = subprocess.run(
            [*command, "--store", "elsewhere", "--tokens", "tokens", *more],
            cwd=served.directory, capture_output=True, text=True, check=False, timeout=60,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
        )  # fmt: skip
        assert done.returncode == 64, done.stderr
        assert "error[FP613]" in done.stderr
