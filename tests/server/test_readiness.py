"""Ready is who can write to the store and reach the cluster; it is found out once a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowplan.server import readiness
from flowplan.server.accounts import Accounts
from tests.server.bench import Bench
from tests.server.guarded import basic, guarded


def test_a_server_that_can_work_is_ready(bench: Bench) -> None:
    assert bench.ask("GET", "/readyz") == (
        200, {"status": "ready", "runs": 0, "store": "ok", "cluster": "ok"},
    )  # fmt: skip


def test_a_cluster_that_is_away_makes_it_unready_but_not_unhealthy(tmp_path: Path) -> None:
    with Bench(tmp_path, endpoint="http://127.0.0.1:9") as bench:
        status, body = bench.ask("GET", "/readyz")
        assert (status, body["status"], body["store"]) == (503, "unready", "ok")
        assert body["cluster"] == "http://127.0.0.1:9 can't be reached"
        assert bench.ask("GET", "/healthz")[0] == 200


def test_a_cluster_that_does_not_let_the_server_in_makes_it_unready(tmp_path: Path) -> None:
    with (
        guarded(tmp_path) as (url, _),
        Bench(tmp_path / "serve", endpoint=url) as bench,
    ):
        status, body = bench.ask("GET", "/readyz")
        assert (status, body["store"]) == (503, "ok")
        assert "401" in body["cluster"]


def test_with_pass_through_the_cluster_need_not_let_the_server_in(tmp_path: Path) -> None:
    with (
        guarded(tmp_path) as (url, _),
        Bench(tmp_path / "serve", endpoint=url, access=Accounts) as bench,
    ):
        assert bench.ask("GET", "/readyz", headers=basic("ada"))[0] == 200


def test_a_store_that_can_not_be_written_makes_it_unready(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flowplan.server.store_directory.write_file", full)
    status, body = bench.ask("GET", "/readyz")
    assert (status, body["cluster"]) == (503, "ok")
    assert "No space left on device" in body["store"]


def test_it_is_looked_up_once_a_second(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(readiness.time, "monotonic", lambda: now[0])
    looks = []
    monkeypatch.setattr(type(bench.service.kept.store), "probe", lambda _: looks.append(1))
    bench.service.readiness.look()
    bench.service.readiness.look()
    assert len(looks) == 1
    now[0] += 1.0
    bench.service.readiness.look()
    assert len(looks) == 2
