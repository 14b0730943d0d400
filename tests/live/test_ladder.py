"""The five steps of `tests/ladder.py` on a real node."""

from __future__ import annotations

import pytest

from tests.lab import Lab
from tests.ladder import climb

pytestmark = pytest.mark.live


def test_each_step_does_exactly_what_was_planned(lab: Lab) -> None:
    try:
        climb(lab)
    finally:
        assert lab.destroy().left == ()
    assert lab.counts() == (0, 0, 0)
