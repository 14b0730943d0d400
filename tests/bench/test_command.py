"""`python -m bench`: selecting, refusing, and a run from a template to a table."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import __main__ as command
from bench.case import Case, Figure, Setting
from bench.cases import CASES, select
from bench.installed import install
from bench.measure import LeftOut
from flowplan import __version__


def test_the_cases_have_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_patterns_select_cases_and_none_selects_the_usual_ones() -> None:
    assert [case.name for case in select(["life-*"])] == ["life-triples-1000", "life-chain-500"]
    assert "grid-chain-100" not in {case.name for case in select([])}


def test_a_case_that_this_machine_can_not_measure_is_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(_: Setting) -> Iterator[Figure]:
        raise LeftOut("there is no Java")

    monkeypatch.setattr(command, "select", lambda _: [Case("live", "a node", measure)])
    report = tmp_path / "report.json"
    assert command.main(["--directory", str(tmp_path), "--json", str(report)]) == 0
    assert "live was left out: there is no Java" in capsys.readouterr().out
    assert json.loads(report.read_text())["left_out"] == {"live": "there is no Java"}


def test_a_pattern_that_fits_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--case", "nothing"]) == 64
    assert "--list" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--quick"], ["--case", "plan"]])
def test_only_a_whole_run_is_kept(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main([*words, "--keep"])
    assert "a whole run" in capsys.readouterr().err


def test_a_case_runs_from_template_to_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "found", lambda: None)  # a peer would take longer than the test
    report = tmp_path / "report.json"
    words = ["--quick", "--case", "life-chain-500", "--directory", str(tmp_path)]
    assert command.main([*words, "--json", str(report)]) == 0
    assert "| chain, 50 nodes: apply |" in capsys.readouterr().out
    kept = json.loads(report.read_text())
    assert {it["name"].split(": ")[1] for it in kept["figures"]} == {
        "plan", "apply", "no change", "one change", "destroy"
    }  # fmt: skip
    assert not kept["failed"]


def test_what_is_measured_is_installed_and_not_the_checkout(tmp_path: Path) -> None:
    program = install(tmp_path / "env")
    python = program.with_name("python")
    code = (
        "import flowplan, flowplan.planner.plan as it; print(flowplan.__file__); print(it.__file__)"
    )
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert all(line.startswith(str(tmp_path)) for line in done.stdout.splitlines())
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout == f"flowplan {__version__}\n"
