"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """The chat workflow on a sandbox of its own."""
    return Lab(tmp_path)
