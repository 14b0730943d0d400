"""SIGKILL at every boundary of durable work: one more run of the same command mends everything.

The boundaries are counted, not timed, so a point is the same on every machine. By default every
STRIDE-th point is tried; `FLOWPLAN_ALL_POINTS=1` tries them all (`make test-faults`).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from flowplan.__main__ import main
from tests.lab import CHAT, KEY, Lab

STRIDE = 1 if os.environ.get("FLOWPLAN_ALL_POINTS") else 23
ENDPOINT = "sandbox:?deploy=5ms"
HARNESS = Path(__file__).with_name("kill_at.py")
ROOT = Path(__file__).resolve().parents[2]


def write(directory: Path, model: str) -> None:
    template = json.loads(json.dumps(CHAT))
    template["workflows"]["provision"]["nodes"][0]["user_inputs"]["parameters"]["model"] = model
    (directory / "template.json").write_text(json.dumps(template))


def words(verb: str, directory: Path) -> list[str]:
    return [
        verb, str(directory / "template.json"), "--auto-approve", "-q", "--endpoint", ENDPOINT,
    ]  # fmt: skip


def killed_at(point: int, command: Sequence[str], directory: Path) -> int | None:
    """Run until that boundary; None when the command was killed, else how many there were."""
    count = directory / "count"
    done = subprocess.run(
        [sys.executable, str(HARNESS), str(point), str(count), "--", *command],
        env={**os.environ, "FLOWPLAN_PARAM_openai_key": KEY, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    if done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode == 0, done.stderr.decode()
    return int(count.read_text())


def finish(command: Sequence[str], directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(command)
    assert code == 0, capsys.readouterr()
    capsys.readouterr()


def counts(directory: Path) -> tuple[int, int, int]:
    """Connectors, models and groups on the sandbox that the command line used."""
    return Lab(directory / ".flowplan").counts()


def start(tmp_path: Path, verb: str, point: int) -> Path:
    directory = tmp_path / f"{verb}-{point}"
    directory.mkdir()
    prepared = tmp_path / "prepared"
    if verb != "apply":
        shutil.copytree(prepared, directory, dirs_exist_ok=True)
    write(directory, "gpt-4o" if verb == "replace" else "gpt-3.5-turbo")
    return directory


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("verb", ["apply", "replace", "destroy"])
def test_one_more_run_mends_a_kill_at_any_point(
    verb: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", KEY)
    prepared = tmp_path / "prepared"
    prepared.mkdir()
    write(prepared, "gpt-3.5-turbo")
    if verb != "apply":
        finish(words("apply", prepared), prepared, capsys)
    command = "destroy" if verb == "destroy" else "apply"
    wanted = (0, 0, 0) if verb == "destroy" else (1, 1, 1)
    point, total = 1, None
    tried = 0
    while total is None:
        directory = start(tmp_path, verb, point)
        total = killed_at(point, words(command, directory), directory)
        tried += total is None
        finish(words(command, directory), directory, capsys)
        assert counts(directory) == wanted, f"killed at point {point} of {verb}"
        finish(words("destroy", directory), directory, capsys)
        assert counts(directory) == (0, 0, 0), f"killed at point {point} of {verb}"
        shutil.rmtree(directory)
        point += STRIDE
    with capsys.disabled():
        print(f"\n{verb}: killed at {tried} of {total} points, 0 orphans, 0 duplicates")
    assert total > 100 or verb == "destroy"
