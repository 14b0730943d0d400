"""Where a state can be kept, for tests that need it to hold on every kind of place.

`FLOWPLAN_TEST_STATES` adds places: state URLs with spaces between them, `{name}` standing for what
tells one state from another (`postgres://localhost/flowplan?name={name}`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["STATES", "Location"]

Location = Callable[[Path, str], str]
"""What `--state` gets, for a directory and the name of a state."""


def _local(directory: Path, name: str) -> str:
    return str(directory / f"{name}.state.json")


def _remote(url: str) -> Location:
    return lambda _directory, name: url.replace("{name}", name)


STATES: dict[str, Location] = {
    "local": _local,
    **{
        urlsplit(url).scheme: _remote(url)
        for url in os.environ.get("FLOWPLAN_TEST_STATES", "").split()
    },
}
