"""What a real node answered (3.6.0, recorded by `tests/live/test_agreement.py`), the sandbox answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.live.talk import Sandbox, conversations, differences


@pytest.mark.parametrize("item", [pytest.param(v, id=k) for k, v in conversations().items()])
def test_the_sandbox_answers_as_the_node_did(item: Any, tmp_path: Path) -> None:
    answers = Sandbox(tmp_path / "sandbox.db").hold(item["steps"])
    assert not list(differences(item["answers"], answers))
