"""What all tests share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import Lab

TESTS = Path(__file__).parent


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
def golden() -> Callable[[str, str], None]:
    """Compare a text with tests/golden/<name>, or, with FLOWPLAN_REGEN=1, write it there."""

    def compare(name: str, text: str) -> None:
        path = TESTS / "golden" / name
        if os.environ.get("FLOWPLAN_REGEN") == "1":
            path.write_text(text + "\n", encoding="utf-8")
        assert text + "\n" == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def schema() -> Callable[[str, object], None]:
    """Check a document against a published schema."""
    jsonschema = pytest.importorskip("jsonschema")

    def check(name: str, document: object) -> None:
        path = TESTS.parent / "docs" / "schema" / f"{name}.json"
        published = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.Draft7Validator.check_schema(published)
        plain = json.loads(json.dumps(document))
        jsonschema.Draft7Validator(published).validate(plain)

    return check


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
