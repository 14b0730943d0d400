"""With pass-through callers are users of the cluster, and each has workflows of their own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowplan.errors import FlowplanError
from flowplan.server import ServeSettings
from flowplan.server.accounts import Accounts, see_passable
from tests.server.bench import Bench
from tests.server.guarded import USERS, Guard, basic, guarded
from tests.server.templates import chat

WAIT = "wait_for_completion_timeout=30s"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, Guard]]:
    with guarded(tmp_path) as made:
        yield made


@pytest.fixture
def bench(tmp_path: Path, cluster: tuple[str, Guard]) -> Iterator[Bench]:
    with Bench(tmp_path / "serve", endpoint=cluster[0], access=Accounts) as made:
        yield made


def test_who_the_cluster_does_not_know_is_not_let_in(bench: Bench) -> None:
    answer = bench.client.get("/readyz", headers=basic("ada", "wrong"))
    assert answer.status_code == 401
    assert answer.json == {"error": "The cluster does not know this user or password."}
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="flowplan", Bearer realm="flowplan"'


@pytest.mark.parametrize("shown", [None, "Basic", "Basic ???", "Bearer", "Digest a", "Bearer a b"])
def test_what_is_no_sign_in_is_not_passed_on(
    bench: Bench, cluster: tuple[str, Guard], shown: str | None
) -> None:
    head = {} if shown is None else {"Authorization": shown}
    assert bench.ask("GET", "/readyz", headers=head)[0] == 401
    assert cluster[1].heard == []


def test_health_is_told_to_anybody(bench: Bench) -> None:
    assert bench.ask("GET", "/healthz") == (200, {"status": "ok"})


def test_a_run_asks_the_cluster_as_who_sent_it(bench: Bench, cluster: tuple[str, Guard]) -> None:
    head = basic("ada")
    made = bench.ask("POST", f"?provision=true&{WAIT}", chat(), headers=head)[1]
    assert made["state"] == "COMPLETED", made
    assert (
        bench.ask("GET", f"{made['workflow_id']}/_status?all=true", headers=head)[1]["user"]
        == "ada"
    )
    for path in ("_plan", "_drift"):
        assert bench.ask("GET", f"{made['workflow_id']}/{path}", headers=head)[0] == 200
    assert bench.ask("POST", f"{made['workflow_id']}/_deprovision", headers=head)[0] == 200
    assert {user for user, _ in cluster[1].heard} == {"ada"}


def test_a_bearer_token_of_the_cluster_is_passed_on(bench: Bench) -> None:
    head = {"Authorization": "Bearer jwt-of-ada"}
    made = bench.ask("POST", f"?provision=true&{WAIT}", chat(), headers=head)[1]
    assert made["state"] == "COMPLETED", made
    assert bench.ask("GET", made["workflow_id"], headers=basic("ada"))[0] == 200


def test_another_user_does_not_get_at_a_workflow(bench: Bench) -> None:
    made = bench.ask("POST", "", chat(), headers=basic("ada"))[1]["workflow_id"]
    head = basic("bob")
    for method, path in (
        ("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/_status"), ("GET", "/_plan"),
        ("GET", "/_drift"), ("POST", "/_provision"), ("POST", "/_deprovision"),
    ):  # fmt: skip
        assert bench.ask(method, made + path, chat(), headers=head) == (
            403, {"error": f"User does not have permissions to access workflow: {made}"},
        )  # fmt: skip
    for path in ("_search", "state/_search"):
        assert bench.ask("POST", path, headers=head)[1]["hits"]["total"]["value"] == 0
        assert bench.ask("POST", path, headers=basic("ada"))[1]["hits"]["total"]["value"] == 1


def test_an_administrator_of_the_cluster_sees_all_and_takes_nothing_over(bench: Bench) -> None:
    made = bench.ask("POST", "", chat(), headers=basic("ada"))[1]["workflow_id"]
    head = basic("root")
    assert bench.ask("POST", f"{made}/_provision?{WAIT}", headers=head)[1]["state"] == "COMPLETED"
    assert bench.ask("GET", f"{made}/_status?all=true", headers=head)[1]["user"] == "root"
    assert bench.ask("GET", made, headers=basic("ada"))[0] == 200
    assert bench.ask("GET", made, headers=basic("bob"))[0] == 403


def test_a_resumed_run_has_the_credentials_of_who_began_it(
    tmp_path: Path, cluster: tuple[str, Guard]
) -> None:
    home = tmp_path / "again"
    settings = ServeSettings(drain=0.0)
    with Bench(home, endpoint=cluster[0], access=Accounts, settings=settings) as bench:
        held = threading.Event()
        bench.service.runs._pool.submit(held.wait, 0.3)
        bench.service.runs._stopped = True
        made = bench.ask("POST", "?provision=true", chat(), headers=basic("ada"))[1]["workflow_id"]
        held.set()
    kept = (home / "serve" / made / "workflow.json").read_text()
    assert json.loads(kept)["order"]["account"]
    assert USERS["ada"] not in kept
    assert basic("ada")["Authorization"].split()[1] not in kept
    cluster[1].heard.clear()
    with Bench(home, endpoint=cluster[0], access=Accounts) as bench:
        bench.settle()
        body = bench.ask("GET", f"{made}/_status", headers=basic("ada"))[1]
        assert body["state"] == "COMPLETED", body
    assert {user for user, _ in cluster[1].heard} == {"ada"}


def test_credentials_that_are_gone_by_then_fail_the_run_and_say_so(
    tmp_path: Path, bench: Bench, cluster: tuple[str, Guard]
) -> None:
    head = basic("ada")
    made = bench.ask("POST", "", chat(), headers=head)[1]["workflow_id"]
    cluster[1].users["ada"] = "changed"
    # Known for some seconds more; the cluster itself is asked by the run.
    body = bench.ask("POST", f"{made}/_provision?{WAIT}", headers=head)[1]
    assert body["state"] == "FAILED"
    assert "401" in body["error"]
    assert USERS["ada"] not in body["error"]


def test_the_cluster_is_not_asked_who_somebody_is_for_each_request(
    bench: Bench, cluster: tuple[str, Guard]
) -> None:
    for _ in range(5):
        assert bench.ask("POST", "_search", headers=basic("ada"))[0] == 200
    assert len(cluster[1].heard) == 1


def test_behind_a_proxy_that_checks_passwords_the_name_is_the_one_that_was_let_in(
    tmp_path: Path,
) -> None:
    with (
        guarded(tmp_path, plugin=False) as (url, _),
        Bench(tmp_path / "serve", endpoint=url, access=Accounts) as bench,
    ):
        made = bench.ask("POST", "", chat(), headers=basic("root"))[1]["workflow_id"]
        assert bench.ask("GET", made, headers=basic("root"))[0] == 200
        assert bench.ask("GET", made, headers=basic("ada"))[0] == 403
        assert bench.ask("GET", made, headers=basic("root", "wrong"))[0] == 401
        token = {"Authorization": "Bearer jwt-of-ada"}
        made = bench.ask("POST", "", chat(), headers=token)[1]["workflow_id"]
        name = bench.ask("GET", f"{made}/_status?all=true", headers=token)[1]["user"]
        assert name.startswith("token-")
        assert "jwt" not in name


def test_a_cluster_that_lets_everybody_in_lets_nobody_in_here(tmp_path: Path) -> None:
    with (
        guarded(tmp_path, plugin=False, check=False) as (url, _),
        Bench(tmp_path / "serve", endpoint=url, access=Accounts) as bench,
    ):
        status, body = bench.ask("POST", "_search", headers=basic("ada"))
        assert status == 403
        assert "--tokens" in body["error"]


def test_a_cluster_that_is_away_is_a_503_and_not_a_401(tmp_path: Path) -> None:
    with Bench(tmp_path, endpoint="http://127.0.0.1:9", access=Accounts) as bench:
        status, body = bench.ask("POST", "_search", headers=basic("ada"))
        assert (status, "FP322" in body["error"]) == (503, True)


@pytest.mark.parametrize(
    ("url", "environ"),
    [
        ("sandbox:", {}),
        ("http://user:pw@127.0.0.1:9", {}),
        ("http://127.0.0.1:9", {"FLOWPLAN_TOKEN": "t"}),
        ("http://127.0.0.1:9", {"FLOWPLAN_USERNAME": "u", "FLOWPLAN_PASSWORD": "p"}),
    ],
)
def test_pass_through_beside_other_credentials_is_refused(
    url: str, environ: dict[str, str]
) -> None:
    with pytest.raises(FlowplanError, match="FP688"):
        see_passable(url, environ)
