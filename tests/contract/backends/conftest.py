"""Every place that keeps states, each the real thing.

A place joins by a line in `PLACES`: what starts it gives a function from a name to a location.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from flowplan.state.backends import Backend, open_backend
from tests.live.node import call
from tests.live.postgres import start as postgres
from tests.live.s3 import start as s3
from tests.state.backends.document_service import document_service

NewLocation = Callable[[str], str]
VARIABLE = "FLOWPLAN_LEASE_SECONDS"


@contextmanager
def local(directory: Path) -> Iterator[NewLocation]:
    yield lambda name: f"{directory}/{name}.state.json"


@contextmanager
def stand_in() -> Iterator[NewLocation]:
    """What is like OpenSearch as far as documents go; the real one is for `-m live`."""
    with document_service() as service:
        yield lambda name: f"{service.url.replace('http', 'opensearch', 1)}/states?key={name}"


@contextmanager
def opensearch(url: str) -> Iterator[NewLocation]:
    index = f"flowplan-states-{secrets.token_hex(6)}"
    try:
        yield lambda name: f"{url.replace('http', 'opensearch', 1)}/{index}?key={name}"
    finally:
        with suppress(OSError):
            call(f"{url}/{index}", "DELETE")


PLACES: dict[str, Callable[[], AbstractContextManager[NewLocation]]] = {
    "postgres": postgres,
    "s3": s3,
    "stand-in": stand_in,
}
REMOTE = [*PLACES, pytest.param("opensearch", marks=pytest.mark.live)]
PARAMS = ["local", *REMOTE]


@pytest.fixture(scope="session")
def places(request: pytest.FixtureRequest) -> Iterator[Callable[[str], NewLocation]]:
    """Starts a place when the first test wants it, and ends all of them with the session."""
    started: dict[str, tuple[AbstractContextManager[NewLocation], NewLocation]] = {}

    def place(name: str) -> NewLocation:
        if name not in started:
            start = PLACES.get(name, lambda: opensearch(request.getfixturevalue("node")))
            context = start()
            started[name] = context, context.__enter__()
        return started[name][1]

    yield place
    for context, _ in started.values():
        context.__exit__(None, None, None)


@pytest.fixture(params=PARAMS)
def location(
    request: pytest.FixtureRequest, tmp_path: Path, places: Callable[[str], NewLocation]
) -> Iterator[str]:
    """Where nothing is kept yet."""
    name = f"t{secrets.token_hex(6)}"
    if request.param == "local":
        with local(tmp_path) as new_location:
            yield new_location(name)
        return
    yield places(request.param)(name)


@pytest.fixture
def backend(location: str) -> Backend:
    """Nobody holds its lock."""
    return open_backend(location)


@pytest.fixture
def held(backend: Backend) -> Iterator[Backend]:
    """The same, with its lock held."""
    with backend.lock("apply"):
        yield backend


@pytest.fixture
def hurried(location: str) -> Callable[[], Backend]:
    """Opens the place with a lease that is good for a second only."""
    return lambda: open_backend(location, {**os.environ, VARIABLE: "1"})
