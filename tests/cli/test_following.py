"""Where a worker's log is, and what of it is a message."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flowplan.cli.following import NotStarted, Worker, draft_beside, log_path


def test_the_log_of_a_local_state_is_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert log_path("t.state.json", Path("elsewhere")) == tmp_path / "t.state.json.log"


def test_the_log_of_a_linked_state_is_beside_the_real_one(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "s.json").touch()
    (tmp_path / "s.json").symlink_to(tmp_path / "real" / "s.json")
    assert log_path(str(tmp_path / "s.json"), tmp_path) == tmp_path / "real" / "s.json.log"


def test_each_remote_state_has_a_log_of_its_own(tmp_path):
    one, two = log_path("s3://b/one", tmp_path), log_path("s3://b/two", tmp_path)
    assert one.parent == tmp_path
    assert one != two
    assert one == log_path("s3://b/one", tmp_path)


def test_a_draft_is_new_each_time_and_for_its_owner(tmp_path):
    log = tmp_path / "made" / "s.log"
    drafts = {draft_beside(log), draft_beside(log)}
    assert len(drafts) == 2
    assert {stat.S_IMODE(draft.stat().st_mode) for draft in drafts} == {0o600}


def test_a_log_that_can_not_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotStarted) as caught:
        draft_beside(tmp_path / "file" / "s.log")
    assert caught.value.exit_code == 1
    assert caught.value.diagnostics[0].code == "FP642"


@pytest.fixture
def speaking(tmp_path):
    """A process in the place of a worker, which writes to the log what it is told."""
    made = []

    def call(text: bytes, code: int = 0) -> Worker:
        draft = tmp_path / "draft"
        draft.touch()
        script = f"import os, sys; os.write(1, {text!r}); sys.exit({code})"
        with draft.open("ab") as log:
            process = subprocess.Popen([sys.executable, "-c", script], stdout=log)
        made.append(Worker(process, draft, os.open(draft, os.O_RDONLY)))
        return made[-1]

    yield call
    for worker in made:
        worker.process.wait()
        worker.leave()
        assert not worker.draft.exists()


def test_what_is_no_message_is_passed_over(speaking):
    text = b'{"kind": "said", "text": "a"}\nTraceback of a library\n[1]\n{"x": 1}\n'
    found = [item for item in speaking(text + b'{"kind": "done"}\n').messages() if item]
    assert [item["kind"] for item in found] == ["said", "done"]


def test_a_line_that_was_cut_off_is_no_message(speaking):
    found = [item for item in speaking(b'{"kind": "said"}\n{"kind": "do').messages() if item]
    assert [item["kind"] for item in found] == ["said"]


@pytest.mark.parametrize(("changed", "code"), [(True, 3), (False, 1)])
def test_an_end_without_a_last_word_is_an_error(speaking, changed, code):
    worker = speaking(b"", 7)
    assert list(filter(None, worker.messages())) == []
    error = worker.ended_early(changed=changed)
    assert error.exit_code == code
    assert "with exit code 7" in error.diagnostics[0].summary
