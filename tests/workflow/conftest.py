"""What the tests of whole workflows share: runs that are cut off, and patience without waiting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from flowplan.planner.reconcile import settle
from tests.cutting import cutter
from tests.lab import Lab
from tests.workflow.hand_made import template_of


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Cut the run off at a request: before it leaves, or after it took effect."""
    return cutter(monkeypatch)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Absence is believed at once."""
    monkeypatch.setattr(settle, "SETTLED", 0.05)
    monkeypatch.setattr(settle, "APART", 0.01)


@pytest.fixture
def one(tmp_path: Path) -> Callable[[Mapping[str, Any]], Lab]:
    def make(node: Mapping[str, Any]) -> Lab:
        lab = Lab(tmp_path, template_of(node))
        lab.params = {}
        return lab

    return make
