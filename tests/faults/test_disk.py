"""A disk that is full or broken from any durable write on: it is said, and nothing is lost.

`FLOWPLAN_ALL_POINTS=1` tries every write.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.mix import replaced, small_mix
from tests.faults.trial import Case, prepared, tally
from tests.faults.warm import Warm, warm

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

STRIDE = 1 if os.environ.get("FLOWPLAN_ALL_POINTS") else 13
AT_ONCE = 8
TOLD = ("FP405", "FP414")
"""The state or the journal can't be written."""


@pytest.fixture(scope="module")
def commands() -> Iterator[Warm]:
    with warm() as server:
        yield server


def on_a_bad_disk(case: Case, point: int, number: int, tmp_path: Path) -> tuple[bool, str]:
    """Whether the disk failed the run, and what was wrong then or after one more run."""
    place = case.at(tmp_path / f"point-{point}")
    first = place.run(case.verb, limit=point, error=number)
    if first.code not in (0, 1, 3):
        return True, f"it ended with {first.code}: {first.text}"
    if first.code and not any(code in first.text for code in TOLD):
        return True, f"it does not say what failed: {first.text}"
    again = place.run(case.verb)
    wrong = f"the second run fails: {again.text}" if again.code else case.wrong(place)
    if not wrong:
        shutil.rmtree(place.directory)
    return bool(first.code), wrong


@pytest.mark.parametrize("name", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("verb", ["apply", "replace", "destroy"])
def test_a_disk_that_fails_loses_nothing(
    verb: str, name: str, commands: Warm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number: int = getattr(errno, name)
    template = small_mix()
    start = prepared(commands, tmp_path / "start")
    if verb != "apply":
        applied = Case("apply", start, "apply", template).undisturbed(tmp_path / "applied").end
        assert applied is not None
        start = applied
    after = replaced(template) if verb == "replace" else template
    command = "destroy" if verb == "destroy" else "apply"
    case = Case(verb, start, command, after).undisturbed(tmp_path / "undisturbed")
    total = case.at(tmp_path / "counting").run(command, limit=0, error=number).boundaries
    points = range(1, total + 1, STRIDE)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda point: on_a_bad_disk(case, point, number, tmp_path), points))
    with capsys.disabled():
        print(
            f"\n{verb} on a disk with {name}: failed at {sum(failed for failed, _ in found)} of "
            f"{total} writes, {tally(wrong for _, wrong in found)}"
        )
    told = [f"from write {p} on: {w}" for p, (_, w) in zip(points, found, strict=True) if w]
    assert not told, "\n".join(told[:5])
    assert any(failed for failed, _ in found)
