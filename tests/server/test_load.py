"""Many clients, one `kill -9`: nothing is lost, nothing made twice, no answer of 500 and above."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.postgres import start
from tests.server.load import run


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_many_clients_and_a_kill_lose_nothing(tmp_path: Path) -> None:
    load = run(tmp_path, 15.0, clients=16, workflows=60)
    assert load.statuses[200] > 100
    assert load.failed == []


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_many_clients_and_a_kill_lose_nothing_on_postgresql(tmp_path: Path) -> None:
    with start() as url:
        load = run(tmp_path, 15.0, "--store", url("load"), clients=16, workflows=40)
    assert load.statuses[200] > 100
    assert load.failed == []
