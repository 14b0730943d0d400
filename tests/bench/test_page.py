"""The page has the figures that were kept, and says where they stand."""

from __future__ import annotations

import json

import pytest

from bench.__main__ import LATEST
from bench.case import figure
from bench.page import BEGIN, END, PAGE, with_figures
from bench.report import document

MACHINE = {"repeat": 5, "cores": 2, "python": "3.11", "peer": None, "fsync_ms": 1.5}
KEPT = document({"c": [figure("plan", "s", [1.5])]}, {}, MACHINE)


def test_the_figures_replace_those_before_them_and_nothing_else() -> None:
    page = f"# Title\n{BEGIN}\nold\n{END}\nrest\n"
    once = with_figures(page, KEPT)
    assert "| plan | 1.50 s |" in once
    assert once.startswith(f"# Title\n{BEGIN}\n")
    assert once.endswith(f"{END}\nrest\n")
    assert "old" not in once
    assert with_figures(once, KEPT) == once


def test_what_was_left_out_is_said() -> None:
    kept = {**KEPT, "left_out": {"live": "there is no Java"}}
    assert "live was left out: there is no Java" in with_figures(f"{BEGIN}\n{END}\n", kept)


def test_what_failed_is_said() -> None:
    kept = {**KEPT, "failed": {"live": "DELETE answered 409"}}
    assert "live failed, and has no figures" in with_figures(f"{BEGIN}\n{END}\n", kept)


def test_a_page_without_a_place_for_them_is_refused() -> None:
    with pytest.raises(ValueError, match="where its figures stand"):
        with_figures("# Title\n", KEPT)


def test_the_page_shows_what_is_kept() -> None:
    page = PAGE.read_text("utf-8")
    assert BEGIN in page
    if LATEST.exists():
        assert with_figures(page, json.loads(LATEST.read_text("utf-8"))) == page
