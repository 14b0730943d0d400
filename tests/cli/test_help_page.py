"""The help that was made beforehand, and the version: the same as the long way would write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate import help_of
from flowplan import __version__
from flowplan.cli.help_page import PAGES
from flowplan.cli.help_width import help_page


@pytest.mark.parametrize("width", [*range(60, 104), 200])
def test_the_help_is_clicks_at_every_width(flowplan, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    assert flowplan("--help").out == help_of((), str(width))


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_in_a_pipe_the_help_is_that_of_eighty_columns(flowplan, word):
    assert flowplan(word).out == help_of((), "80")


@pytest.mark.parametrize("columns", ["0", "-5", "wide", "1" * 6000, "²"])
def test_a_width_that_is_none_is_left_to_click(flowplan, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert help_page() is None
    assert "Commands:" in flowplan("--help").out


def test_the_width_of_a_terminal_counts(monkeypatch):
    monkeypatch.setattr(sys, "__stdout__", open(os.devnull))  # noqa: SIM115, PTH123
    for columns, page in ((200, PAGES[0][1]), (85, PAGES[-1][1]), (60, None), (0, PAGES[-1][1])):
        monkeypatch.setattr(
            os, "get_terminal_size", lambda _, it=columns: os.terminal_size((it, 24))
        )
        assert help_page() == page
    sys.__stdout__.close()


def test_flags_beside_it_are_parsed(flowplan):
    assert "error[FP603]" in flowplan("--help", "--hlep").err
    assert flowplan("--no-color", "--help").out == flowplan("--help").out


def test_the_version_may_be_followed_by_anything(flowplan):
    assert flowplan("--version", "--format", "json").out == f"flowplan {__version__}\n"


@pytest.mark.parametrize("word", ["--version", "--help"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told(process, word):
    with Path("/dev/full").open("w") as full:
        child = process(word, stdout=full)
        assert child.wait(30) == 1
    assert "FP609" in child.stderr.read()


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_a_closed_stdout_is_no_failure(word):
    line = f'"{sys.executable}" -m flowplan {word} >&-'
    done = subprocess.run(line, shell=True, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_a_reader_that_left_is_no_failure(word):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "flowplan", word],
        stdout=write, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
