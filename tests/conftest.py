"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import Lab


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Live tests fetch and start a real OpenSearch: they run only where `-m` names them."""
    live = [item for item in items if item.get_closest_marker("live")]
    if "live" not in config.getoption("markexpr"):
        items[:] = [item for item in items if item not in set(live)]
        config.hook.pytest_deselected(items=live)
    for item in live:
        item.add_marker(pytest.mark.timeout(2400))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """The chat workflow on a sandbox of its own."""
    return Lab(tmp_path)


@pytest.fixture(scope="session")
def node() -> Iterator[str]:
    """The URL of a real OpenSearch: the one FLOWPLAN_TEST_ENDPOINT names, else one started here."""
    named = os.environ.get("FLOWPLAN_TEST_ENDPOINT")
    if named:
        yield named
        return
    from tests.live.node import running

    with running() as url:
        yield url
