"""Every example runs, and plans what it says it plans."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flowplan.__main__ import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DIRECTORIES = sorted(path.parent for path in EXAMPLES.glob("*/template.yaml"))


@pytest.fixture(params=DIRECTORIES, ids=lambda path: path.name)
def example(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of an example, in a directory of its own, with a key that is none."""
    copy: Path = tmp_path / request.param.name
    shutil.copytree(request.param, copy)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", "not-a-real-key")
    monkeypatch.setenv("FLOWPLAN_ENDPOINT", "sandbox:")
    return copy


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_its_plan_is_the_expected_one(
    example: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    expected = EXAMPLES / example.name / "expected-plan.txt"
    found = run(capsys, "plan")
    if os.environ.get("FLOWPLAN_REGEN"):
        expected.write_text(found)
    assert found == expected.read_text()


def test_its_yaml_and_json_forms_plan_byte_for_byte_the_same(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forms = [run(capsys, "plan", name, "--format", "json") for name in sorted(
        path.name for path in example.glob("template.*") if path.suffix != ".txt"
    )]  # fmt: skip
    assert len(forms) > 1
    assert len(set(forms)) == 1


def test_it_is_applied_planned_empty_and_destroyed(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "apply", "--auto-approve")
    assert json.loads(run(capsys, "status", "--format", "json"))["state"] == "COMPLETED"
    assert run(capsys, "plan").startswith("No changes.")
    run(capsys, "destroy", "--auto-approve", "--allow-delete", "all")
    assert json.loads(run(capsys, "status", "--format", "json"))["state"] == "NOT_STARTED"


def test_the_demo_shows_three_creates_three_ids_a_prediction_and_three_deletes(
    tmp_path: Path,
) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", str(EXAMPLES / "openai-chat" / "demo.sh")],
        env={"HOME": str(tmp_path), "PATH": path, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert told.count("✔ created") == 3
    assert told.count("✔ deleted") == 3
    assert "gpt-3.5-turbo: echo: What is flowplan?" in told
    assert list(tmp_path.iterdir()) == []
