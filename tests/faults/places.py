"""Where a state can be kept, each the real thing, for what must hold on every kind of place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.node import running
from tests.live.postgres import start as postgres
from tests.live.s3 import start as s3

__all__ = ["KINDS", "Location", "keeping"]

Location = Callable[[str], str]
"""What `--state` gets for the name of a state."""

KINDS = ["local", "postgres", "s3", pytest.param("opensearch", marks=pytest.mark.live)]


@contextmanager
def keeping(kind: str, directory: Path) -> Iterator[Location]:
    """A place of that kind; `directory` has the local ones."""
    if kind == "local":
        yield lambda name: str(directory / f"{name}.state.json")
    elif kind == "opensearch":
        with running() as url:
            index = f"{url.replace('http', 'opensearch', 1)}/flowplan-states"
            yield lambda name: f"{index}?key={name}"
    else:
        with (postgres if kind == "postgres" else s3)() as location:
            yield location
