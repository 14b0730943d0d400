"""The sandbox answers what a real node answers, request by request.

The same conversations are held with the sandbox in `tests/providers/sandbox`, against the answers
that were recorded here: `FLOWPLAN_RECORD=1` records them anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.live.talk import CONVERSATIONS, Real, Sandbox, conversations, differences

pytestmark = pytest.mark.live

# A deployment may end between two steps on one side and after them on the other: that passes. What
# the two really answer differently, they do each time.
TRIES = 3


@pytest.mark.parametrize("name", list(conversations()))
def test_both_answer_alike(name: str, node: str, tmp_path: Path) -> None:
    steps = conversations()[name]["steps"]
    for attempt in range(TRIES):
        theirs = Real(node).hold(steps)
        ours = Sandbox(tmp_path / f"sandbox-{attempt}.db").hold(steps)
        found = list(differences(theirs, ours))
        if not found:
            break
    if os.environ.get("FLOWPLAN_RECORD"):
        record(name, theirs)
    assert not found


def record(name: str, answers: list[Any]) -> None:
    found: dict[str, Mapping[str, Any]] = conversations()
    found[name] = {"steps": found[name]["steps"], "answers": answers}
    # A line each, so that a change shows which conversation it is in.
    lines = (f"{compact(key)}: {compact(item)}" for key, item in found.items())
    CONVERSATIONS.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
