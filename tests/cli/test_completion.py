"""Shell completion: the scripts, and what they ask for."""

from __future__ import annotations

import shutil
import subprocess

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_every_shell(flowplan, shell):
    result = flowplan("completion", shell)
    assert result.code == 0
    assert "_FLOWPLAN_COMPLETE" in result.out
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=result.out, text=True, check=True)


def test_an_unknown_shell_is_refused(flowplan):
    assert flowplan("completion", "tcsh").code == 64


def completions(flowplan, monkeypatch, words: str) -> list[str]:
    monkeypatch.setenv("_FLOWPLAN_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    out = flowplan().out
    monkeypatch.delenv("_FLOWPLAN_COMPLETE")
    return [line.partition(",")[2] for line in out.splitlines() if line]


def test_verbs_are_completed(flowplan, monkeypatch):
    assert completions(flowplan, monkeypatch, "flowplan st") == ["status", "steps", "state"]


def test_nodes_are_completed_from_the_state(flowplan, monkeypatch, applied):
    assert completions(flowplan, monkeypatch, "flowplan state show de") == ["deploy_model_3"]


def test_outputs_are_completed_from_the_state(flowplan, monkeypatch, applied):
    assert completions(flowplan, monkeypatch, "flowplan output ") == ["model_id"]


def test_without_a_state_nothing_is_completed(flowplan, monkeypatch, tmp_path):
    assert completions(flowplan, monkeypatch, "flowplan state show ") == []


@pytest.mark.parametrize("words", ["state mv de", "state rm create_connector_1 de"])
def test_nodes_are_completed_where_they_are_edited(flowplan, monkeypatch, applied, words):
    assert completions(flowplan, monkeypatch, f"flowplan {words}") == ["deploy_model_3"]
