"""The picture of a run: what a terminal shows in the end, drawn in any viewer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from flowplan.render.picture import last_screen, picture
from tests.acceptance.chat import ROOT


@pytest.mark.parametrize(
    ("recorded", "screen"),
    [
        ("a\nb\n", "a\nb\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("doing\r\x1b[2Kdone\n", "done\n"),
        ("one\ntwo\r\x1b[2K\x1b[1A\x1b[2Kuno\ndos\n", "uno\ndos\n"),
        ("\x1b[?25lx\x1b[?25h\n", "x\n"),
        ("\x1b[32mgreen\x1b[0m\n", "\x1b[32mgreen\x1b[0m\n"),
        ("up\x1b[9A\x1b[2Ktop\n", "top\n"),
        ("", "\n"),
    ],
)
def test_redrawn_lines_stand_there_once(recorded, screen):
    assert last_screen(recorded) == screen


def test_indentation_is_a_place_and_not_blanks():
    drawn = picture("  two\n    four\n")
    texts = {node.text: float(node.get("x", "0")) for node in ET.fromstring(drawn).iter() if node.text and node.tag.endswith("text")}  # fmt: skip
    assert texts["two"] == pytest.approx(2 * 12.2)
    assert texts["four"] == pytest.approx(4 * 12.2)


@pytest.mark.skipif(shutil.which("sh") is None, reason="no sh")
def test_the_committed_picture_shows_the_main_job():
    drawn = (ROOT / "docs" / "run.svg").read_text()
    text = re.sub(r"<[^>]*>", "", drawn).replace("&#160;", " ")
    for word in ("flowplan apply", "3 to create", "Applied:", "1 to update, 1 to replace", "(sensitive)"):  # fmt: skip
        assert word in text
    assert "not-a-real-key" not in text


def test_the_script_that_draws_it_draws_it(tmp_path):
    copy = tmp_path / "docs"
    copy.mkdir()
    shutil.copy(ROOT / "docs" / "picture.sh", copy)
    shutil.copytree(ROOT / "examples" / "openai-chat", tmp_path / "examples" / "openai-chat")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name, called in (("flowplan", "-m flowplan"), ("python", "")):
        (bin_ / name).write_text(f"#!/bin/sh\nexec '{sys.executable}' {called} \"$@\"\n")
        (bin_ / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", str(copy / "picture.sh")], env=env, capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Applied:" in Path(copy / "run.svg").read_text()
