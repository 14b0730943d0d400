"""Figures: when a limit is kept, how the table shows it, and what counts as a fall."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench.case import Figure, figure
from bench.compare import falls
from bench.report import document, number, table


def kept(*figures: Figure, quick: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(document({"c": figures}, {}, {"quick": quick})))
    return found


def seconds(own: float, peer: float | None = 10.0, limit: float | None = 0.5) -> Figure:
    other = [] if peer is None else [peer]
    return figure("plan", "s", [own], other, against="Terraform", limit=limit)


@pytest.mark.parametrize(("own", "ok"), [(4.9, True), (5.0, True), (5.1, False)])
def test_a_limit_bounds_the_ratio_to_the_peer(own: float, ok: bool) -> None:
    assert seconds(own).ok is ok


def test_without_its_peer_a_limit_says_nothing() -> None:
    assert seconds(9.0, peer=None).ok is None


@pytest.mark.parametrize(("own", "ok"), [(4.0, True), (6.0, False)])
def test_a_limit_without_any_peer_bounds_the_figure_itself(own: float, ok: bool) -> None:
    assert figure("requests a triple", "requests", [own], limit=4.0).ok is ok


def test_the_median_decides() -> None:
    assert seconds(1.0).own.median == 1.0
    assert figure("x", "s", [1.0, 9.0, 2.0]).own.median == 2.0


def test_the_table_shows_peer_ratio_limit_and_what_was_missed() -> None:
    made = table(kept(seconds(6.0), figure("state", "KiB", [1234.0, 1300.0, 1250.0]))["figures"])
    assert "| plan | 6 s |  | Terraform | 10 | 0.600 | ≤ 0.5 | **missed** |" in made
    assert "| state | 1,250 KiB | 1,234 – 1,300 |  |  |  |  |  |" in made


def test_a_peer_that_is_not_there_is_said_to_be_not_measured() -> None:
    assert "| Terraform | not measured |" in table(kept(seconds(6.0, peer=None))["figures"])


def test_a_quick_run_judges_no_limit() -> None:
    assert kept(seconds(9.0), quick=True)["figures"][0]["ok"] is None


@pytest.mark.parametrize(
    ("value", "shown"), [(12345.6, "12,346"), (7.0, "7"), (12.34, "12.3"), (1.234, "1.23"), (0.0123, "0.012")]
)  # fmt: skip
def test_numbers_have_three_figures_that_count(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(("now", "fell"), [(1.14, False), (1.16, True), (0.5, False)])
def test_more_than_15_percent_worse_is_a_fall(now: float, fell: bool) -> None:
    found = falls(kept(seconds(now)), kept(seconds(1.0)))
    assert [it.name for it in found] == (["plan"] if fell else [])


def test_a_slower_machine_is_no_fall_where_the_peer_is_slower_too() -> None:
    assert not falls(kept(seconds(2.0, peer=20.0)), kept(seconds(1.0, peer=10.0)))


def test_without_a_peer_the_figures_themselves_are_compared() -> None:
    before, now = (kept(figure("state", "KiB", [value])) for value in (100.0, 120.0))
    assert [str(it) for it in falls(now, before)] == ["state: KiB 100 → 120, 20% worse"]


def test_a_difference_of_milliseconds_is_no_fall() -> None:
    before, now = (kept(figure("start", "s", [value])) for value in (0.02, 0.025))
    assert not falls(now, before)


def test_figures_of_one_document_only_are_not_compared() -> None:
    assert not falls(kept(seconds(9.0)), kept(figure("other", "s", [1.0])))


def test_the_worst_fall_comes_first() -> None:
    before = kept(figure("a", "KiB", [10.0]), figure("b", "KiB", [10.0]))
    now = kept(figure("a", "KiB", [13.0]), figure("b", "KiB", [20.0]))
    assert [it.name for it in falls(now, before)] == ["b", "a"]
