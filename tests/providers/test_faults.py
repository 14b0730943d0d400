"""Every step against a sandbox that fails on purpose: no traceback, and no answer misread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flowplan.errors import AnswerLost, ProviderError
from flowplan.http import Connection, open_connection
from flowplan.providers.registry import Registry
from flowplan.providers.sandbox.adapter import BASE_URL, open_sandbox

CONNECTOR = {
    "name": "c",
    "version": "1",
    "protocol": "http",
    "credential": {"key": "not-a-real-key"},
    "actions": [{"action_type": "predict", "method": "POST", "url": "http://127.0.0.1:9999/x",
                 "request_body": "{}"}],
}  # fmt: skip


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[Any]:
    opened: list[Connection] = []

    def connect(options: str) -> Connection:
        adapter = open_sandbox(f"sandbox:?{options}", default_path=tmp_path / "s.db")
        opened.append(
            open_connection(
                BASE_URL, mounts={BASE_URL: lambda: adapter}, environ={}, sleep=lambda _: None
            )
        )
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.mark.parametrize("seed", range(6))
def test_a_create_under_faults_is_done_or_said_to_be_lost_or_refused(
    faulty: Any, seed: int
) -> None:
    connection = faulty(f"error_rate=0.2&lost_rate=0.2&reset_rate=0.2&seed={seed}")
    step = Registry().step("create_connector")
    made, lost = set(), 0
    for _ in range(10):
        try:
            outputs = step.create(connection.operation(), CONNECTOR, lambda **_: None, {})
            made.add(outputs.resource_id)
        except AnswerLost:
            lost += 1
        except ProviderError:
            continue
    calm = faulty("seed=0")
    wish = SimpleNamespace(expected=step.expect(CONNECTOR), notes={})
    there = {item.resource_id for item in step.find(calm.operation(), wish)}
    assert made <= there
    assert len(there) <= len(made) + lost
    assert lost


@pytest.mark.parametrize("seed", range(4))
def test_reads_and_deletes_come_through_faults(faulty: Any, seed: int) -> None:
    step = Registry().step("create_connector")
    made = step.create(faulty("seed=0").operation(), CONNECTOR, lambda **_: None, {})
    connection = faulty(f"error_rate=0.1&lost_rate=0.1&reset_rate=0.1&seed={seed}")
    record = SimpleNamespace(resource_id=made.resource_id, owned=(), inputs={}, outputs={})
    for attempt in range(10):
        try:
            step.delete(connection.operation(), record)
            break
        except ProviderError:
            assert attempt < 9
    found = step.fetch(faulty("seed=0").operation(), [str(made.resource_id)])
    assert found[str(made.resource_id)] is None
